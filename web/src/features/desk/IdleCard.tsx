import {
  Button,
  makeStyles,
  Menu,
  MenuButton,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  mergeClasses,
} from '@fluentui/react-components';
import { lazy, Suspense } from 'react';
import type { AgentView } from '@/shared/api/types';
import { keepsCallsAway, presenceText } from '@/shared/agent/presence';
import { stateText, useBreakReasons, useSetState } from '@/shared/agent/state';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { keysOf } from '@/shared/keys';
import { PresenceDot } from '@/shared/ui/PresenceDot';
import { Since } from '@/shared/ui/Since';
import { StateDot } from '@/shared/ui/StateDot';
import { useBegin } from './begin';
import { useCardStyles } from './style';

const Dial = lazy(async () => ({ default: (await import('./Dial')).Dial }));

const useStyles = makeStyles({
  state: { display: 'flex', alignItems: 'center', gap: '14px', flexWrap: 'wrap' },
  text: { display: 'flex', flexDirection: 'column', flexGrow: 1 },
  // The place of what comes a moment later.
  dial: { height: '47px' },
});

/** Between calls: the state, the way to another, and a call of one's own. */
export function IdleCard({ agent }: { agent: AgentView }) {
  const i18n = useI18n();
  const { t } = i18n;
  const card = useCardStyles();
  const styles = useStyles();
  const reasons = useBreakReasons();
  const set = useSetState(agent.id);
  const { begin, busy } = useBegin(agent.id);
  const free = agent.state === 'available';
  const { presence } = agent;
  return (
    <section className={mergeClasses(card.card, free && card.lit)}>
      <div className={styles.state}>
        <StateDot state={agent.state} size={36} />
        <div className={styles.text}>
          <h2 className={card.name}>{clean(stateText(agent, i18n))}</h2>
          <span className={card.quiet}>
            {t(free ? 'desk.waits-for-call' : agent.state === 'suspended' ? 'app.notice-suspended' : 'desk.gets-no-calls')}
          </span>
          {presence && (
            <span className={card.quiet}>
              <PresenceDot presence={presence} /> {t('desk.in-teams', { presence: presenceText(presence, i18n) })}
              {free && keepsCallsAway(presence) && ` ${t('desk.teams-keeps-away')}`}
            </span>
          )}
        </div>
        {agent.state !== 'offline' && <Since at={agent.since} className={card.time} />}
      </div>
      <div className={card.row}>
        {!free && (
          <Button
            appearance="primary"
            size="large"
            title={keysOf('V')}
            disabled={busy}
            onClick={begin}
          >
            {t('desk.go-available')}
          </Button>
        )}
        {agent.state !== 'break' &&
          (reasons.length > 0 ? (
            <Menu>
              <MenuTrigger disableButtonEnhancement>
                <MenuButton size="large">{t('desk.take-break')}</MenuButton>
              </MenuTrigger>
              <MenuPopover>
                <MenuList>
                  {reasons.map((reason) => (
                    <MenuItem key={reason} onClick={() => set.mutate({ state: 'break', reason })}>
                      {clean(reason)}
                    </MenuItem>
                  ))}
                  <MenuItem onClick={() => set.mutate({ state: 'break' })}>{t('desk.break-without-reason')}</MenuItem>
                </MenuList>
              </MenuPopover>
            </Menu>
          ) : (
            <Button size="large" onClick={() => set.mutate({ state: 'break' })}>
              {t('desk.take-break')}
            </Button>
          ))}
        {agent.state !== 'offline' && (
          <Button size="large" onClick={() => set.mutate({ state: 'offline' })}>
            {t('desk.go-offline')}
          </Button>
        )}
      </div>
      {agent.state !== 'suspended' && (
        <Suspense fallback={<div className={styles.dial} />}>
          <Dial agent={agent.id} />
        </Suspense>
      )}
    </section>
  );
}
