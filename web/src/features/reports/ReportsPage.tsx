// The first page of reports: today and the last weeks, by queue and by agent.

import { Button, makeStyles, Select, ToggleButton, tokens } from '@fluentui/react-components';
import { ArrowDownload20Regular } from '@fluentui/react-icons';
import { useMemo, useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { Page } from '@/shared/ui/Page';
import { useSay } from '@/shared/ui/toasts';
import { AgentReport } from './AgentReport';
import { saveCsv } from './api';
import { QueueReport } from './QueueReport';
import { RANGES, spanOf, type Range } from './series';

const useStyles = makeStyles({
  choices: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  kinds: { display: 'flex', gap: '4px' },
  box: { display: 'flex', flexDirection: 'column', gap: '16px' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

type Kind = 'queues' | 'agents';

export function ReportsPage() {
  const { t } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const [range, setRange] = useState<Range>('today');
  const [kind, setKind] = useState<Kind>('queues');
  // The moment of choosing counts: figures do not move while somebody reads them.
  const span = useMemo(() => spanOf(range, Date.now()), [range]);
  return (
    <Page
      title={t('app.reports')}
      actions={
        <div className={styles.choices}>
          <span className={styles.kinds} role="group" aria-label={t('reports.of')}>
            {(['queues', 'agents'] as const).map((k) => (
              <ToggleButton key={k} checked={kind === k} onClick={() => setKind(k)}>
                {t(`reports.${k}`)}
              </ToggleButton>
            ))}
          </span>
          <Select value={range} aria-label={t('reports.range')} onChange={(_, d) => setRange(d.value as Range)}>
            {RANGES.map((r) => (
              <option key={r} value={r}>
                {t(`reports.range-${r}`)}
              </option>
            ))}
          </Select>
          <Button
            icon={<ArrowDownload20Regular />}
            onClick={() => void saveCsv(kind, span, kind === 'queues' ? span.by : 'total').catch(say.fail)}
          >
            CSV
          </Button>
        </div>
      }
    >
      {kind === 'queues' ? <QueueReport span={span} /> : <AgentReport span={span} />}
    </Page>
  );
}
