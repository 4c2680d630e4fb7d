// One call: who, what happened and why, and its sound.

import { Badge, Button, makeStyles, Subtitle1, tokens } from '@fluentui/react-components';
import { ArrowLeft20Regular, CallEnd20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, type ReactNode } from 'react';
import { dispositionsQuery, useNames } from '@/shared/api/names';
import type { CallDetail } from '@/shared/api/types';
import { Player } from '@/shared/audio/Player';
import { useHangUp } from '@/shared/calls/actions';
import { Notes } from '@/shared/calls/Notes';
import { callQuery } from '@/shared/calls/queries';
import { useNow } from '@/shared/format/now';
import { useI18n } from '@/shared/i18n';
import { useCall } from '@/shared/live/store';
import { atLeast, useSession } from '@/shared/session';
import { Bdi } from '@/shared/ui/Bdi';
import { Face } from '@/shared/ui/Face';
import { Failed, Loading } from '@/shared/ui/Feedback';
import { Section } from '@/shared/ui/Page';
import { Since } from '@/shared/ui/Since';
import { draw } from './lanes';
import { LaneDrawing } from './LaneDrawing';
import { Quality } from './Quality';
import { Routing } from './Routing';
import { momentText } from '@/shared/calls/words';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  page: {
    display: 'flex',
    flexDirection: 'column',
    gap: '16px',
    padding: '12px 24px 24px',
    maxWidth: '1440px',
    margin: '0 auto',
    [NARROW]: { padding: '8px 12px 20px', gap: '12px' },
  },
  back: { alignSelf: 'flex-start', marginLeft: '-8px', display: 'inline-flex', gap: '6px', alignItems: 'center', padding: '4px 8px', color: tokens.colorNeutralForeground2, textDecorationLine: 'none', borderRadius: tokens.borderRadiusMedium, ':hover': { color: tokens.colorNeutralForeground1 }, ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  head: { display: 'flex', alignItems: 'center', gap: '12px', flexWrap: 'wrap' },
  who: { display: 'flex', flexDirection: 'column', minWidth: 0, flexGrow: 1 },
  quiet: { color: tokens.colorNeutralForeground2 },
  facts: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(140px, 1fr))', gap: '12px 20px' },
  fact: { display: 'flex', flexDirection: 'column', gap: '2px', minWidth: 0 },
  columns: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)', gap: '16px', alignItems: 'start', '@media (max-width: 1023px)': { gridTemplateColumns: 'minmax(0, 1fr)' } },
  column: { display: 'flex', flexDirection: 'column', gap: '16px', minWidth: 0 },
  moments: { display: 'grid', gridTemplateColumns: 'auto minmax(0, 1fr)', gap: '6px 16px', padding: 0, listStyleType: 'none' },
  moment: { display: 'contents' },
  time: { fontVariantNumeric: 'tabular-nums', color: tokens.colorNeutralForeground2 },
  recordings: { display: 'flex', flexDirection: 'column', gap: '16px' },
});

export function CallPage() {
  const { t } = useI18n();
  const styles = useStyles();
  const { id } = useParams({ from: '/calls/$id' });
  const live = useCall(id);
  const found = useQuery(callQuery(id));
  const { refetch } = found;
  // The detail does not come live: asked for anew whenever the call changed.
  useEffect(() => void refetch(), [live, refetch]);
  useEffect(() => {
    document.title = `${t('calls.call-title', { call: id })} – Switchroom`;
  }, [t, id]);
  return (
    <div className={styles.page}>
      <Link to="/calls" className={styles.back}>
        <ArrowLeft20Regular />
        {t('calls.back')}
      </Link>
      {found.data ? <Shown call={found.data} /> : found.isError ? <Failed error={found.error} retry={() => void refetch()} /> : <Loading />}
    </div>
  );
}

