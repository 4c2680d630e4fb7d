import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

// What a folder may not import: app -> features -> shared, and features do not know each other.
const forbid = (...patterns) => ({
  'no-restricted-imports': ['error', { patterns }],
});
const FEATURES = ['desk', 'floor', 'calls', 'people', 'proof', 'reports', 'settings', 'system'];
const noApp = { regex: '^(@/app|(\\.\\./)+app)(/|$)', message: 'Only the app knows the app: app -> features -> shared.' };

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/shared/api/schema.d.ts', 'browser/out'] },
  {
    files: ['src/**/*.{ts,tsx}', 'build/**/*.ts', '*.ts'],
    extends: [...ts.configs.strict],
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Foreign text is shown as text, never as HTML.',
        },
      ],
    },
  },
  {
    files: ['src/shared/**/*.{ts,tsx}'],
    rules: forbid(noApp, {
      regex: '^(@/features|(\\.\\./)+features)(/|$)',
      message: 'Shared parts know no feature: app -> features -> shared.',
    }),
  },
  ...FEATURES.map((feature) => {
    const others = FEATURES.filter((f) => f !== feature).join('|');
    return {
      files: [`src/features/${feature}/**/*.{ts,tsx}`],
      rules: forbid(noApp, {
        regex: `^(@/features/|(\\.\\./)+(features/)?)(${others})(/|$)`,
        message: 'Features do not know each other: what two of them need belongs to shared.',
      }),
    };
  }),
);
