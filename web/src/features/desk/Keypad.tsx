import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useState, type KeyboardEvent } from 'react';
import { useI18n } from '@/shared/i18n';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;

const useStyles = makeStyles({
  pad: { display: 'grid', gridTemplateColumns: 'repeat(3, 56px)', gap: '6px' },
  key: { minWidth: 0, height: '44px', fontSize: tokens.fontSizeBase400 },
  pressed: { minHeight: tokens.lineHeightBase400, textAlign: 'center', fontVariantNumeric: 'tabular-nums', letterSpacing: '2px', overflow: 'hidden' },
});

/** The keys of a telephone; those of the keyboard work too. */
export function Keypad({ press }: { press: (key: string) => void }) {
  const { t } = useI18n();
  const styles = useStyles();
  const [pressed, setPressed] = useState('');
  const send = (key: string) => {
    press(key);
    setPressed((all) => (all + key).slice(-14));
  };
  const type = (e: KeyboardEvent) => {
    if (!KEYS.some((k) => k === e.key) || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    send(e.key);
  };
  return (
    <div onKeyDown={type}>
      <div className={styles.pressed} role="status" aria-label={t('desk.keys-pressed')}>
        {pressed}
      </div>
      <div className={styles.pad}>
        {KEYS.map((key) => (
          <Button key={key} className={styles.key} onClick={() => send(key)}>
            {key}
          </Button>
        ))}
      </div>
    </div>
  );
}
