import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { Link, type LinkProps } from '@tanstack/react-router';

const useStyles = makeStyles({
  parts: { display: 'flex', flexWrap: 'wrap', gap: '4px' },
  part: {
    padding: '5px 12px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    border: `1px solid ${tokens.colorTransparentStroke}`,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chosen: {
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorBrandForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    boxShadow: `inset 0 -2px 0 ${tokens.colorCompoundBrandStroke}`,
  },
});

export interface Part {
  /** The address of the part's page. */
  to: NonNullable<LinkProps['to']>;
  name: string;
  chosen: boolean;
}

/** The parts of a page that has several, each with an address of its own. */
export function Parts({ label, parts }: { label: string; parts: readonly Part[] }) {
  const styles = useStyles();
  return (
    <nav className={styles.parts} aria-label={label}>
      {parts.map(({ to, name, chosen }) => (
        <Link key={to} to={to} className={mergeClasses(styles.part, chosen && styles.chosen)} aria-current={chosen ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
