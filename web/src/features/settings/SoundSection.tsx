import { Button, Field, makeStyles, Select, Switch, Text, tokens } from '@fluentui/react-components';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useI18n } from '@/shared/i18n';
import { setPreferences, usePreferences } from '@/shared/preferences';
import { useAudioDevices } from '@/shared/softphone/devices';
import { loudness, openMicrophone } from '@/shared/softphone/link';
import { changeDevices } from '@/shared/softphone/phone';
import { playRing } from '@/shared/softphone/ring';
import { clean } from '@/shared/format/text';
import { Meter } from '@/shared/ui/Meter';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';

const useStyles = makeStyles({
  fields: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  row: { display: 'flex', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

type DeviceChoice = 'microphone' | 'speaker' | 'ringer';

export function SoundSection() {
  const { t } = useI18n();
  const styles = useStyles();
  const chosen = usePreferences();
  const { devices, look } = useAudioDevices();
  const choose = (which: DeviceChoice, id: string) => {
    setPreferences({ [which]: id });
    if (which !== 'ringer') changeDevices();
  };
  const select = (which: DeviceChoice, label: string, list: MediaDeviceInfo[]) => (
    <Field label={label}>
      <Select value={chosen[which]} onChange={(_, d) => choose(which, d.value)}>
        <option value="">{t('settings.device-default')}</option>
        {list.map((d) => (
          <option key={d.deviceId} value={d.deviceId}>
            {clean(d.label) || d.deviceId.slice(0, 8)}
          </option>
        ))}
      </Select>
    </Field>
  );
  return (
    <Section title={t('settings.sound')}>
      <div className={styles.fields}>
        {select('microphone', t('settings.microphone'), devices.microphones)}
        <MicrophoneTest device={chosen.microphone} allowed={look} />
        {devices.speakers.length > 0 && select('speaker', t('settings.speaker'), devices.speakers)}
        {devices.speakers.length > 0 && select('ringer', t('settings.ringer'), devices.speakers)}
        {!devices.named && (
          <Text size={200} className={styles.quiet}>
            {t('settings.names-hidden')}
          </Text>
        )}
        <div className={styles.row}>
          <Button onClick={playRing}>{t('settings.test-ring')}</Button>
        </div>
        <Switch
          checked={chosen.ringSound}
          label={t('settings.ring-sound')}
          onChange={(_, d) => setPreferences({ ringSound: d.checked })}
        />
        <NotificationSwitch />
      </div>
    </Section>
  );
}

function NotificationSwitch() {
  const { t } = useI18n();
  const { notifications } = usePreferences();
  const [denied, setDenied] = useState(false);
  if (!('Notification' in window)) return null;
  const turn = async (on: boolean) => {
    const permission = on ? await Notification.requestPermission() : 'default';
    setDenied(on && permission !== 'granted');
    setPreferences({ notifications: on && permission === 'granted' });
  };
  return (
    <>
      <Switch checked={notifications} label={t('settings.notifications')} onChange={(_, d) => void turn(d.checked)} />
      {denied && (
        <Note intent="warning">{t('settings.notifications-denied')}</Note>
      )}
    </>
  );
}

function MicrophoneTest({ device, allowed }: { device: string; allowed: () => void }) {
  const { t } = useI18n();
  const styles = useStyles();
  const [on, setOn] = useState(false);
  const [refused, setRefused] = useState(false);
  const analyser = useRef<AnalyserNode | null>(null);
  const seen = useRef(allowed);
  useEffect(() => {
    if (!on) return;
    let stop: (() => void) | null = null;
    let gone = false;
    void (async () => {
      try {
        const stream = await openMicrophone(device);
        const context = new AudioContext();
        stop = () => {
          for (const track of stream.getTracks()) track.stop();
          void context.close();
        };
        if (gone) return stop();
        const node = context.createAnalyser();
        node.fftSize = 512;
        context.createMediaStreamSource(stream).connect(node);
        analyser.current = node;
        setRefused(false);
        seen.current();
      } catch {
        setRefused(true);
        setOn(false);
      }
    })();
    return () => {
      gone = true;
      analyser.current = null;
      stop?.();
    };
  }, [on, device]);
  const read = useCallback(() => (analyser.current ? loudness(analyser.current) : 0), []);
  return (
    <>
      <div className={styles.row}>
        <Button onClick={() => setOn(!on)}>{t(on ? 'settings.stop-test' : 'settings.test-microphone')}</Button>
      </div>
      {on && <Meter read={read} label={t('desk.level')} />}
      {refused && (
        <Note intent="warning">{t('settings.microphone-refused')}</Note>
      )}
    </>
  );
}