function Shown({ call }: { call: CallDetail }) {
  const i18n = useI18n();
  const { t, word } = i18n;
  const styles = useStyles();
  const session = useSession();
  const names = useNames();
  const hangUp = useHangUp();
  const dispositions = useQuery(dispositionsQuery).data;
  const said = [...new Set(call.dispositions.map(({ disposition: id }) => dispositions?.find((d) => d.id === id)?.name || id))].join(', ');
  const open = call.state !== 'ended';
  const number = call.caller ? i18n.phone(call.caller) : t('app.withheld');
  const fact = (name: string, value: ReactNode) =>
    value ? (
      <div className={styles.fact}>
        <dt className={styles.quiet}>{name}</dt>
        <dd>{value}</dd>
      </div>
    ) : null;
  return (
    <>
      <div className={styles.head}>
        <Face name={call.caller_name || '?'} size={44} />
        <div className={styles.who}>
          <Subtitle1 as="h1">
            <Bdi>{call.caller_name || number}</Bdi>
          </Subtitle1>
          <span className={styles.quiet}>
            {call.caller_name && (
              <>
                <Bdi>{number}</Bdi> ·{' '}
              </>
            )}
            {t('calls.call-title', { call: call.id })}
          </span>
        </div>
        <Badge size="large" appearance="tint" color={open ? 'brand' : 'informative'}>
          {open
            ? (word('words', `call-${call.state}`) ?? call.state)
            : (word('words', `outcome-${call.outcome ?? ''}`) ?? t('words.call-ended'))}
        </Badge>
        {open && atLeast(session.role, 'supervisor') && (
          <Button icon={<CallEnd20Regular />} onClick={() => hangUp.mutate(call.id)}>
            {t('calls.end')}
          </Button>
        )}
      </div>
      <Section>
        <dl className={styles.facts}>
          {fact(t('calls.began'), i18n.moment(call.began))}
          {fact(t('calls.number'), call.number && <Bdi>{i18n.phone(names.number(call.number))}</Bdi>)}
          {fact(t('calls.queue'), call.queue && <Bdi>{names.queue(call.queue)}</Bdi>)}
          {fact(t('calls.agent'), call.agent && <Bdi>{names.user(call.agent)}</Bdi>)}
          {fact(t('calls.disposition'), said && <Bdi>{said}</Bdi>)}
          {fact(t('calls.waited'), call.waited_ms != null && i18n.length(call.waited_ms))}
          {fact(t('calls.talked'), open ? <Since at={call.began} /> : i18n.length(call.talked_ms))}
          {fact(
            t('calls.ended-by'),
            call.ended_by && `${word('words', `by-${call.ended_by}`) ?? call.ended_by}: ${word('words', `reason-${call.reason ?? ''}`) ?? ''}`,
          )}
          {fact(t('calls.fault'), call.fault && call.fault !== 'nobody' && (word('words', `fault-${call.fault}`) ?? call.fault))}
        </dl>
      </Section>
      <Section title={t('calls.course')}>
        <Course call={call} />
      </Section>
      <div className={styles.columns}>
        <div className={styles.column}>
          {call.recordings.length > 0 && <Recordings call={call} />}
          <Routing call={call.id} decisions={call.explanation} />
          <Quality call={call} />
          <Notes call={call.id} titled />
        </div>
        <Section title={t('calls.all-moments')}>
          <ol className={styles.moments}>
            {call.timeline.map((moment, n) => (
              <li key={n} className={styles.moment}>
                <span className={styles.time}>{i18n.exact(moment.at)}</span>
                <span>{momentText(moment, i18n, names)}</span>
              </li>
            ))}
          </ol>
        </Section>
      </div>
    </>
  );
}

function Course({ call }: { call: CallDetail }) {
  return call.state === 'ended' ? <OverCourse call={call} /> : <OpenCourse call={call} />;
}

function OverCourse({ call }: { call: CallDetail }) {
  const drawing = useMemo(() => draw(call, 0), [call]);
  return <LaneDrawing drawing={drawing} />;
}

function OpenCourse({ call }: { call: CallDetail }) {
  const now = useNow();
  const drawing = useMemo(() => draw(call, now), [call, now]);
  return <LaneDrawing drawing={drawing} />;
}

function Recordings({ call }: { call: CallDetail }) {
  const { t } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const names = useNames();
  const channels = [call.caller_name || t('calls.channel-customer'), call.agent ? names.user(call.agent) : t('calls.channel-agent')];
  return (
    <Section title={t('calls.recording')}>
      <div className={styles.recordings}>
        {call.state === 'ended'
          ? call.recordings.map((id) => <Player key={id} recording={id} channels={channels} download={session.role === 'owner'} />)
          : t('calls.recording-when-over')}
      </div>
    </Section>
  );
}
