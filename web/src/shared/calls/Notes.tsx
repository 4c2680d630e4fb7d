import { makeStyles, Text, Textarea, tokens } from '@fluentui/react-components';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { ask } from '@/shared/api/client';
import { clean } from '@/shared/format/text';
import { useI18n } from '@/shared/i18n';
import { Failed } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';

/** The longest notes, in characters. */
const LONGEST = 4_000;
/** Written so long after the last key, in milliseconds. */
const PAUSE = 1_000;

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '4px' },
  area: { width: '100%' },
  foot: { color: tokens.colorNeutralForeground2, minHeight: tokens.lineHeightBase200 },
  title: { fontWeight: tokens.fontWeightSemibold },
});

const notesQuery = (call: string) =>
  queryOptions({
    queryKey: ['call', call, 'notes'],
    queryFn: async ({ signal }) => (await ask<{ notes?: string | null }>('GET', `/calls/${encodeURIComponent(call)}/notes`, { signal })).notes ?? '',
  });

/** Notes on a call, written by themselves while one types. Nothing where the server keeps none. */
export function Notes({ call, titled = false }: { call: string; titled?: boolean }) {
  const { t } = useI18n();
  const can = useAbilities()('put', '/calls/{}/notes');
  if (!can) return null;
  return titled ? (
    <Section title={t('calls.notes')}>
      <Fetched call={call} />
    </Section>
  ) : (
    <Fetched call={call} />
  );
}

function Fetched({ call }: { call: string }) {
  const found = useQuery(notesQuery(call));
  if (found.isError) return <Failed error={found.error} />;
  return found.data === undefined ? null : <Editor key={call} call={call} before={found.data} />;
}

function Editor({ call, before }: { call: string; before: string }) {
  const { t } = useI18n();
  const styles = useStyles();
  const queries = useQueryClient();
  const id = useId();
  const [text, setText] = useState(before);
  const written = useRef(before);
  const save = useMutation({
    mutationFn: async (notes: string) => {
      await ask('PUT', `/calls/${encodeURIComponent(call)}/notes`, { body: { notes } });
      written.current = notes;
      queries.setQueryData(notesQuery(call).queryKey, notes);
    },
  });
  const { mutate } = save;
  useEffect(() => {
    if (text === written.current) return;
    const timer = setTimeout(() => mutate(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text, mutate]);
  // What was typed last is not lost when the page goes on to the next call.
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  });
  useEffect(
    () => () => {
      if (latest.current !== written.current) mutate(latest.current);
    },
    [mutate],
  );
  return (
    <div className={styles.box}>
      <label htmlFor={id} className={styles.title}>
        {t('desk.notes')}
      </label>
      <Textarea
        id={id}
        className={styles.area}
        resize="vertical"
        rows={4}
        maxLength={LONGEST}
        value={clean(text, LONGEST)}
        onChange={(_, d) => setText(d.value)}
      />
      <Text size={200} className={styles.foot} role="status">
        {save.isPending ? t('desk.notes-saving') : save.isSuccess && text === written.current ? t('desk.notes-saved') : ''}
      </Text>
      {save.isError && <Failed error={save.error} retry={() => mutate(text)} />}
    </div>
  );
}
