import { makeStyles, tokens } from '@fluentui/react-components';
import { useI18n } from '@/shared/i18n';
import type { TrunkStatus } from './api';
import { teamsMeaning } from './teamsCodes';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  title: { margin: '14px 0 4px', fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold },
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed', [NARROW]: { display: 'block' } },
  thead: { [NARROW]: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' } },
  block: { [NARROW]: { display: 'block' } },
  head: { textAlign: 'start', padding: '4px 12px 4px 0', fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground2 },
  row: { verticalAlign: 'top', borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  cell: { textAlign: 'start', padding: '8px 12px 8px 0', overflowWrap: 'anywhere', [NARROW]: { display: 'block', padding: '2px 0' } },
  code: { width: '18%', fontVariantNumeric: 'tabular-nums' },
  times: { width: '26%' },
});

/** How Teams refused calls: each pair of codes with what it means and what to do. */
export function Refusals({ answers }: { answers: TrunkStatus['answers'] }) {
  const { t, length } = useI18n();
  const styles = useStyles();
  return (
    <>
      <h3 className={styles.title}>{t('system.refusals')}</h3>
      <table className={styles.table} aria-label={t('system.refusals')}>
        <thead className={styles.thead}>
          <tr>
            <th scope="col" className={`${styles.head} ${styles.code}`}>
              {t('system.refusal-code')}
            </th>
            <th scope="col" className={`${styles.head} ${styles.times}`}>
              {t('system.refusal-times')}
            </th>
            <th scope="col" className={styles.head}>
              {t('system.what-to-do')}
            </th>
          </tr>
        </thead>
        <tbody className={styles.block}>
          {answers.map((told) => {
            const meaning = teamsMeaning(told.code, told.sub_code);
            return (
              <tr key={`${told.code}-${told.sub_code ?? ''}`} className={`${styles.row} ${styles.block}`}>
                <th scope="row" className={styles.cell}>
                  {[told.code, told.sub_code].filter((n) => n != null).join(' / ')}
                </th>
                <td className={styles.cell}>{t('system.refused', { count: told.times, time: length(told.seconds_ago * 1_000) })}</td>
                <td className={styles.cell}>
                  {meaning ? t(meaning) : <span lang="en">{told.todo ? `${told.what}: ${told.todo}` : told.what}</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
