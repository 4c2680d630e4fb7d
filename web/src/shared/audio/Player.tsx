// Plays a recording: picture of the sound, speed, silences left out. Nothing is loaded before somebody asks to hear it,
// because each listening stands in the audit log; then the browser loads what it plays, and the picture is the server's.

import { Button, makeStyles, Select, Switch, Text, tokens } from '@fluentui/react-components';
import { ArrowDownload20Regular, Pause20Filled, Play20Filled, SkipBack1020Regular, SkipForward1020Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { bytes } from '@/shared/api/client';
import { credentials } from '@/shared/api/credentials';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { Failed } from '@/shared/ui/Feedback';
import { after, shapeQuery, silences, type Shape } from './shape';
import { readWav, writePcm } from './wav';
import { Waveform } from './Waveform';

const useStyles = makeStyles({
  player: { display: 'flex', flexDirection: 'column', gap: '8px' },
  row: { display: 'flex', alignItems: 'center', gap: '4px 8px', flexWrap: 'wrap' },
  gap: { flexGrow: 1 },
  time: { fontVariantNumeric: 'tabular-nums', minWidth: '92px' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'] as const;

interface Props {
  recording: string;
  /** Who is in which channel: those without a name are not drawn. */
  channels: readonly string[];
  /** Whether it may be saved as a file. */
  download?: boolean;
  /** Told once, when it begins to play. */
  heard?: () => void;
}

export function Player(props: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const [wanted, setWanted] = useState(false);
  const shape = useQuery({ ...shapeQuery(props.recording), enabled: wanted });
  if (shape.data && wanted) return <Playing {...props} shape={shape.data} />;
  return (
    <div className={styles.player}>
      <div className={styles.row}>
        <Button
          icon={<Play20Filled />}
          disabled={shape.isFetching}
          onClick={() => {
            setWanted(true);
            if (shape.isError) void shape.refetch();
          }}
        >
          {t(shape.isFetching ? 'app.loading' : 'calls.listen')}
        </Button>
        <Text size={200} className={styles.quiet}>
          {t('calls.listening-is-logged')}
        </Text>
      </div>
      {shape.error !== null && <Failed error={shape.error} />}
    </div>
  );
}

/** Where the sound comes from, and what is to be done when the browser does not play it. */
function useSound(recording: string) {
  // A cookie goes along with whatever the browser loads by itself, piece by piece; a token has to be sent from here.
  const [url, setUrl] = useState(() => (credentials().way === 'cookie' ? `/api/v1/recordings/${encodeURIComponent(recording)}` : null));
  const [whole, setWhole] = useState(url === null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (!whole) return;
    const gone = new AbortController();
    let made: string | null = null;
    bytes(`/recordings/${encodeURIComponent(recording)}`, gone.signal)
      .then((wav) => {
        made = URL.createObjectURL(new Blob([writePcm(readWav(wav))], { type: 'audio/wav' }));
        setUrl(made);
      })
      .catch((e: unknown) => {
        if (!gone.signal.aborted) setError(e);
      });
    return () => {
      gone.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [whole, recording]);
  return { url, error, load: () => setWhole(true) };
}

function Playing({ recording, channels, download = false, heard, shape }: Props & { shape: Shape }) {
  const { t } = useI18n();
  const styles = useStyles();
  const audio = useRef<HTMLAudioElement>(null);
  const begun = useRef(false);
  const { url, error, load } = useSound(recording);
  const [at, setAt] = useState(0);
  const [plays, setPlays] = useState(false);
  const [speed, setSpeed] = useState('1');
  const [skip, setSkip] = useState(false);
  const { length } = shape;
  const quiet = useMemo(() => silences(shape), [shape]);
  useEffect(() => {
    const player = audio.current;
    // Another source begins at the default.
    if (player) player.defaultPlaybackRate = player.playbackRate = Number(speed);
  }, [speed]);
  // Followed by frames while it plays: the browser's own word comes only four times a second.
  useEffect(() => {
    if (!plays) return;
    let frame = 0;
    const follow = () => {
      const player = audio.current;
      if (player && !player.seeking) {
        const to = skip ? after(quiet, player.currentTime) : null;
        if (to !== null) player.currentTime = to;
        setAt(player.currentTime);
      }
      frame = requestAnimationFrame(follow);
    };
    follow();
    return () => cancelAnimationFrame(frame);
  }, [plays, skip, quiet]);
  const seek = useCallback(
    (to: number) => {
      const place = Math.max(0, Math.min(length, to));
      if (audio.current) audio.current.currentTime = place;
      setAt(place);
    },
    [length],
  );
  const toggle = () => {
    const player = audio.current;
    if (!player) return;
    if (player.paused) void player.play().catch(() => undefined);
    else player.pause();
  };
  return (
    <div className={styles.player}>
      <audio
        ref={audio}
        src={url ?? undefined}
        autoPlay
        onPlay={() => setPlays(true)}
        onPlaying={() => {
          if (!begun.current) heard?.();
          begun.current = true;
        }}
        onPause={() => setPlays(false)}
        onEnded={() => setPlays(false)}
        onError={load}
      />
      {error !== null && <Failed error={error} />}
      <Waveform shape={shape} silences={skip ? quiet : []} channels={channels} at={at} seek={seek} />
      <div className={styles.row}>
        <Button
          appearance="primary"
          icon={plays ? <Pause20Filled /> : <Play20Filled />}
          aria-label={t(plays ? 'calls.pause' : 'calls.play')}
          onClick={toggle}
        />
        <Button appearance="subtle" icon={<SkipBack1020Regular />} aria-label={t('calls.back-10')} onClick={() => seek(at - 10)} />
        <Button appearance="subtle" icon={<SkipForward1020Regular />} aria-label={t('calls.forward-10')} onClick={() => seek(at + 10)} />
        <Text className={styles.time}>
          {clock(at * 1_000)} / {clock(length * 1_000)}
        </Text>
        <span className={styles.gap} />
        <Switch checked={skip} label={t('calls.skip-silence')} onChange={(_, d) => setSkip(d.checked)} />
        <Select size="small" value={speed} aria-label={t('calls.speed')} onChange={(_, d) => setSpeed(d.value)}>
          {SPEEDS.map((s) => (
            <option key={s} value={s}>{`${s}×`}</option>
          ))}
        </Select>
        {download && url && (
          <Button as="a" appearance="subtle" icon={<ArrowDownload20Regular />} aria-label={t('calls.download')} href={url} download={`${recording}.wav`} />
        )}
      </div>
    </div>
  );
}
