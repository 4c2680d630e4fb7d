import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useCallback, useMemo, useState } from 'react';
import { useNames } from '@/shared/api/names';
import type { CallView } from '@/shared/api/types';
import { useAct } from '@/shared/calls/actions';
import { useI18n } from '@/shared/i18n';
import { useLive, type LiveState } from '@/shared/live/store';
import { Bdi } from '@/shared/ui/Bdi';
import { FindDialog } from '@/shared/ui/FindDialog';
import { StateDot } from '@/shared/ui/StateDot';
import { chooseAgents } from './choose';

/** The most that are listed; a few letters find the others. */
const MOST = 50;

const useStyles = makeStyles({
  agent: { width: '100%', justifyContent: 'flex-start', gap: '8px', fontWeight: tokens.fontWeightRegular },
});

/** Whom a waiting call is offered to next. */
export function GiveDialog({ call, close }: { call: CallView; close: () => void }) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const act = useAct();
  const [text, setText] = useState('');
  const agents = useLive(useCallback((s: LiveState) => s.agents, []));
  const free = useMemo(
    () =>
      chooseAgents(agents.values(), { text, queue: '', state: '', order: 'name' }, names.user).filter(
        (a) => a.queues.length > 0 && a.state !== 'offline' && a.state !== 'suspended',
      ),
    [agents, text, names],
  );
  const give = (agent: string) => {
    act.mutate({ call: call.id, action: { action: 'give', agent } });
    close();
  };
  return (
    <FindDialog
      title={t('floor.give-title')}
      find={t('floor.find-agent')}
      text={text}
      setText={setText}
      none={free.length === 0 ? t('floor.nobody') : null}
      close={close}
    >
      {free.slice(0, MOST).map((a) => (
        <li key={a.id}>
          <Button appearance="subtle" className={styles.agent} icon={<StateDot state={a.state} />} onClick={() => give(a.id)}>
            <Bdi>{names.user(a.id)}</Bdi>
          </Button>
        </li>
      ))}
    </FindDialog>
  );
}
