// Plays a recording: picture of the sound, speed, silences left out. Nothing is loaded before somebody asks to hear it,
// because each listening stands in the audit log.

import { Button, makeStyles, Select, Switch, Text, tokens } from '@fluentui/react-components';
import { ArrowDownload20Regular, Pause20Filled, Play20Filled, SkipBack1020Regular, SkipForward1020Regular } from '@fluentui/react-icons';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { bytes } from '@/shared/api/client';
import { clock } from '@/shared/format/time';
import { useI18n } from '@/shared/i18n';
import { Failed } from '@/shared/ui/Feedback';
import { after, readWav, silences, writePcm, type Sound } from './wav';
import { Waveform } from './Waveform';

const useStyles = makeStyles({
  player: { display: 'flex', flexDirection: 'column', gap: '8px' },
  row: { display: 'flex', alignItems: 'center', gap: '4px 8px', flexWrap: 'wrap' },
  gap: { flexGrow: 1 },
  time: { fontVariantNumeric: 'tabular-nums', minWidth: '92px' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'] as const;

interface Loaded {
  sound: Sound;
  url: string;
}

interface Props {
  recording: string;
  /** Who is in which channel. */
  channels: readonly string[];
  /** Whether it may be saved as a file. */
  download?: boolean;
  /** Told once, when it begins to play. */
  heard?: () => void;
}

export function Player({ recording, channels, download = false, heard }: Props) {
  const { t } = useI18n();
  const styles = useStyles();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => () => void (loaded && URL.revokeObjectURL(loaded.url)), [loaded]);
  const load = async () => {
    setLoading(true);
    setError(null);
    try {
      const sound = readWav(await bytes(`/recordings/${encodeURIComponent(recording)}`));
      setLoaded({ sound, url: URL.createObjectURL(new Blob([writePcm(sound)], { type: 'audio/wav' })) });
      heard?.();
    } catch (e) {
      setError(e);
    }
    setLoading(false);
  };
  if (!loaded) {
    return (
      <div className={styles.player}>
        <div className={styles.row}>
          <Button icon={<Play20Filled />} disabled={loading} onClick={() => void load()}>
            {t(loading ? 'app.loading' : 'calls.listen')}
          </Button>
          <Text size={200} className={styles.quiet}>
            {t('calls.listening-is-logged')}
          </Text>
        </div>
        {error !== null && <Failed error={error} />}
      </div>
    );
  }
  return <Playing {...loaded} channels={channels} name={recording} download={download} />;
}

function Playing({ sound, url, channels, name, download }: Loaded & { channels: readonly string[]; name: string; download: boolean }) {
  const { t } = useI18n();
  const styles = useStyles();
  const audio = useRef<HTMLAudioElement>(null);
  const [at, setAt] = useState(0);
  const [plays, setPlays] = useState(false);
  const [speed, setSpeed] = useState('1');
  const [skip, setSkip] = useState(false);
  const quiet = useMemo(() => silences(sound), [sound]);
  useEffect(() => {
    if (audio.current) audio.current.playbackRate = Number(speed);
  }, [speed]);
  // Followed by frames while it plays: the browser's own word comes only four times a second.
  useEffect(() => {
    if (!plays) return;
    let frame = 0;
    const follow = () => {
      const player = audio.current;
      if (player) {
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
      const place = Math.max(0, Math.min(sound.length, to));
      if (audio.current) audio.current.currentTime = place;
      setAt(place);
    },
    [sound],
  );
  const toggle = () => {
    const player = audio.current;
    if (!player) return;
    if (player.paused) void player.play().catch(() => undefined);
    else player.pause();
  };
  return (
    <div className={styles.player}>
      <audio ref={audio} src={url} autoPlay onPlay={() => setPlays(true)} onPause={() => setPlays(false)} onEnded={() => setPlays(false)} />
      <Waveform sound={sound} silences={skip ? quiet : []} channels={channels} at={at} seek={seek} />
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
          {clock(at * 1_000)} / {clock(sound.length * 1_000)}
        </Text>
        <span className={styles.gap} />
        <Switch checked={skip} label={t('calls.skip-silence')} onChange={(_, d) => setSkip(d.checked)} />
        <Select size="small" value={speed} aria-label={t('calls.speed')} onChange={(_, d) => setSpeed(d.value)}>
          {SPEEDS.map((s) => (
            <option key={s} value={s}>{`${s}×`}</option>
          ))}
        </Select>
        {download && (
          <Button as="a" appearance="subtle" icon={<ArrowDownload20Regular />} aria-label={t('calls.download')} href={url} download={`${name}.wav`} />
        )}
      </div>
    </div>
  );
}
