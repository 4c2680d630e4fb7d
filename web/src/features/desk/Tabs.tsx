import { makeStyles, tokens } from '@fluentui/react-components';
import { lazy, Suspense, useId, useRef, useState, type KeyboardEvent } from 'react';
import { useI18n, type MessageKey } from '@/shared/i18n';
import { Loading } from '@/shared/ui/Feedback';
import { MyCalls } from './MyCalls';

const Callbacks = lazy(async () => ({ default: (await import('./Callbacks')).Callbacks }));
const Voicemail = lazy(async () => ({ default: (await import('./Voicemail')).Voicemail }));

const useStyles = makeStyles({
  box: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    minWidth: 0,
  },
  tabs: { display: 'flex', flexWrap: 'wrap', gap: '4px', padding: '6px 12px 0', borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
  tab: {
    position: 'relative',
    padding: '8px 10px 10px',
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase300,
    color: tokens.colorNeutralForeground2,
    backgroundColor: 'transparent',
    border: 'none',
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
    '&[aria-selected="true"]': { color: tokens.colorNeutralForeground1, fontWeight: tokens.fontWeightSemibold },
    '&[aria-selected="true"]::after': {
      content: '""',
      position: 'absolute',
      left: '10px',
      right: '10px',
      bottom: '-1px',
      height: '3px',
      borderRadius: '2px',
      backgroundColor: tokens.colorCompoundBrandStroke,
    },
  },
  panel: { padding: '12px 16px 16px', outlineStyle: 'none' },
});

const TABS = [
  { id: 'calls', name: 'desk.recent-calls' },
  { id: 'callbacks', name: 'desk.callbacks' },
  { id: 'voicemail', name: 'desk.voicemail' },
] as const satisfies readonly { id: string; name: MessageKey }[];

type TabId = (typeof TABS)[number]['id'];

/** What lies beside the work: earlier calls, promises, messages. */
export function Tabs({ agent }: { agent: string }) {
  const { t } = useI18n();
  const styles = useStyles();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [tab, setTab] = useState<TabId>('calls');
  const press = (e: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const at = (TABS.findIndex((x) => x.id === tab) + step + TABS.length) % TABS.length;
    const next = TABS[at];
    if (!next) return;
    setTab(next.id);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[at]?.focus();
  };
  return (
    <div className={styles.box}>
      <div ref={list} role="tablist" aria-label={t('desk.beside')} className={styles.tabs} onKeyDown={press}>
        {TABS.map(({ id: own, name }) => (
          <button
            key={own}
            type="button"
            role="tab"
            id={`${id}-${own}`}
            aria-controls={`${id}-panel`}
            aria-selected={tab === own}
            tabIndex={tab === own ? 0 : -1}
            className={styles.tab}
            onClick={() => setTab(own)}
          >
            {t(name)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${tab}`} className={styles.panel}>
        <Suspense fallback={<Loading />}>
          {tab === 'calls' && <MyCalls agent={agent} />}
          {tab === 'callbacks' && <Callbacks />}
          {tab === 'voicemail' && <Voicemail agent={agent} />}
        </Suspense>
      </div>
    </div>
  );
}
