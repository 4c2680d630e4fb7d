// The end of an account, for whoever has its receipt.

import { Button, makeStyles, Title3, tokens } from '@fluentui/react-components';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useI18n } from '@/shared/i18n';
import { type Closing, closingOf, takeBack } from '@/shared/session/closing';
import { Bdi } from '@/shared/ui/Bdi';
import { Failed, Loading } from '@/shared/ui/Feedback';
import { Note } from '@/shared/ui/Note';
import { Mark } from './Mark';

/** Between two looks while it goes on, and while its day has not come, in milliseconds. */
const AGAIN = 2_000;
const LATER = 60_000;

/** How long until it is looked at again; `false` where nothing changes any more. */
function untilAgain(closing: Closing | undefined): number | false {
  if (!closing || closing.state === 'done') return false;
  return closing.state === 'disposing' || Date.parse(closing.disposal) <= Date.now() ? AGAIN : LATER;
}

const useStyles = makeStyles({
  page: { height: '100%', overflowY: 'auto', backgroundColor: tokens.colorNeutralBackground3, padding: '24px 16px', boxSizing: 'border-box' },
  box: { maxWidth: '480px', margin: '0 auto', display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL },
  act: { alignSelf: 'flex-start' },
});

export function Closed({ receipt }: { receipt: string }) {
  const { t, moment } = useI18n();
  const styles = useStyles();
  const found = useQuery({
    queryKey: ['closing', receipt],
    queryFn: () => closingOf(receipt),
    refetchInterval: (query) => untilAgain(query.state.data),
  });
  const back = useMutation({ mutationFn: () => takeBack(receipt), onSuccess: () => window.location.assign('/') });
  const closing = found.data;
  const paper = closing?.certificate ? `data:application/json;charset=utf-8,${encodeURIComponent(`${JSON.stringify(closing.certificate, null, 2)}\n`)}` : null;
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <Mark size={48} />
        <Title3 as="h1">{t('app.closed')}</Title3>
        {found.isPending && <Loading />}
        {found.isError && <Failed error={found.error} retry={() => void found.refetch()} />}
        {back.isError && <Note intent="error">{t('app.closed-not-back')}</Note>}
        {closing && (
          <>
            <span>
              <Bdi>{closing.tenant}</Bdi>
            </span>
            {closing.state === 'waiting' && <span>{t('app.closed-waiting', { time: moment(closing.disposal) })}</span>}
            {closing.state === 'disposing' && <span>{t('app.closed-disposing')}</span>}
            {closing.state === 'done' && <span>{t('app.closed-done')}</span>}
            <Note intent="info">{t('app.closed-keep')}</Note>
            {closing.state === 'waiting' && (
              <Button className={styles.act} appearance="primary" disabled={back.isPending} onClick={() => back.mutate()}>
                {t('app.closed-back')}
              </Button>
            )}
            {paper && (
              <Button as="a" className={styles.act} href={paper} download="certificate.json">
                {t('app.closed-save')}
              </Button>
            )}
          </>
        )}
      </div>
    </main>
  );
}
