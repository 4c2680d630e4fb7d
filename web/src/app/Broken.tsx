import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useI18n } from '@/shared/i18n';
import { Empty } from '@/shared/ui/Feedback';

const useStyles = makeStyles({
  page: { display: 'flex', flexDirection: 'column', alignItems: 'center', gap: tokens.spacingVerticalM, padding: '48px 16px' },
});

// After an update the pieces of the page that is open are gone from the server: a reload brings the new ones.
function isOutdated(error: unknown): boolean {
  return error instanceof TypeError && /module|import/i.test(error.message);
}

export function Broken({ error }: { error: unknown }) {
  const { t } = useI18n();
  const styles = useStyles();
  return (
    <div className={styles.page} role="alert">
      <Empty>{t(isOutdated(error) ? 'app.new-version' : 'app.page-broken')}</Empty>
      <Button appearance="primary" onClick={() => window.location.reload()}>
        {t('app.reload')}
      </Button>
    </div>
  );
}

export function Missing() {
  const { t } = useI18n();
  return <Empty>{t('app.page-missing')}</Empty>;
}
