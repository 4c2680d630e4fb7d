import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';
import { told } from './told';
import { Note } from './Note';

const useStyles = makeStyles({
  middle: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    gap: tokens.spacingVerticalM,
    padding: tokens.spacingHorizontalXXL,
    textAlign: 'center',
    color: tokens.colorNeutralForeground2,
    minHeight: '120px',
  },
  icon: { fontSize: '32px', lineHeight: 1, color: tokens.colorNeutralForeground3 },
});

export function Loading() {
  const { t } = useI18n();
  const styles = useStyles();
  return (
    <div className={styles.middle}>
      <Spinner size="small" label={t('app.loading')} />
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useI18n();
  const { text, detail } = told(error, t);
  return (
    <Note intent="error" action={retry && <Button onClick={retry}>{t('app.retry')}</Button>}>
      {text}
      {detail && <div lang="en">{detail}</div>}
    </Note>
  );
}

/** What stands where nothing is: a sign and a sentence. */
export function Empty({ icon, children }: { icon?: ReactNode; children: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.middle}>
      {icon && <span className={styles.icon}>{icon}</span>}
      <Text>{children}</Text>
    </div>
  );
}
