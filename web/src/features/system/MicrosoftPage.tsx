// How this tenant is connected to Microsoft, step by step: what is done, what is to do, and what went wrong.

import { Badge, Button, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { directoryQuery } from '@/shared/api/directory';
import { useI18n } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { AGAIN, permissionsQuery, useConnection, waysQuery } from './api';
import { countPermissions } from './permissions';
import { SystemPage } from './SystemPage';

const useStyles = makeStyles({
  steps: { display: 'flex', flexDirection: 'column', gap: '12px', margin: 0, padding: 0, listStyleType: 'none', maxWidth: '900px' },
  step: {
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    padding: '14px 16px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
  head: { display: 'flex', alignItems: 'center', flexWrap: 'wrap', gap: '8px' },
  title: { margin: 0, fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold, flexGrow: 1, minWidth: '160px' },
  link: { color: tokens.colorBrandForegroundLink, ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  act: { alignSelf: 'flex-start' },
});

type Stands = 'done' | 'open' | 'wrong';
const COLOURS = { done: 'success', open: 'informative', wrong: 'danger' } as const;

export function MicrosoftPage() {
  const styles = useStyles();
  const ways = useQuery(waysQuery);
  const directory = useQuery({ ...directoryQuery, refetchInterval: AGAIN });
  const failed = [ways, directory].find((q) => q.isError);
  return (
    <SystemPage part="microsoft">
      {failed && <Failed error={failed.error} retry={() => void failed.refetch()} />}
      {(ways.isPending || directory.isPending) && <Loading />}
      {ways.data && directory.data && (
        <ol className={styles.steps}>
          <NameStep signIn={ways.data.microsoft} />
          <AskedStep />
          <ConsentStep kept={directory.data.kept && !directory.data.trouble} />
          <DirectoryStep />
          <PresenceStep />
        </ol>
      )}
    </SystemPage>
  );
}

function Step({ number, title, stands, children }: { number: number; title: string; stands: Stands; children: ReactNode }) {
  const { t, n } = useI18n();
  const styles = useStyles();
  return (
    <li className={styles.step}>
      <div className={styles.head}>
        <h2 className={styles.title}>
          {n(number)}. {title}
        </h2>
        <Badge appearance="tint" color={COLOURS[stands]}>
          {t(`system.step-${stands}`)}
        </Badge>
      </div>
      {children}
    </li>
  );
}

function NameStep({ signIn }: { signIn: boolean }) {
  const { t } = useI18n();
  const tenant = useConnection()?.directory;
  const known = signIn || Boolean(tenant);
  return (
    <Step number={1} title={t('system.step-name')} stands={known ? 'done' : 'open'}>
      <span>{tenant ? t('system.step-name-done', { tenant }) : t(known ? 'system.step-name-some' : 'system.step-name-open')}</span>
    </Step>
  );
}

function AskedStep() {
  const { t } = useI18n();
  const styles = useStyles();
  const rows = useQuery(permissionsQuery).data ?? [];
  const count = countPermissions(rows);
  return (
    <Step number={2} title={t('system.step-asked')} stands="done">
      <span>{count > 0 ? t('system.step-asked-say', { count }) : t('system.permissions-none')}</span>
      {count > 0 && (
        <Link to="/system/permissions" className={styles.link}>
          {t('system.step-asked-link')}
        </Link>
      )}
    </Step>
  );
}

/** Only Microsoft's own addresses over HTTPS are gone to, and those of the same machine, where a made-up Microsoft stands. */
function isSafe(address: string): boolean {
  return /^https:\/\//.test(address) || /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(address);
}

function ConsentStep({ kept }: { kept: boolean }) {
  const { t } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const connection = useConnection();
  const rows = useQuery(permissionsQuery).data ?? [];
  const missing = rows.filter((r) => r.granted === false);
  const done = missing.length === 0 && (connection?.consented ?? kept);
  const consent = connection?.consent;
  return (
    <Step number={3} title={t('system.step-consent')} stands={missing.length > 0 ? 'wrong' : done ? 'done' : 'open'}>
      {missing.length > 0 && (
        <Note intent="warning">
          {missing.map((r) => r.permission).join(', ')}: {t('system.missing')}
        </Note>
      )}
      {done ? (
        <span>{t('system.step-consent-done')}</span>
      ) : (
        <>
          <span>{t(consent ? 'system.step-consent-say' : 'system.step-consent-manual')}</span>
          {session.role !== 'owner' && <span>{t('system.step-consent-owner')}</span>}
        </>
      )}
      {consent && isSafe(consent) && session.role === 'owner' && (
        <Button as="a" appearance={done ? 'secondary' : 'primary'} className={styles.act} href={consent}>
          {t('system.step-consent-go')}
        </Button>
      )}
    </Step>
  );
}

function DirectoryStep() {
  const { t, moment } = useI18n();
  const styles = useStyles();
  const found = useQuery(directoryQuery).data;
  if (!found) return null;
  const stands: Stands = found.trouble ? 'wrong' : found.kept && found.at ? 'done' : 'open';
  return (
    <Step number={4} title={t('system.step-directory')} stands={stands}>
      {found.trouble && (
        <Note intent="warning">
          <span lang="en">{found.trouble}</span>
        </Note>
      )}
      {!found.kept && <span>{t('system.step-directory-none')}</span>}
      {found.kept && found.reading && <span>{t('system.step-directory-reading', { count: found.people })}</span>}
      {found.kept && !found.reading && found.at && (
        <span>{t('system.step-directory-done', { count: found.people, time: moment(found.at) })}</span>
      )}
      {found.kept && (
        <Link to="/people" className={styles.link}>
          {t('system.people-link')}
        </Link>
      )}
    </Step>
  );
}

/** How reading presence stands, where the server reads it. */
interface Reading {
  at?: string | null;
  trouble?: string | null;
}

function PresenceStep() {
  const { t, moment } = useI18n();
  const found = useQuery(directoryQuery).data as { presence?: Reading | null } | undefined;
  const reading = found?.presence;
  const stands: Stands = reading?.trouble ? 'wrong' : reading?.at ? 'done' : 'open';
  return (
    <Step number={5} title={t('system.step-presence')} stands={stands}>
      {reading?.trouble && (
        <Note intent="warning">
          <span lang="en">{reading.trouble}</span>
        </Note>
      )}
      {reading?.at && <span>{t('system.step-presence-done', { time: moment(reading.at) })}</span>}
      {!reading && <span>{t('system.step-presence-none')}</span>}
    </Step>
  );
}
