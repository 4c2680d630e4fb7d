// The desk of an agent: what they do now, and what they need for it.

import { makeStyles } from '@fluentui/react-components';
import { lazy, Suspense, useEffect } from 'react';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { useSession } from '@/shared/session';
import { Empty, Loading } from '@/shared/ui/Feedback';
import { Day } from './Day';
import { MyQueues } from './MyQueues';
import { Tabs } from './Tabs';
import { Work } from './Work';

const PhoneStrip = lazy(async () => ({ default: (await import('./PhoneStrip')).PhoneStrip }));

const useStyles = makeStyles({
  page: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 340px',
    gap: '16px',
    alignItems: 'start',
    padding: '16px 24px 24px',
    maxWidth: '1360px',
    margin: '0 auto',
    '@media (max-width: 1023px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
    '@media (max-width: 719px)': { padding: '12px 12px 20px', gap: '12px' },
  },
  column: { display: 'flex', flexDirection: 'column', gap: '16px', minWidth: 0, '@media (max-width: 719px)': { gap: '12px' } },
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

export function DeskPage() {
  const { t } = useI18n();
  const styles = useStyles();
  const { agent, byToken } = useSession();
  const view = useAgent(agent);
  useEffect(() => {
    document.title = `${t('app.desk')} – Switchroom`;
  }, [t]);
  if (!agent) return <Empty>{t(byToken ? 'desk.say-who' : 'desk.no-agent')}</Empty>;
  if (!view) return <Loading />;
  return (
    <div className={styles.page}>
      <h1 className={styles.hidden}>{t('app.desk')}</h1>
      <div className={styles.column}>
        <Work agent={view} />
        <Tabs agent={view.id} />
      </div>
      <div className={styles.column}>
        <Suspense>
          <PhoneStrip agent={view.id} />
        </Suspense>
        <MyQueues queues={view.queues} />
        <Day agent={view.id} />
      </div>
    </div>
  );
}
