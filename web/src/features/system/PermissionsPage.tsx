// What Microsoft is asked for: feature by feature, why, and what becomes of it.

import { Badge, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useI18n, type I18n, type MessageKey } from '@/shared/i18n';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { permissionsQuery, useConnection, type Permission } from './api';
import { byFeature, isGranted, surplusOf } from './permissions';
import { SystemPage } from './SystemPage';

const NARROW = '@media (max-width: 899px)';

const useStyles = makeStyles({
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed', [NARROW]: { display: 'block' } },
  // On a narrow page each line stands as a card, its heads are named beside the values.
  thead: { [NARROW]: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' } },
  block: { [NARROW]: { display: 'block' } },
  head: { textAlign: 'start', padding: '4px 12px 4px 0', fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground2 },
  row: { verticalAlign: 'top', borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  cell: { padding: '8px 12px 8px 0', overflowWrap: 'anywhere', [NARROW]: { display: 'block', padding: '2px 0' } },
  name: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightSemibold, display: 'block' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200, display: 'block' },
  fields: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, display: 'block' },
});

const FEATURES = [
  'sign-in', 'directory-sync', 'presence-read', 'presence-write', 'licences', 'tab', 'members-team', 'members-channel', 'members-chat', 'bot', 'bot-numbers', 'rsc', 'calling',
] as const;

function featureName(feature: string, { t }: I18n): string {
  const known = FEATURES.find((f) => f === feature);
  return known ? t(`system.feature-${known}`) : feature;
}

const TYPES: Readonly<Record<string, MessageKey>> = {
  delegated: 'system.type-delegated',
  application: 'system.type-application',
  rsc: 'system.type-rsc',
};

export function PermissionsPage() {
  const i18n = useI18n();
  const { t } = i18n;
  const styles = useStyles();
  const found = useQuery(permissionsQuery);
  const connection = useConnection();
  const surplus = surplusOf(connection);
  const features = useMemo(() => byFeature(found.data ?? []), [found.data]);
  return (
    <SystemPage part="permissions">
      {found.isPending && <Loading />}
      {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
      {surplus.length > 0 && (
        <Note intent="warning">
          <strong>{t('system.surplus')}</strong>: {surplus.join(', ')}. {t('system.surplus-say')}
        </Note>
      )}
      {found.data?.length === 0 && <Empty>{t('system.permissions-none')}</Empty>}
      {features.map(([feature, rows]) => (
        <Section key={feature} title={featureName(feature, i18n)}>
          <table className={styles.table} aria-label={featureName(feature, i18n)}>
            <thead className={styles.thead}>
              <tr>
                {(['permission', 'whose', 'why', 'read-and-kept'] as const).map((head) => (
                  <th key={head} scope="col" className={styles.head}>
                    {t(`system.head-${head}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody className={styles.block}>
              {rows.map((row) => (
                <Row key={`${row.registration}/${row.permission ?? ''}`} row={row} granted={isGranted(row, connection)} />
              ))}
            </tbody>
          </table>
        </Section>
      ))}
    </SystemPage>
  );
}

function Row({ row, granted }: { row: Permission; granted: boolean | null }) {
  const { t } = useI18n();
  const styles = useStyles();
  const type = TYPES[row.type];
  return (
    <tr className={`${styles.row} ${styles.block}`}>
      <td className={styles.cell}>
        <span className={styles.name}>{row.permission ?? t('system.none-needed')}</span>
        {granted === true && !row.stopped && <Badge appearance="tint" color="success">{t('system.granted')}</Badge>}
        {granted === false && !row.stopped && <Badge appearance="tint" color="warning">{t('system.not-granted')}</Badge>}
        {row.stopped && <Badge appearance="tint" color="danger">{t('system.missing')}</Badge>}
        {/* The server's own sentence: it names the permission and says what to do. */}
        {row.stopped && <span className={styles.quiet} lang="en">{row.stopped}</span>}
      </td>
      <td className={styles.cell}>
        {row.permission ? (type ? t(type) : row.type) : null}
        <span className={styles.quiet}>{t('system.registration', { name: row.registration })}</span>
      </td>
      {/* The server's own sentence and Microsoft's names: English whatever the page speaks. */}
      <td className={styles.cell} lang="en">
        {row.reason}
        <span className={styles.quiet}>{row.operations.join(', ')}</span>
      </td>
      <td className={styles.cell}>
        <Fields row={row} />
      </td>
    </tr>
  );
}

function Fields({ row }: { row: Permission }) {
  const { t } = useI18n();
  const styles = useStyles();
  if (row.fields.length === 0) return <span className={styles.quiet}>{t('system.nothing-read')}</span>;
  const passing = row.fields.filter((f) => !row.stored.includes(f));
  return (
    <>
      {row.stored.length > 0 && (
        <>
          <span className={styles.fields}>{row.stored.join(', ')}</span>
          <span className={styles.quiet}>{t('system.stored')}</span>
        </>
      )}
      {passing.length > 0 && (
        <>
          <span className={styles.fields}>{passing.join(', ')}</span>
          <span className={styles.quiet}>{t('system.forgotten')}</span>
        </>
      )}
    </>
  );
}
