import type { ReactNode } from 'react';
import type { CallDetail } from '@/shared/api/types';
import { useNames } from '@/shared/api/names';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Face } from '@/shared/ui/Face';
import { useCardStyles } from './style';

/** Who it is that calls, or is called, and how they came here. */
export function Caller({ call, children }: { call: CallDetail | undefined; children?: ReactNode }) {
  const i18n = useI18n();
  const styles = useCardStyles();
  const names = useNames();
  const number = call?.caller ? i18n.phone(call.caller) : i18n.t('app.withheld');
  const name = call?.caller_name;
  return (
    <div className={styles.head}>
      <Face name={name || '?'} size={52} />
      <div className={styles.who}>
        <span className={styles.name} role="heading" aria-level={2}>
          <Bdi>{call ? name || number : i18n.t('app.loading')}</Bdi>
        </span>
        <span className={styles.facts}>
          {name && <Bdi>{number}</Bdi>}
          {call?.queue && <Bdi>{names.queue(call.queue)}</Bdi>}
          {call?.number && <span>{i18n.t('desk.called-number', { number: i18n.phone(names.number(call.number)) })}</span>}
        </span>
      </div>
      {children}
    </div>
  );
}
