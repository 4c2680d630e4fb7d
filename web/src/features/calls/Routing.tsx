import { Badge, Button, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNames } from '@/shared/api/names';
import type { DecisionView } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Empty, Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { explanationQuery } from './api';
import { decisionText } from '@/shared/calls/words';

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: '14px', padding: 0, listStyleType: 'none' },
  item: { display: 'flex', flexDirection: 'column', gap: '4px' },
  head: { display: 'flex', alignItems: 'center', gap: '8px', flexWrap: 'wrap' },
  time: { fontVariantNumeric: 'tabular-nums', color: tokens.colorNeutralForeground2 },
  text: { lineHeight: tokens.lineHeightBase400 },
  scroll: { overflowX: 'auto' },
  table: { width: '100%', borderCollapse: 'collapse', fontSize: tokens.fontSizeBase200 },
  cell: { textAlign: 'start', padding: '4px 8px 4px 0', borderBottom: `1px solid ${tokens.colorNeutralStroke3}`, fontWeight: tokens.fontWeightRegular },
  quiet: { color: tokens.colorNeutralForeground2 },
});

/** Why whom was rung, in words; and on demand everybody who was not, and why not. */
export function Routing({ call, decisions }: { call: string; decisions: readonly DecisionView[] }) {
  const i18n = useI18n();
  const styles = useStyles();
  const names = useNames();
  const [whole, setWhole] = useState(false);
  return (
    <Section
      title={i18n.t('calls.routing')}
      actions={
        decisions.length > 0 &&
        !whole && (
          <Button size="small" appearance="subtle" onClick={() => setWhole(true)}>
            {i18n.t('calls.everybody')}
          </Button>
        )
      }
    >
      {decisions.length === 0 && <Empty>{i18n.t('calls.not-offered')}</Empty>}
      <ol className={styles.list}>
        {decisions.map((d, n) => (
          <li key={n} className={styles.item}>
            <span className={styles.head}>
              <span className={styles.time}>{i18n.exact(d.at)}</span>
              <Bdi>{names.queue(d.queue)}</Bdi>
              <Badge appearance="tint" color={d.outcome === 'answered' ? 'success' : d.outcome === 'open' ? 'brand' : 'subtle'}>
                {i18n.word('words', `offer-${d.outcome}`) ?? d.outcome}
              </Badge>
            </span>
            <span className={styles.text}>{decisionText(d, i18n, names).join(' ')}</span>
            {whole && <Everybody call={call} place={n} />}
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Everybody({ call, place }: { call: string; place: number }) {
  const i18n = useI18n();
  const styles = useStyles();
  const names = useNames();
  const found = useQuery(explanationQuery(call));
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} />;
  const agents = found.data.decisions[place]?.agents ?? [];
  const cell = (text: React.ReactNode) => <td className={styles.cell}>{text}</td>;
  return (
    <div className={styles.scroll} role="group" tabIndex={0} aria-label={i18n.t('calls.everybody')}>
      <table className={styles.table}>
        <thead>
          <tr className={styles.quiet}>
            {(['calls.agent', 'calls.idle', 'calls.why-not'] as const).map((key) => (
              <th key={key} scope="col" className={styles.cell}>
                {i18n.t(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {agents.map((a) => (
            <tr key={`${a.agent}/${a.queue}`}>
              {cell(<Bdi>{names.user(a.agent)}</Bdi>)}
              {cell(i18n.length(a.idle_ms))}
              {cell(a.rung ? <strong>{i18n.t('calls.was-rung')}</strong> : <Bdi>{a.why_not}</Bdi>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
