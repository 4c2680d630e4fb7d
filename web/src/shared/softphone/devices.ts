import { useEffect, useState } from 'react';

export interface Devices {
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
  /** Whether the browser tells their names: only once the microphone is allowed. */
  named: boolean;
}

const NONE: Devices = { microphones: [], speakers: [], named: false };

/** The devices for sound; `look` asks anew, as after the microphone was allowed. */
export function useAudioDevices(): { devices: Devices; look: () => void } {
  const [devices, setDevices] = useState(NONE);
  const look = () => {
    if (!('mediaDevices' in navigator)) return;
    void navigator.mediaDevices.enumerateDevices().then((all) => {
      // The browser's own names for "whatever the system says" are our empty choice.
      const of = (kind: string) => all.filter((d) => d.kind === kind && d.deviceId && d.deviceId !== 'default');
      setDevices({ microphones: of('audioinput'), speakers: of('audiooutput'), named: all.some((d) => d.label) });
    });
  };
  useEffect(() => {
    look();
    if (!('mediaDevices' in navigator)) return;
    navigator.mediaDevices.addEventListener('devicechange', look);
    return () => navigator.mediaDevices.removeEventListener('devicechange', look);
  }, []);
  return { devices, look };
}
