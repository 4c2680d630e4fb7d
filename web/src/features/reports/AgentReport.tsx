import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useNames } from '@/shared/api/names';
import type { AgentRow } from '@/shared/api/types';
import { hours } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { agentReport } from './api';
import { Formulas } from './Formulas';
import { parts, type Span } from './series';
import { Table, type Column } from './Table';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '16px' },
  bar: { display: 'flex', gap: '1px', height: '10px', width: '160px', marginLeft: 'auto', borderRadius: '3px', overflow: 'hidden', forcedColorAdjust: 'none' },
  available: { backgroundColor: tokens.colorPaletteLightGreenForeground3 },
  offered: { backgroundColor: tokens.colorBrandBackground },
  talking: { backgroundColor: tokens.colorPaletteBlueBorderActive },
  'wrap-up': { backgroundColor: tokens.colorPaletteLightTealBorderActive },
  break: { backgroundColor: tokens.colorPaletteMarigoldBorderActive },
  suspended: { backgroundColor: tokens.colorPaletteRedForeground1 },
});

type Shown = 'available' | 'offered' | 'talking' | 'wrap-up' | 'break' | 'suspended';

export function AgentReport({ span }: { span: Span }) {
  const { t, n, percent, decimal, length } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const found = useQuery(agentReport(span));
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => void found.refetch()} />;
  const { rows, formulas } = found.data;
  const columns: [Column<AgentRow>, ...Column<AgentRow>[]] = [
    { name: t('reports.agent'), by: (r) => names.user(r.agent), show: (r) => <Bdi>{names.user(r.agent)}</Bdi> },
    { name: t('reports.time-spent'), by: (r) => r.talking_ms, show: (r) => <TimeBar row={r} /> },
    { name: t('reports.handled'), by: (r) => r.handled, show: (r) => n(r.handled) },
    { name: t('reports.missed'), by: (r) => r.offers_missed, show: (r) => n(r.offers_missed) },
    { name: t('reports.answer-rate'), by: (r) => r.answer_rate ?? null, show: (r) => percent(r.answer_rate) },
    { name: t('reports.aht'), by: (r) => r.aht_ms ?? null, show: (r) => length(r.aht_ms) },
    { name: t('reports.occupancy'), by: (r) => r.occupancy ?? null, show: (r) => percent(r.occupancy) },
    { name: t('reports.per-hour'), by: (r) => r.contacts_per_hour ?? null, show: (r) => decimal(r.contacts_per_hour) },
    { name: t('reports.talked'), by: (r) => r.talking_ms, show: (r) => hours(r.talking_ms) },
    { name: t('reports.free'), by: (r) => r.available_ms, show: (r) => hours(r.available_ms) },
    { name: t('reports.breaks'), by: (r) => r.break_ms, show: (r) => hours(r.break_ms) },
  ];
  return (
    <Section title={t('reports.agents')}>
      <div className={styles.box}>
        {rows.length === 0 ? (
          <Empty>{t('reports.nothing')}</Empty>
        ) : (
          <Table label={t('reports.agents')} rows={rows} id={(r) => r.agent} columns={columns} />
        )}
        <Formulas
          all={formulas}
          of={[
            { name: t('reports.answer-rate'), key: 'answer_rate' },
            { name: t('reports.aht'), key: 'aht_ms' },
            { name: t('reports.occupancy'), key: 'occupancy' },
            { name: t('reports.per-hour'), key: 'contacts_per_hour' },
          ]}
        />
      </div>
    </Section>
  );
}

/** How an agent's time was spent, as a bar; the columns beside it say it in figures. */
function TimeBar({ row }: { row: AgentRow }) {
  const { t } = useI18n();
  const styles = useStyles();
  const all = parts(row);
  return (
    <div className={styles.bar} role="img" aria-label={all.map((p) => `${t(`words.state-${p.state as Shown}`)} ${hours(p.ms)}`).join(', ')}>
      {all.map((p) => (
        <span key={p.state} className={mergeClasses(styles[p.state as Shown])} style={{ flexGrow: p.ms }} title={t(`words.state-${p.state as Shown}`)} />
      ))}
    </div>
  );
}
