import { Badge, Button, makeStyles, mergeClasses, Popover, PopoverSurface, PopoverTrigger, tokens } from '@fluentui/react-components';
import {
  ArrowForward20Regular,
  CallEnd20Filled,
  Dialpad20Regular,
  Mic20Regular,
  MicOff20Filled,
  Pause20Regular,
  Play20Regular,
  RecordStop20Regular,
  ShieldKeyhole20Regular,
} from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { secureEntriesQuery, useNames } from '@/shared/api/names';
import type { AgentView, LegView } from '@/shared/api/types';
import { useAct, useHangUp, type Action } from '@/shared/calls/actions';
import { Notes } from '@/shared/calls/Notes';
import { useI18n } from '@/shared/i18n';
import { keysOf, useShortcut } from '@/shared/keys';
import { hangUp, press, setHeld, setMuted, usePhone } from '@/shared/softphone/phone';
import { HOLD } from '@/shared/softphone/signalling';
import { Bdi } from '@/shared/ui/Bdi';
import { Since } from '@/shared/ui/Since';
import { useSay } from '@/shared/ui/toasts';
import { Caller } from './Caller';
import { Consultation } from './Consultation';
import { useDetail } from './detail';
import { DispositionPicker } from './DispositionPicker';
import { Keypad } from './Keypad';
import { SameCaller } from './SameCaller';
import { SecureMenu } from './SecureMenu';
import { situation, type Situation } from './situation';
import { useCardStyles } from './style';

const TransferDialog = lazy(async () => ({ default: (await import('./TransferDialog')).TransferDialog }));

const useStyles = makeStyles({
  controls: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  control: {
    display: 'flex',
    flexDirection: 'column',
    gap: '2px',
    minWidth: '82px',
    height: '60px',
    padding: '6px 8px',
    fontWeight: tokens.fontWeightRegular,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    '@media (max-width: 719px)': { minWidth: '72px', flexGrow: 1 },
  },
  on: { backgroundColor: tokens.colorBrandBackground2, color: tokens.colorBrandForeground2, ':hover': { backgroundColor: tokens.colorBrandBackground2Hover } },
  end: {
    backgroundColor: tokens.colorStatusDangerBackground3,
    color: tokens.colorNeutralForegroundOnBrand,
    ':hover': { backgroundColor: tokens.colorStatusDangerBackground3Hover, color: tokens.colorNeutralForegroundOnBrand },
    ':hover:active': { backgroundColor: tokens.colorStatusDangerBackground3Pressed, color: tokens.colorNeutralForegroundOnBrand },
  },
  others: { display: 'flex', flexWrap: 'wrap', gap: '6px' },
  columns: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 320px), 1fr))',
    gap: '16px 24px',
    paddingTop: '16px',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    // Where the server has neither notes nor dispositions.
    ':empty': { display: 'none' },
  },
});

/** The conversation that goes on, and everything that can be done in it. */
export function CallCard({ agent, call: id }: { agent: AgentView; call: string }) {
  const { t } = useI18n();
  const card = useCardStyles();
  const styles = useStyles();
  const call = useDetail(id);
  const phone = usePhone();
  const here = phone.call === 'talking' && phone.id === id;
  const now = call ? situation(call, agent.id) : null;
  return (
    <section className={mergeClasses(card.card, card.lit)} aria-label={t('desk.conversation')}>
      <Caller call={call}>
        {now && <Recording now={now} />}
        <Since at={agent.since} className={card.time} />
      </Caller>
      <Others legs={now?.others ?? []} />
      {now?.consultation && <Consultation call={id} consultation={now.consultation} legs={now.others} />}
      <Controls call={id} here={here} now={now} />
      <div className={styles.columns}>
        <Notes call={id} />
        <DispositionPicker agent={agent} call={id} />
      </div>
      <SameCaller call={id} />
    </section>
  );
}

function Recording({ now }: { now: Situation }) {
  const { t } = useI18n();
  if (now.secure !== null) {
    return (
      <Badge appearance="tint" color="warning" icon={<ShieldKeyhole20Regular />}>
        {t('desk.secure-goes-on')}
      </Badge>
    );
  }
  if (now.recording === 'none') return null;
  return (
    <Badge appearance="tint" color={now.recording === 'on' ? 'danger' : 'subtle'} role="status">
      {t(now.recording === 'on' ? 'desk.recording-on' : 'desk.recording-paused')}
    </Badge>
  );
}

