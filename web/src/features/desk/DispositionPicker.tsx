import { makeStyles, Text, ToggleButton, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { dispositionsQuery } from '@/shared/api/names';
import type { AgentView } from '@/shared/api/types';
import { useAct } from '@/shared/calls/actions';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '6px' },
  list: { display: 'flex', flexWrap: 'wrap', gap: '6px' },
  owed: { color: tokens.colorStatusWarningForeground1 },
});

/** How the agent's work with a call ended, for the queue they had it of, wherever it has gone since. Nothing where the tenant has no dispositions for that. */
export function DispositionPicker({ agent, call }: { agent: AgentView; call: string }) {
  const { t } = useI18n();
  const styles = useStyles();
  const id = useId();
  const act = useAct();
  const all = useQuery(dispositionsQuery).data ?? [];
  const { queue = null } = agent;
  const fitting = all.filter((d) => !d.queues || (queue !== null && d.queues.includes(queue)));
  if (fitting.length === 0) return null;
  return (
    <div className={styles.box} role="group" aria-labelledby={id}>
      <Text id={id} weight="semibold">
        {t('desk.disposition')}
        {agent.owes_disposition && <span className={styles.owed}> – {t('desk.disposition-owed')}</span>}
      </Text>
      <div className={styles.list}>
        {fitting.map((d) => (
          <ToggleButton
            key={d.id}
            size="small"
            shape="circular"
            checked={agent.disposition === d.id}
            onClick={() => act.mutate({ call, action: { action: 'dispose', disposition: d.id } })}
          >
            <Bdi>{d.name || d.id}</Bdi>
          </ToggleButton>
        ))}
      </div>
    </div>
  );
}
