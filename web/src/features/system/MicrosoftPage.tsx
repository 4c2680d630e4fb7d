// How this tenant is connected to Microsoft, step by step: what is done, what is to do, and what went wrong.

import {
  Badge,
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { directoryQuery } from '@/shared/api/directory';
import { useI18n } from '@/shared/i18n';
import { useSession } from '@/shared/session';
import { Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { AGAIN, permissionsQuery, useConnection, useDisconnect, waysQuery, type Registration } from './api';
import { Licences } from './Licences';
import { consentOf, countPermissions } from './permissions';
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
  apps: { display: 'flex', flexDirection: 'column', gap: '8px', margin: 0, padding: 0, listStyleType: 'none' },
  app: { display: 'flex', alignItems: 'center', flexWrap: 'wrap', gap: '4px 10px' },
  appName: { display: 'flex', flexDirection: 'column', flexGrow: 1, minWidth: '200px' },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
});

type Stands = 'done' | 'open' | 'wrong';
const COLOURS = { done: 'success', open: 'informative', wrong: 'danger' } as const;

export function MicrosoftPage() {
  const styles = useStyles();
  const ways = useQuery(waysQuery);
  const directory = useQuery({ ...directoryQuery, refetchInterval: AGAIN });
  const connection = useConnection();
  const can = useAbilities();
  const failed = [ways, directory].find((q) => q.isError);
  return (
    <SystemPage part="microsoft">
      <Came />
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
      {connection?.features.includes('licences') && can('get', '/microsoft/licences') && <Licences />}
      <Disconnect />
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

function ConsentStep({ kept }: { kept: boolean }) {
  const { t } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const connection = useConnection();
  const all = connection?.registrations ?? [];
  const wrong = all.some((r) => consentOf(r) === 'missing');
  const done = !wrong && kept;
  return (
    <Step number={3} title={t('system.step-consent')} stands={wrong ? 'wrong' : done ? 'done' : 'open'}>
      <span>{t(done ? 'system.step-consent-done' : connection ? 'system.step-consent-say' : 'system.step-consent-manual')}</span>
      {!done && session.role !== 'owner' && <span>{t('system.step-consent-owner')}</span>}
      {all.length > 0 && (
        <ul className={styles.apps}>
          {all.map((r) => (
            <RegistrationItem key={r.name} registration={r} />
          ))}
        </ul>
      )}
    </Step>
  );
}

const CONSENTS = { granted: 'success', missing: 'danger', unknown: 'informative', 'no-app': 'informative' } as const;

function RegistrationItem({ registration }: { registration: Registration }) {
  const { t } = useI18n();
  const styles = useStyles();
  const consent = consentOf(registration);
  return (
    <li className={styles.app}>
      <span className={styles.appName}>
        {t('system.registration', { name: registration.name })}
        {registration.app && <code className={styles.code}>{registration.app}</code>}
        {consent === 'missing' && <span>{registration.missing?.join(', ')}</span>}
      </span>
      <Badge appearance="tint" color={CONSENTS[consent]}>
        {t(`system.consent-${consent}`)}
      </Badge>
      {/* A page of this server's own, which sends the browser on to Microsoft. */}
      {registration.consent?.startsWith('/api/') && (
        <Button as="a" size="small" appearance={consent === 'granted' ? 'secondary' : 'primary'} aria-label={`${t('system.step-consent-go')}: ${registration.name}`} href={registration.consent}>
          {t('system.step-consent-go')}
        </Button>
      )}
    </li>
  );
}

const CAME = ['connected', 'again', 'denied', 'no-proof', 'no-roles'] as const;

/** What came of going to Microsoft, for whoever comes back from there. */
function Came() {
  const { t } = useI18n();
  const { came } = useSearch({ from: '/system/microsoft' });
  const known = CAME.find((word) => word === came);
  return known ? <Note intent={known === 'connected' ? 'info' : 'error'}>{t(`system.came-${known}`)}</Note> : null;
}

/** The way out: asked twice, because what is kept is erased. */
function Disconnect() {
  const { t } = useI18n();
  const styles = useStyles();
  const directory = useConnection()?.directory;
  const disconnect = useDisconnect();
  const [asks, setAsks] = useState(false);
  if (!directory) return null;
  return (
    <>
      <Button className={styles.act} onClick={() => setAsks(true)}>
        {t('system.disconnect')}
      </Button>
      <Dialog open={asks} onOpenChange={(_, d) => setAsks(d.open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>{t('system.disconnect-title')}</DialogTitle>
            <DialogContent>{t('system.disconnect-say', { tenant: directory })}</DialogContent>
            <DialogActions>
              <Button
                appearance="primary"
                disabled={disconnect.isPending}
                onClick={() => disconnect.mutate(undefined, { onSettled: () => setAsks(false) })}
              >
                {t('system.disconnect')}
              </Button>
              <Button onClick={() => setAsks(false)}>{t('app.cancel')}</Button>
            </DialogActions>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </>
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
