// The sound of a call, and the word that the browser says while the page is in the background.

import { preferences } from '@/shared/preferences';

/** Two tones, then a pause: heard well, and not harsh for those who hear it a hundred times a day. Hertz and seconds. */
const TONES = [
  { hz: 587, at: 0, for: 0.22 },
  { hz: 784, at: 0.26, for: 0.34 },
] as const;
const EVERY = 2_400;

let context: AudioContext | null = null;
let timer: ReturnType<typeof setInterval> | undefined;

async function play(): Promise<void> {
  context ??= new AudioContext();
  const device = preferences().ringer;
  if (device && 'setSinkId' in context) {
    await (context.setSinkId as (id: string) => Promise<void>).call(context, device).catch(() => undefined);
  }
  // Before somebody has touched the page a browser lets it make no sound.
  if (context.state === 'suspended') await context.resume().catch(() => undefined);
  for (const tone of TONES) {
    const from = context.currentTime + tone.at;
    const [source, volume] = [context.createOscillator(), context.createGain()];
    source.frequency.value = tone.hz;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.18, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, from + tone.for);
    source.connect(volume).connect(context.destination);
    source.start(from);
    source.stop(from + tone.for);
  }
}

/** Plays the sound once, to try it. */
export function playRing(): void {
  void play();
}

export function startRinging(): void {
  if (timer !== undefined || !preferences().ringSound) return;
  void play();
  timer = setInterval(() => void play(), EVERY);
}

export function stopRinging(): void {
  clearInterval(timer);
  timer = undefined;
}

let shown: Notification | null = null;

/** Tells of a call while nobody looks at the page. */
export function notify(title: string, body: string): void {
  if (!preferences().notifications || !document.hidden || !('Notification' in window)) return;
  if (Notification.permission !== 'granted') return;
  try {
    shown = new Notification(title, { body, tag: 'switchroom-call', icon: '/favicon.svg', requireInteraction: true });
    shown.onclick = () => {
      window.focus();
      shown?.close();
    };
  } catch {
    // Some browsers allow notifications only from a service worker.
  }
}

export function unnotify(): void {
  shown?.close();
  shown = null;
}