/** Who else is in the call, if there is more than the caller. */
function Others({ legs }: { legs: readonly LegView[] }) {
  const { t, word } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const more = legs.filter((l) => l.role !== 'caller');
  if (more.length === 0) return null;
  return (
    <div className={styles.others} role="group" aria-label={t('desk.also-here')}>
      {more.map((l) => (
        <Badge key={l.id} appearance="outline" size="large">
          {l.agent ? <Bdi>{names.user(l.agent)}</Bdi> : (word('words', `leg-${l.role}`) ?? l.role)}
          {l.state !== 'up' && `: ${word('words', `end-${l.state}`) ?? l.state}`}
        </Badge>
      ))}
    </div>
  );
}

function Controls({ call, here, now }: { call: string; here: boolean; now: Situation | null }) {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const can = useAbilities();
  const phone = usePhone();
  const act = useAct();
  const end = useHangUp();
  const [transferring, setTransferring] = useState(false);
  const secure = useQuery(secureEntriesQuery).data ?? [];
  const holds = here && can('put', HOLD);
  const run = (action: Action) => act.mutate({ call, action });
  // Nothing else is possible while the caller keys secret digits, or while somebody is asked.
  const busy = now?.secure != null;
  const consults = now?.consultation != null;
  const toggleMute = () => setMuted(!phone.muted);
  const toggleHold = () => void setHeld(!phone.held).catch(say.fail);
  // The phone that talks hangs up; without one the call is ended for all.
  const finish = () => (here ? void hangUp().catch(say.fail) : end.mutate(call));
  useShortcut('KeyM', here ? toggleMute : null);
  useShortcut('KeyH', holds ? toggleHold : null);
  useShortcut('KeyT', busy || consults ? null : () => setTransferring(true));
  useShortcut('KeyE', finish);
  return (
    <div className={styles.controls} role="toolbar" aria-label={t('desk.controls')}>
      {here && (
        <Control
          name={t(phone.muted ? 'desk.unmute' : 'desk.mute')}
          keys="M"
          icon={phone.muted ? <MicOff20Filled /> : <Mic20Regular />}
          on={phone.muted}
          act={toggleMute}
        />
      )}
      {holds && (
        <Control
          name={t(phone.held ? 'desk.unhold' : 'desk.hold')}
          keys="H"
          icon={phone.held ? <Play20Regular /> : <Pause20Regular />}
          on={phone.held}
          act={toggleHold}
        />
      )}
      {here && <Keys />}
      <Control name={t('desk.transfer')} keys="T" icon={<ArrowForward20Regular />} off={busy || consults} act={() => setTransferring(true)} />
      {now && now.recording !== 'none' && (
        <Control
          name={t(now.recording === 'on' ? 'desk.pause-recording' : 'desk.resume-recording')}
          icon={now.recording === 'on' ? <RecordStop20Regular /> : <Play20Regular />}
          off={busy}
          act={() => run({ action: now.recording === 'on' ? 'pause-recording' : 'resume-recording' })}
        />
      )}
      {secure.length > 0 && (
        <SecureMenu
          entries={secure}
          goesOn={busy}
          off={consults}
          className={styles.control}
          begin={(entry) => run({ action: 'secure', entry })}
          stop={() => run({ action: 'stop-secure' })}
        />
      )}
      <Button className={mergeClasses(styles.control, styles.end)} title={keysOf('E')} icon={<CallEnd20Filled />} onClick={finish}>
        {t('desk.end')}
      </Button>
      {transferring && (
        <Suspense>
          <TransferDialog call={call} close={() => setTransferring(false)} />
        </Suspense>
      )}
    </div>
  );
}

interface ControlProps {
  name: string;
  icon: React.ReactElement;
  act: () => void;
  keys?: string;
  /** Whether it is in force. */
  on?: boolean;
  /** Whether it is not possible now. */
  off?: boolean;
}

function Control({ name, icon, act, keys, on, off }: ControlProps) {
  const styles = useStyles();
  return (
    <Button
      className={mergeClasses(styles.control, on && styles.on)}
      title={keys ? keysOf(keys) : undefined}
      icon={icon}
      disabled={off ?? false}
      aria-pressed={on}
      onClick={act}
    >
      {name}
    </Button>
  );
}

function Keys(): ReactNode {
  const { t } = useI18n();
  const styles = useStyles();
  const [open, setOpen] = useState(false);
  useShortcut('KeyK', () => setOpen((was) => !was));
  return (
    <Popover open={open} onOpenChange={(_, d) => setOpen(d.open)} trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button className={styles.control} title={keysOf('K')} icon={<Dialpad20Regular />}>
          {t('desk.keypad')}
        </Button>
      </PopoverTrigger>
      <PopoverSurface aria-label={t('desk.keypad')}>
        <Keypad press={press} />
      </PopoverSurface>
    </Popover>
  );
}
