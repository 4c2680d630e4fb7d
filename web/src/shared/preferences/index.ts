// What this person chose for this browser. Nothing of it is secret, and nothing of it is needed: without storage the
// choices last as long as the page.

import { useSyncExternalStore } from 'react';
import type { Language } from '@/shared/i18n/languages';

export type ThemeChoice = 'system' | 'light' | 'dark' | 'contrast';

export interface Preferences {
  theme: ThemeChoice;
  /** Null follows the browser, or Teams. */
  language: Language | null;
  /** Whether a sound is played when a call is offered. */
  ringSound: boolean;
  /** Whether the browser tells of offers while the page is in the background. */
  notifications: boolean;
  /** Whether this browser is the person's phone; null until they said so or asked for calls. */
  phoneHere: boolean | null;
  /** Devices for calls; empty is the system's choice. */
  microphone: string;
  speaker: string;
  ringer: string;
}

const KEY = 'switchroom.preferences';
const DEFAULTS: Preferences = {
  theme: 'system',
  language: null,
  ringSound: true,
  notifications: false,
  phoneHere: null,
  microphone: '',
  speaker: '',
  ringer: '',
};

function read(): Preferences {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return { ...DEFAULTS, ...(stored as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

let current: Preferences = read();
const listeners = new Set<() => void>();

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Storage is full or forbidden: the choice lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}
