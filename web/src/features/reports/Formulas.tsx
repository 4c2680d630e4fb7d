import { makeStyles, tokens } from '@fluentui/react-components';
import { useI18n } from '@/shared/i18n';
import { formula } from './series';

const useStyles = makeStyles({
  box: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase300 },
  summary: { cursor: 'pointer', width: 'fit-content', ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  list: { display: 'grid', gridTemplateColumns: 'auto minmax(0, 1fr)', gap: '2px 16px', marginTop: '8px' },
  formula: { fontFamily: tokens.fontFamilyMonospace },
});

/** How figures are worked out, in the server's own words. */
export function Formulas({ all, of }: { all: Readonly<Record<string, string>>; of: readonly { name: string; key: string }[] }) {
  const { t } = useI18n();
  const styles = useStyles();
  return (
    <details className={styles.box} open>
      <summary className={styles.summary}>{t('reports.formulas')}</summary>
      <dl className={styles.list}>
        {of
          .filter(({ key }) => all[key])
          .map(({ name, key }) => (
            <div key={key} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd className={styles.formula} lang="en">
                {formula(all[key])}
              </dd>
            </div>
          ))}
      </dl>
    </details>
  );
}
