// Messages that appear for a moment. Fluent's own bring a library for moving them; these only appear.

import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { CheckmarkCircle20Regular, Dismiss16Regular, ErrorCircle20Regular, Warning20Regular } from '@fluentui/react-icons';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useI18n } from '@/shared/i18n';
import { told } from './told';

type Intent = 'done' | 'warn' | 'fail';
interface Said {
  id: number;
  intent: Intent;
  text: string;
  /** The server's own sentence, in English. */
  detail: string | null;
}

/** The most that stand there at once. */
const MOST = 4;
/** How long each stands there, in milliseconds: what went wrong longer than what went well. */
const STAYS: Record<Intent, number> = { done: 3_000, warn: 8_000, fail: 8_000 };

let said: readonly Said[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Said[]): void {
  said = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function add(intent: Intent, text: string, detail: string | null = null): void {
  // The same again is not worth a second one.
  set([...said.filter((s) => s.text !== text || s.detail !== detail), { id: (last += 1), intent, text, detail }].slice(-MOST));
}

const remove = (id: number) => set(said.filter((s) => s.id !== id));

const useStyles = makeStyles({
  box: {
    position: 'fixed',
    insetInlineEnd: '16px',
    bottom: '16px',
    zIndex: 1_000_000,
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    width: 'min(380px, calc(100vw - 32px))',
    '@media (max-width: 719px)': { bottom: '68px' },
  },
  toast: {
    display: 'flex',
    alignItems: 'flex-start',
    gap: '10px',
    padding: '10px 6px 10px 12px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    boxShadow: tokens.shadow16,
    border: `1px solid ${tokens.colorTransparentStroke}`,
  },
  text: { flexGrow: 1, paddingTop: '1px', lineHeight: tokens.lineHeightBase300, fontSize: tokens.fontSizeBase300 },
  icon: { flexShrink: 0 },
  done: { color: tokens.colorStatusSuccessForeground1 },
  warn: { color: tokens.colorStatusWarningForeground1 },
  fail: { color: tokens.colorStatusDangerForeground3 },
});

const ICONS = { done: CheckmarkCircle20Regular, warn: Warning20Regular, fail: ErrorCircle20Regular };

/** Where messages appear; once in the app. */
export function Toasts() {
  const styles = useStyles();
  const shown = useSyncExternalStore(subscribe, () => said);
  return (
    <div className={styles.box} role="status" aria-live="polite">
      {shown.map((s) => (
        <Shown key={s.id} {...s} />
      ))}
    </div>
  );
}

function Shown({ id, intent, text, detail }: Said) {
  const { t } = useI18n();
  const styles = useStyles();
  useEffect(() => {
    const timer = setTimeout(() => remove(id), STAYS[intent]);
    return () => clearTimeout(timer);
  }, [id, intent]);
  const Icon = ICONS[intent];
  return (
    <div className={styles.toast}>
      <Icon className={mergeClasses(styles.icon, styles[intent])} />
      <span className={styles.text}>
        {text}
        {detail && <div lang="en">{detail}</div>}
      </span>
      <Button appearance="transparent" size="small" icon={<Dismiss16Regular />} aria-label={t('app.close')} onClick={() => remove(id)} />
    </div>
  );
}

export interface Say {
  done: (text: string) => void;
  warn: (text: string) => void;
  fail: (error: unknown) => void;
}

/** Says something for a moment. */
export function useSay(): Say {
  const { t } = useI18n();
  return useMemo(
    () => ({
      done: (text) => add('done', text),
      warn: (text) => add('warn', text),
      fail: (error) => {
        const { text, detail } = told(error, t);
        add('fail', text, detail);
      },
    }),
    [t],
  );
}
