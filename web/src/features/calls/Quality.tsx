// How well each participant of a call was heard, and heard the others: one line for each way that was measured.

import { Badge, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useNames, type Names } from '@/shared/api/names';
import type { CallDetail, LegView, WayView } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Section } from '@/shared/ui/Page';

const useStyles = makeStyles({
  box: { overflowX: 'auto' },
  table: { width: '100%', borderCollapse: 'collapse' },
  head: { textAlign: 'start', padding: '4px 8px 4px 0', fontWeight: tokens.fontWeightRegular, fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2, whiteSpace: 'nowrap' },
  cell: { textAlign: 'start', padding: '4px 8px 4px 0', fontWeight: tokens.fontWeightRegular },
  number: { fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' },
});

const COLORS = { good: 'success', fair: 'warning', poor: 'danger' } as const;

interface Line {
  key: string;
  way: 'heard' | 'sent';
  leg: LegView;
  figures: WayView;
}

/** The ways of a call's legs that were measured, in the order of the legs. */
export function measured(call: CallDetail): Line[] {
  return call.legs.flatMap((leg) =>
    (['heard', 'sent'] as const).flatMap((way) => {
      const figures = leg.quality?.[way];
      return figures ? [{ key: `${leg.id}-${way}`, way, leg, figures }] : [];
    }),
  );
}

export function Quality({ call }: { call: CallDetail }) {
  const { t } = useI18n();
  const styles = useStyles();
  const names = useNames();
  const lines = measured(call);
  if (lines.length === 0) return null;
  return (
    <Section title={t('calls.quality')}>
      <div className={styles.box} role="group" tabIndex={0} aria-label={t('calls.quality')}>
        <table className={styles.table}>
          <thead>
            <tr>
              {(['leg', 'codec', 'lost', 'jitter', 'round-trip', 'opinion'] as const).map((column) => (
                <th key={column} scope="col" className={styles.head}>
                  {t(`calls.quality-${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <Row key={line.key} line={line} call={call} names={names} />
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Row({ line: { leg, way, figures }, call, names }: { line: Line; call: CallDetail; names: Names }) {
  const { t, word, rich, percent, decimal } = useI18n();
  const styles = useStyles();
  const numeric = mergeClasses(styles.cell, styles.number);
  const ms = (value: number | null | undefined) => (value == null ? '–' : t('calls.milliseconds', { ms: decimal(value, 1) }));
  const name = leg.agent ? names.user(leg.agent) : leg.role === 'caller' ? call.caller_name : undefined;
  const who = name || (word('words', `leg-${leg.role}`) ?? leg.role);
  const opinion = figures.opinion as keyof typeof COLORS;
  return (
    <tr>
      <th scope="row" className={styles.cell}>
        {rich(`calls.quality-${way}`, { who: <Bdi>{who}</Bdi> })}
      </th>
      <td className={styles.cell}>{leg.quality?.codec}</td>
      <td className={numeric}>{percent(figures.lost_percent / 100, 1)}</td>
      <td className={numeric}>{ms(figures.jitter_ms)}</td>
      <td className={numeric}>{ms(leg.quality?.round_trip_ms)}</td>
      <td className={styles.cell}>
        <Badge appearance="tint" color={COLORS[opinion] ?? 'informative'} title={decimal(figures.mos, 2)}>
          {word('words', `heard-${figures.opinion}`) ?? figures.opinion}
        </Badge>
      </td>
    </tr>
  );
}
