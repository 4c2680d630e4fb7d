import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { ArrowForward20Regular, ArrowUndo20Regular, PeopleCall20Regular } from '@fluentui/react-icons';
import { useNames } from '@/shared/api/names';
import type { LegView } from '@/shared/api/types';
import { useAct, type Action } from '@/shared/calls/actions';
import { placeText } from '@/shared/calls/words';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import type { Consultation as Asked } from './situation';

const useStyles = makeStyles({
  box: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '8px 12px',
    padding: '10px 14px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorBrandBackground2,
    color: tokens.colorNeutralForeground1,
  },
  text: { flexGrow: 1 },
});

/** Somebody else is asked while the caller hears music; the three ways to end that. */
export function Consultation({ call, consultation, legs }: { call: string; consultation: Asked; legs: readonly LegView[] }) {
  const i18n = useI18n();
  const { t } = i18n;
  const styles = useStyles();
  const names = useNames();
  const act = useAct();
  const run = (action: Action) => act.mutate({ call, action });
  const answered = legs.some((l) => l.role !== 'caller' && l.role !== 'supervisor' && l.state === 'up');
  return (
    <div className={styles.box} role="group" aria-label={t('desk.consultation')}>
      <span className={styles.text} role="status">
        {t(answered ? 'desk.consults' : 'desk.consults-rings')} <Bdi>{placeText(consultation.to, i18n, names)}</Bdi>
      </span>
      <Button size="small" appearance="primary" icon={<ArrowForward20Regular />} onClick={() => run({ action: 'complete' })}>
        {t('desk.complete')}
      </Button>
      <Button size="small" icon={<PeopleCall20Regular />} disabled={!answered} onClick={() => run({ action: 'join' })}>
        {t('desk.join')}
      </Button>
      <Button size="small" icon={<ArrowUndo20Regular />} onClick={() => run({ action: 'abort' })}>
        {t('desk.abort')}
      </Button>
    </div>
  );
}
