import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { ApiError } from '@/shared/api/problem';
import { useI18n, type I18n } from '@/shared/i18n';
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

/** An error in the user's language, with the server's own sentence where it has one. */
export function sentence(error: unknown, t: I18n['t']): string {
  if (!(error instanceof ApiError)) return t('app.failed');
  if (error.status === 0) return t('app.no-server');
  if (error.code === 'wrong') return t('app.sign-in-wrong');
  if (error.status === 403) return t('app.not-allowed');
  if (error.status === 409) return t('app.not-now');
  return error.detail || t('app.failed');
}

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
  return (
    <Note intent="error" action={retry && <Button onClick={retry}>{t('app.retry')}</Button>}>
      {sentence(error, t)}
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
