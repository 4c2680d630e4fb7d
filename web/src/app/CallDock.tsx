// The call of this agent on every page but the desk: a ringing call is not missed because somebody looks at a report.

import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { Call20Filled, CallEnd20Filled, Open20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useNames } from '@/shared/api/names';
import type { CallDetail } from '@/shared/api/types';
import { callQuery, supervises } from '@/shared/calls/queries';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { keysOf, useShortcut } from '@/shared/keys';
import { useAgent } from '@/shared/live/store';
import { answer, decline, usePhone } from '@/shared/softphone/phone';
import { notify, unnotify } from '@/shared/softphone/ring';
import { Bdi } from '@/shared/ui/Bdi';
import { Since } from '@/shared/ui/Since';
import { StateDot } from '@/shared/ui/StateDot';
import { useSay } from '@/shared/ui/toasts';

const useStyles = makeStyles({
  dock: {
    position: 'fixed',
    zIndex: 5,
    insetInlineEnd: '20px',
    bottom: '20px',
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '8px 12px',
    padding: '12px 16px',
    maxWidth: 'calc(100vw - 24px)',
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorCompoundBrandStroke}`,
    boxShadow: tokens.shadow28,
    '@media (max-width: 719px)': { insetInlineEnd: '12px', bottom: '68px' },
  },
  text: { display: 'flex', flexDirection: 'column', minWidth: '120px' },
  name: { fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

export function CallDock({ agent }: { agent: string }) {
  const view = useAgent(agent);
  const { pathname } = useLocation();
  const busy = view?.call != null && (view.state === 'offered' || view.state === 'talking');
  if (!busy || !view.call) return null;
  return (
    <Dock key={view.call} agent={agent} call={view.call} offered={view.state === 'offered'} since={view.since} pathname={pathname} />
  );
}

interface Props {
  agent: string;
  call: string;
  offered: boolean;
  since: string;
  pathname: string;
}

function Dock({ agent, call: id, offered, since, pathname }: Props) {
  const i18n = useI18n();
  const { t } = i18n;
  const styles = useStyles();
  const names = useNames();
  const say = useSay();
  const navigate = useNavigate();
  const phone = usePhone();
  const call = useQuery(callQuery(id)).data;
  const here = phone.id === id && phone.call === 'ringing';
  // Whoever supervises does that on the floor, everybody else works at the desk.
  const supervising = offered ? false : supervises(call, agent);
  const place = supervising ? '/floor' : '/desk';
  const hidden = pathname === place || supervising === null;
  const toPlace = () => void navigate({ to: place });
  const pick = () => {
    toPlace();
    void answer().catch(say.fail);
  };
  const refuse = () => void decline().catch(say.fail);
  const name = whoOf(call, i18n.phone) ?? t('app.withheld');
  const queue = names.queue(call?.queue);
  useEffect(() => {
    if (!offered || !call) return;
    notify(clean(name), clean(queue));
    return unnotify;
  }, [offered, call, name, queue]);
  // On the desk these keys belong to the card of the call.
  useShortcut('KeyA', here && !hidden ? pick : null);
  useShortcut('KeyD', here && !hidden ? refuse : null);
  if (hidden) return null;
  return (
    <aside className={styles.dock} aria-label={t(offered ? 'desk.offered' : 'desk.conversation')}>
      <StateDot state={offered ? 'offered' : 'talking'} size={16} />
      <span className={styles.text}>
        <span className={styles.name}>
          <Bdi>{name}</Bdi>
        </span>
        <span className={styles.quiet}>
          <Bdi>{queue}</Bdi> <Since at={since} />
        </span>
      </span>
      {here && (
        <>
          <Button appearance="primary" icon={<Call20Filled />} title={keysOf('A')} onClick={pick}>
            {t('desk.answer')}
          </Button>
          <Button icon={<CallEnd20Filled />} title={keysOf('D')} onClick={refuse}>
            {t('desk.decline')}
          </Button>
        </>
      )}
      <Button icon={<Open20Regular />} onClick={toPlace}>
        {t(supervising ? 'app.to-floor' : 'app.to-desk')}
      </Button>
    </aside>
  );
}

function whoOf(call: CallDetail | undefined, phone: (number: string) => string): string | null {
  if (!call) return null;
  return call.caller_name || (call.caller ? phone(call.caller) : null);
}
