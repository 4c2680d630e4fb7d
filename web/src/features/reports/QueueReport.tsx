import { makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';
import { useNames } from '@/shared/api/names';
import type { QueueRow } from '@/shared/api/types';
import { clean } from '@/shared/format/text';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { queueReport } from './api';
import { Formulas } from './Formulas';
import { edges, points, total, type Span } from './series';
import { Table, type Column } from './Table';

const Chart = lazy(async () => ({ default: (await import('./Chart')).Chart }));

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '16px' },
  charts: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 440px), 1fr))', gap: '16px' },
  figures: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(130px, 1fr))', gap: '12px 20px' },
  figure: { display: 'flex', flexDirection: 'column-reverse', justifyContent: 'flex-end' },
  value: { fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600, fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: 'tabular-nums' },
  name: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  table: { display: 'flex', flexDirection: 'column', gap: '16px' },
});

const clockOf = (ms: number | null) => (ms === null ? '–' : clock(ms));

export function QueueReport({ span }: { span: Span }) {
  const i18n = useI18n();
  const { t, n, percent, length } = i18n;
  const styles = useStyles();
  const names = useNames();
  const [queue, setQueue] = useState('');
  const sums = useQuery(queueReport(span, 'total'));
  const course = useQuery(queueReport(span, span.by));
  const ofQueue = useCallback((rows: readonly QueueRow[]) => rows.filter((r) => !queue || r.queue === queue), [queue]);
  const seen = useMemo(() => points(ofQueue(course.data?.rows ?? []), span), [course.data, span, ofQueue]);
  const edge = useMemo(() => edges(span), [span]);
  const { locale } = i18n;
  const when = useCallback(
    (seconds: number) =>
      new Intl.DateTimeFormat(locale, span.by === 'interval' ? { timeStyle: 'short' } : { day: 'numeric', month: 'short' }).format(seconds * 1_000),
    [locale, span.by],
  );
  const { number, share } = useMemo(() => ({ number: i18n.n, share: (v: number) => i18n.percent(v) }), [i18n]);
  const calls = useMemo(
    () => [
      // The whole behind, its answered part before it.
      { name: t('reports.abandoned'), values: seen.answered.map((a, k) => a + (seen.abandoned[k] ?? 0)), shown: seen.abandoned, colour: 'red' as const, bars: true, write: number },
      { name: t('reports.answered'), values: seen.answered, colour: 'brand' as const, bars: true, write: number },
    ],
    [seen, t, number],
  );
  const levels = useMemo(
    () => [{ name: t('reports.service-level'), values: seen.level, colour: 'brand' as const, write: share }],
    [seen, t, share],
  );
  if (sums.isPending || course.isPending) return <Loading />;
  if (sums.isError) return <Failed error={sums.error} retry={() => void sums.refetch()} />;
  if (course.isError) return <Failed error={course.error} retry={() => void course.refetch()} />;
  const rows = sums.data.rows;
  const all = total(ofQueue(rows));
  const figure = (name: string, value: string) => (
    <div className={styles.figure}>
      <dt className={styles.name}>{name}</dt>
      <dd className={styles.value}>{value}</dd>
    </div>
  );
  const columns: [Column<QueueRow>, ...Column<QueueRow>[]] = [
    { name: t('reports.queue'), by: (r) => names.queue(r.queue), show: (r) => <Bdi>{names.queue(r.queue)}</Bdi> },
    { name: t('reports.offered'), by: (r) => r.offered, show: (r) => n(r.offered) },
    { name: t('reports.answered'), by: (r) => r.answered, show: (r) => n(r.answered) },
    { name: t('reports.abandoned'), by: (r) => r.abandoned, show: (r) => n(r.abandoned) },
    { name: t('reports.abandon-rate'), by: (r) => r.abandon_rate ?? null, show: (r) => percent(r.abandon_rate, 1) },
    { name: t('reports.service-level'), by: (r) => r.service_level ?? null, show: (r) => percent(r.service_level) },
    { name: t('reports.asa'), by: (r) => r.asa_ms ?? null, show: (r) => length(r.asa_ms) },
    { name: t('reports.longest'), by: (r) => r.max_wait_ms, show: (r) => length(r.max_wait_ms) },
    { name: t('reports.aht'), by: (r) => r.aht_ms ?? null, show: (r) => length(r.aht_ms) },
  ];
  const whole = total(rows);
  return (
    <div className={styles.box}>
      <Section
        title={t('reports.overview')}
        actions={
          <Select size="small" value={queue} aria-label={t('reports.queue')} onChange={(_, d) => setQueue(d.value)}>
            <option value="">{t('reports.all-queues')}</option>
            {rows.map((r) => (
              <option key={r.queue} value={r.queue}>
                {clean(names.queue(r.queue))}
              </option>
            ))}
          </Select>
        }
      >
        <dl className={styles.figures}>
          {figure(t('reports.offered'), n(all.offered))}
          {figure(t('reports.answered'), n(all.answered))}
          {figure(t('reports.abandon-rate'), percent(all.abandonRate, 1))}
          {figure(t('reports.service-level'), percent(all.level))}
          {figure(t('reports.asa'), clockOf(all.asa))}
          {figure(t('reports.longest'), clockOf(all.longest))}
          {figure(t('reports.aht'), clockOf(all.aht))}
        </dl>
      </Section>
      {seen.start.length === 0 ? (
        <Empty>{t('reports.nothing')}</Empty>
      ) : (
        <div className={styles.charts}>
          <Section title={t('reports.calls')}>
            <Suspense fallback={<Loading />}>
              <Chart label={t('reports.calls-chart')} start={seen.start} {...edge} lines={calls} when={when} time={t('reports.time')} />
            </Suspense>
          </Section>
          <Section title={t('reports.service-level')}>
            <Suspense fallback={<Loading />}>
              <Chart label={t('reports.level-chart')} start={seen.start} {...edge} lines={levels} when={when} time={t('reports.time')} most={1} />
            </Suspense>
          </Section>
        </div>
      )}
      <Section title={t('reports.queues')}>
        <div className={styles.table}>
          <Table
            label={t('reports.queues')}
            rows={rows}
            id={(r) => r.queue}
            columns={columns}
            sum={[
              t('reports.sum'),
              n(whole.offered),
              n(whole.answered),
              n(whole.abandoned),
              percent(whole.abandonRate, 1),
              percent(whole.level),
              length(whole.asa),
              length(whole.longest),
              length(whole.aht),
            ]}
          />
          <Formulas
            all={sums.data.formulas}
            of={[
              { name: t('reports.service-level'), key: 'service_level' },
              { name: t('reports.abandon-rate'), key: 'abandon_rate' },
              { name: t('reports.asa'), key: 'asa_ms' },
              { name: t('reports.aht'), key: 'aht_ms' },
              { name: t('reports.identity'), key: 'identity' },
            ]}
          />
        </div>
      </Section>
      {seen.start.length > 0 && <Figures seen={seen} when={when} />}
    </div>
  );
}

/** What the charts show, as a table. */
function Figures({ seen, when }: { seen: ReturnType<typeof points>; when: (seconds: number) => string }) {
  const { t, n, percent, length } = useI18n();
  const rows = seen.start.map((start, k) => ({
    start,
    answered: seen.answered[k] ?? 0,
    abandoned: seen.abandoned[k] ?? 0,
    level: seen.level[k] ?? null,
    wait: seen.wait[k] ?? null,
  }));
  type Row = (typeof rows)[0];
  const columns: [Column<Row>, ...Column<Row>[]] = [
    { name: t('reports.time'), by: (r) => r.start, show: (r) => when(r.start) },
    { name: t('reports.answered'), by: (r) => r.answered, show: (r) => n(r.answered) },
    { name: t('reports.abandoned'), by: (r) => r.abandoned, show: (r) => n(r.abandoned) },
    { name: t('reports.service-level'), by: (r) => r.level, show: (r) => percent(r.level) },
    { name: t('reports.asa'), by: (r) => r.wait, show: (r) => length(r.wait) },
  ];
  return (
    <Section title={t('reports.figures')}>
      <Table label={t('reports.figures')} rows={rows} id={(r) => String(r.start)} columns={columns} />
    </Section>
  );
}
