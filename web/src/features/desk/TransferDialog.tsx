import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { Call20Regular, PeopleQueue20Regular } from '@fluentui/react-icons';
import { useDeferredValue, useState } from 'react';
import type { Place } from '@/shared/api/types';
import { useAct } from '@/shared/calls/actions';
import { dialable } from '@/shared/format/phone';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { FindDialog } from '@/shared/ui/FindDialog';
import { StateDot } from '@/shared/ui/StateDot';
import { useTargets, type Target } from './targets';
import { isDialable } from './situation';

const useStyles = makeStyles({
  item: {
    display: 'flex',
    alignItems: 'center',
    flexWrap: 'wrap',
    gap: '4px 10px',
    padding: '6px 2px',
    ':not(:last-child)': { borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  },
  icon: { width: '20px', display: 'inline-flex', justifyContent: 'center' },
  text: { display: 'flex', flexDirection: 'column', flexGrow: 1, minWidth: '120px' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
});

/** Where the call goes: people, queues and numbers, at once or after asking. */
export function TransferDialog({ call, close }: { call: string; close: () => void }) {
  const { t } = useI18n();
  const act = useAct();
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim());
  const targets = useTargets(wanted);
  const number = dialable(text);
  const go = (action: 'transfer' | 'consult', to: Place) => {
    act.mutate({ call, action: { action, to: to as never } });
    close();
  };
  return (
    <FindDialog
      title={t('desk.transfer-title')}
      find={t('desk.find-target')}
      text={text}
      setText={setText}
      none={targets.length === 0 && !isDialable(number) ? t('desk.no-target') : null}
      close={close}
    >
      {isDialable(number) && (
        <Item name={number} icon={<Call20Regular />} about={t('desk.number-outside')} to={{ number }} go={go} free />
      )}
      {targets.map((target) => (
        <TargetItem key={`${target.kind}/${target.id}`} target={target} go={go} />
      ))}
    </FindDialog>
  );
}

type Go = (action: 'transfer' | 'consult', to: Place) => void;

function TargetItem({ target, go }: { target: Target; go: Go }) {
  const { t, word } = useI18n();
  if (target.kind === 'queue') {
    const about = target.waiting === undefined ? t('desk.a-queue') : t('desk.queue-waiting', { count: target.waiting });
    return <Item name={target.name} icon={<PeopleQueue20Regular />} about={about} to={{ queue: target.id }} go={go} free />;
  }
  const state = target.state ?? 'offline';
  return (
    <Item
      name={target.name}
      icon={<StateDot state={state} size={14} />}
      about={word('words', `state-${state}`) ?? state}
      to={{ agent: target.id }}
      go={go}
      free={target.state === undefined || state === 'available'}
    />
  );
}

interface ItemProps {
  name: string;
  icon: React.ReactElement;
  about: string;
  to: Place;
  go: Go;
  /** Only somebody who is free can be asked or given a call. */
  free: boolean;
}

function Item({ name, icon, about, to, go, free }: ItemProps) {
  const { t } = useI18n();
  const styles = useStyles();
  return (
    <li className={styles.item}>
      <span className={styles.icon}>{icon}</span>
      <span className={styles.text}>
        <Bdi>{name}</Bdi>
        <span className={styles.quiet}>{about}</span>
      </span>
      <Button size="small" disabled={!free} aria-label={`${t('desk.consult')}: ${clean(name)}`} onClick={() => go('consult', to)}>
        {t('desk.consult')}
      </Button>
      <Button size="small" appearance="primary" disabled={!free} aria-label={`${t('desk.transfer')}: ${clean(name)}`} onClick={() => go('transfer', to)}>
        {t('desk.transfer')}
      </Button>
    </li>
  );
}
