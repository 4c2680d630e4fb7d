import { Button, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { CallAdd20Regular } from '@fluentui/react-icons';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, need } from '@/shared/api/client';
import { numbersQuery, useNames } from '@/shared/api/names';
import { dialable, phone } from '@/shared/format/phone';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { registered } from '@/shared/softphone/phone';
import { useSay } from '@/shared/ui/toasts';
import { isDialable } from './situation';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', gap: '8px', paddingTop: '14px', borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
  number: { flexGrow: 1, minWidth: '180px' },
  select: { minWidth: '150px', maxWidth: '220px' },
});

/** A call of one's own: one's phone rings first, then the number is called. */
export function Dial({ agent }: { agent: string }) {
  const { t, locale } = useI18n();
  const styles = useStyles();
  const say = useSay();
  const names = useNames();
  const queues = useAgent(agent)?.queues ?? [];
  const numbers = useQuery(numbersQuery).data ?? [];
  const [text, setText] = useState('');
  const [shown, setShown] = useState('');
  const [queue, setQueue] = useState('');
  const to = dialable(text);
  const dial = useMutation({
    mutationFn: () =>
      // Where the agent is rung was chosen before. Where that is this page, it is not rung: whoever asked sits at it.
      need(api.POST('/api/v1/dial', { body: { agent, to, number: shown || null, queue: queue || null, softphone: registered(), correlation: crypto.randomUUID(), through: null } })),
    onError: say.fail,
    onSuccess: () => setText(''),
  });
  return (
    <form
      className={styles.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (isDialable(to)) dial.mutate();
      }}
    >
      <Input
        className={styles.number}
        type="tel"
        value={text}
        autoComplete="off"
        placeholder={t('desk.number-to-call')}
        aria-label={t('desk.number-to-call')}
        onChange={(_, d) => setText(d.value)}
      />
      {numbers.length > 0 && (
        <Select className={styles.select} value={shown} aria-label={t('desk.shown-number')} onChange={(_, d) => setShown(d.value)}>
          <option value="">{t('desk.shown-number-none')}</option>
          {numbers.map((n) => (
            <option key={n.id} value={n.id}>
              {t('desk.shown-as', { number: phone(n.number, locale) })}
            </option>
          ))}
        </Select>
      )}
      {queues.length > 0 && (
        <Select className={styles.select} value={queue} aria-label={t('desk.counts-for')} onChange={(_, d) => setQueue(d.value)}>
          <option value="">{t('desk.counts-for-none')}</option>
          {queues.map((q) => (
            <option key={q} value={q}>
              {clean(names.queue(q))}
            </option>
          ))}
        </Select>
      )}
      <Button type="submit" icon={<CallAdd20Regular />} disabled={!isDialable(to) || dial.isPending}>
        {t('desk.call')}
      </Button>
    </form>
  );
}
