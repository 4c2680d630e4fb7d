// The ways to the telephone network: what is healthy, what is not, since when, and what to do.

import { Badge, makeStyles, tokens } from '@fluentui/react-components';
import { CheckmarkCircle16Filled, ErrorCircle16Filled } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { trunksQuery, type FarEndStatus, type TrunkStatus } from './api';
import { Certificates } from './Certificates';
import { askedBy, healthOf, meaningOf, meaningOfCode } from './health';
import { Refusals } from './Refusals';
import { SystemPage } from './SystemPage';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed', [NARROW]: { display: 'block' } },
  thead: { [NARROW]: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' } },
  block: { [NARROW]: { display: 'block' } },
  head: { textAlign: 'start', padding: '4px 12px 4px 0', fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground2 },
  row: { verticalAlign: 'top', borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  cell: { padding: '8px 12px 8px 0', overflowWrap: 'anywhere', [NARROW]: { display: 'block', padding: '2px 0' } },
  host: { width: '28%' },
  stands: { width: '22%' },
  history: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200, '& summary': { cursor: 'pointer' } },
  changes: { margin: 0, paddingInlineStart: '16px' },
  line: { display: 'flex', alignItems: 'center', gap: '6px' },
  good: { color: tokens.colorStatusSuccessForeground3, flexShrink: 0 },
  bad: { color: tokens.colorStatusDangerForeground3, flexShrink: 0 },
  about: { display: 'flex', flexDirection: 'column', gap: '8px', marginBottom: '8px' },
});

const COLOURS = { healthy: 'success', partly: 'warning', down: 'danger', incoming: 'informative' } as const;

export function TrunksPage() {
  const { t } = useI18n();
  const found = useQuery(trunksQuery);
  return (
    <SystemPage part="trunks">
      {found.isPending && <Loading />}
      {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
      {found.data?.length === 0 && <Empty>{t('system.trunks-none')}</Empty>}
      {found.data?.map((trunk) => (
        <TrunkSection key={trunk.trunk} trunk={trunk} />
      ))}
      <Certificates />
    </SystemPage>
  );
}

function TrunkSection({ trunk }: { trunk: TrunkStatus }) {
  const { t } = useI18n();
  const styles = useStyles();
  const health = healthOf(trunk);
  const refused = trunk.registration_refused;
  return (
    <Section
      title={<Bdi>{trunk.trunk}</Bdi>}
      actions={
        <Badge appearance="tint" color={COLOURS[health]}>
          {t(`system.trunk-${health}`)}
        </Badge>
      }
    >
      <div className={styles.about}>
        {trunk.registered === true && <span>{t('system.registered')}</span>}
        {trunk.registered === false && (
          <Note intent="warning">
            {t('system.unregistered')}
            {refused != null && ` ${t('system.registration-refused', { code: String(refused) })} ${t(meaningOfCode(refused), { code: String(refused) })}`}
          </Note>
        )}
        <Asked trunk={trunk} />
        {(health !== 'incoming' || trunk.calls > 0) && <span>{t('system.trunk-calls', { count: trunk.calls })}</span>}
      </div>
      {trunk.far_ends.length > 0 && (
        <table className={styles.table} aria-label={trunk.trunk}>
          <thead className={styles.thead}>
            <tr>
              <th scope="col" className={`${styles.head} ${styles.host}`}>
                {t('system.far-end')}
              </th>
              <th scope="col" className={`${styles.head} ${styles.stands}`}>
                {t('system.stands')}
              </th>
              <th scope="col" className={styles.head}>
                {t('system.what-to-do')}
              </th>
            </tr>
          </thead>
          <tbody className={styles.block}>
            {trunk.far_ends.map((end) => (
              <FarEnd key={end.host} end={end} />
            ))}
          </tbody>
        </table>
      )}
      {trunk.answers.length > 0 && <Refusals answers={trunk.answers} />}
    </Section>
  );
}

/** When Teams asked us last whether we are there. */
function Asked({ trunk }: { trunk: TrunkStatus }) {
  const { t, length } = useI18n();
  const asked = askedBy(trunk);
  if (!asked) return null;
  const said = t(`system.teams-${asked}`, { time: length((trunk.asked_us_seconds_ago ?? 0) * 1_000) });
  if (asked === 'asked') return <span>{said}</span>;
  return (
    <Note intent="warning">
      {said} {t('system.do-teams-ask')}
    </Note>
  );
}

function FarEnd({ end }: { end: FarEndStatus }) {
  const { t, length } = useI18n();
  const styles = useStyles();
  return (
    <tr className={`${styles.row} ${styles.block}`}>
      <th scope="row" className={styles.cell} style={{ textAlign: 'start' }}>
        <Bdi>{end.host}</Bdi>
      </th>
      <td className={styles.cell}>
        <span className={styles.line}>
          {end.up && !end.refuses ? <CheckmarkCircle16Filled className={styles.good} /> : <ErrorCircle16Filled className={styles.bad} />}
          {t(end.up ? (end.refuses ? 'system.refuses-for' : 'system.up-for') : 'system.down-for', { time: length(end.for_seconds * 1_000) })}
        </span>
        {end.history.length > 1 && <History end={end} />}
      </td>
      <td className={styles.cell}>
        {t(meaningOf(end), { code: String(end.said ?? '') })}
        {end.why && !end.up && <div lang="en">{end.why}</div>}
      </td>
    </tr>
  );
}

/** When a far end came up and went down before, the newest first. */
function History({ end }: { end: FarEndStatus }) {
  const { t, length } = useI18n();
  const styles = useStyles();
  return (
    <details className={styles.history}>
      <summary>{t('system.history', { count: end.history.length })}</summary>
      <ol className={styles.changes}>
        {end.history.map((change, at) => {
          const time = length(change.seconds_ago * 1_000);
          const code = change.said == null ? '' : ` (${change.said})`;
          return (
            <li key={at}>
              {t(change.up ? 'system.came-up' : 'system.went-down', { time })}
              {code}
            </li>
          );
        })}
      </ol>
    </details>
  );
}
