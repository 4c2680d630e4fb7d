import { Button, Field, Input, makeStyles, Select } from '@fluentui/react-components';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { ask } from '@/shared/api/client';
import { dialable } from '@/shared/format/phone';
import { useI18n } from '@/shared/i18n';
import { useSay } from '@/shared/ui/toasts';
import { isDialable } from './situation';

const useStyles = makeStyles({
  form: { display: 'flex', gap: '8px', marginTop: '8px' },
  number: { flexGrow: 1, minWidth: 0 },
});

const KINDS = ['any', 'browser', 'phone', 'number'] as const;
type Kind = (typeof KINDS)[number];

interface Choice {
  kind: Kind;
  number?: string;
}

const endpointQuery = (agent: string) =>
  queryOptions({
    queryKey: ['endpoint', agent],
    queryFn: ({ signal }) => ask<Choice>('GET', `/agents/${encodeURIComponent(agent)}/endpoint`, { signal }),
  });

/** Where the agent is rung: this browser, their telephone, or any number. */
export function Endpoint({ agent }: { agent: string }) {
  const can = useAbilities()('put', '/agents/{}/endpoint');
  const found = useQuery({ ...endpointQuery(agent), enabled: can });
  if (!found.data) return null;
  return <Choose key={found.data.kind} agent={agent} now={found.data} />;
}

function Choose({ agent, now }: { agent: string; now: Choice }) {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const queries = useQueryClient();
  const [kind, setKind] = useState<Kind>(now.kind);
  const [text, setText] = useState(now.number ?? '');
  const number = dialable(text);
  const put = useMutation({
    mutationFn: async (choice: Choice) => {
      await ask('PUT', `/agents/${encodeURIComponent(agent)}/endpoint`, { body: choice });
    },
    onError: (error) => {
      setKind(now.kind);
      say.fail(error);
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: endpointQuery(agent).queryKey }),
  });
  const choose = (next: Kind) => {
    setKind(next);
    // A number has to be typed first.
    if (next !== 'number') put.mutate({ kind: next });
  };
  return (
    <div>
      <Field label={t('desk.rings-at')}>
        <Select size="small" value={kind} onChange={(_, d) => choose(d.value as Kind)}>
          {KINDS.map((k) => (
            <option key={k} value={k}>
              {t(`desk.rings-at-${k}`)}
            </option>
          ))}
        </Select>
      </Field>
      {kind === 'number' && (
        <form
          className={styles.form}
          onSubmit={(e) => {
            e.preventDefault();
            put.mutate({ kind: 'number', number });
          }}
        >
          <Input
            size="small"
            type="tel"
            className={styles.number}
            value={text}
            aria-label={t('desk.rings-at-number')}
            onChange={(_, d) => setText(d.value)}
          />
          <Button size="small" type="submit" disabled={!isDialable(number) || put.isPending}>
            {t('floor.save')}
          </Button>
        </form>
      )}
    </div>
  );
}
