import { makeStyles, tokens } from '@fluentui/react-components';
import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, need } from '@/shared/api/client';
import { meQuery } from '@/shared/api/me';
import { isAbsent } from '@/shared/api/problem';
import type { AgentRow } from '@/shared/api/types';
import { clock, hours, midnight, offset } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { Section } from '@/shared/ui/Page';

const useStyles = makeStyles({
  facts: { display: 'grid', gridTemplateColumns: 'repeat(3, minmax(0, 1fr))', gap: '12px' },
  fact: { display: 'flex', flexDirection: 'column-reverse', justifyContent: 'flex-end' },
  value: { fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400, fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: 'tabular-nums' },
  name: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
});

type Figures = Partial<Pick<AgentRow, 'handled' | 'offers_missed' | 'talk_ms' | 'hold_ms' | 'wrap_ms' | 'break_ms' | 'available_ms' | 'aht_ms'>>;

/** How often the figures are asked for, in milliseconds. */
const EVERY = 30_000;

const reportQuery = (agent: string, on: boolean) =>
  queryOptions({
    queryKey: ['desk', 'day', agent],
    enabled: on,
    refetchInterval: EVERY,
    queryFn: async ({ signal }): Promise<Figures | null> => {
      const from = midnight(Date.now());
      const query = { from: from.toISOString(), by: 'total', zone: offset(from) };
      try {
        const report = await need(api.GET('/api/v1/reports/agents', { signal, params: { query } }));
        return (report.rows as AgentRow[]).find((row) => row.agent === agent) ?? {};
      } catch (e) {
        if (isAbsent(e)) return null;
        throw e;
      }
    },
  });

/** What this agent did since midnight: from their own figures, or from the report where they may see that. */
export function Day({ agent }: { agent: string }) {
  const { t, n } = useI18n();
  const styles = useStyles();
  const me = useQuery({ ...meQuery, refetchInterval: EVERY });
  const own = me.data?.today as Figures | undefined;
  const report = useQuery(reportQuery(agent, me.isFetched && !own));
  const day = own ?? report.data;
  if (!day) return null;
  const fact = (name: string, value: ReactNode) => (
    <div className={styles.fact}>
      <dt className={styles.name}>{name}</dt>
      <dd className={styles.value}>{value}</dd>
    </div>
  );
  const handled = day.handled ?? 0;
  const time = (day.talk_ms ?? 0) + (day.hold_ms ?? 0) + (day.wrap_ms ?? 0);
  return (
    <Section title={t('desk.my-day')}>
      <dl className={styles.facts}>
        {fact(t('desk.conversations'), n(handled))}
        {fact(t('desk.mean-time'), handled > 0 ? clock(time / handled) : '–')}
        {fact(t('desk.missed'), n(day.offers_missed ?? 0))}
        {fact(t('desk.talked'), hours(day.talk_ms ?? 0))}
        {fact(t('desk.available'), hours(day.available_ms ?? 0))}
        {fact(t('desk.breaks'), hours(day.break_ms ?? 0))}
      </dl>
    </Section>
  );
}
