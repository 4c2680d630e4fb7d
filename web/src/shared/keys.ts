// Keyboard shortcuts. Alt and Shift together: neither browsers nor screen readers use that for letters. The place of the
// key counts, not its sign, so that they work on every layout and on a Mac.

import { useEffect, useRef } from 'react';
import type { MessageKey } from '@/shared/i18n';

export interface Shortcut {
  keys: readonly string[];
  name: MessageKey;
}

export type ShortcutCode = 'KeyA' | 'KeyD' | 'KeyM' | 'KeyH' | 'KeyT' | 'KeyE' | 'KeyK' | 'KeyV';

const combined = (letter: string) => ['Alt', 'Shift', letter] as const;

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: combined('A'), name: 'desk.answer' },
  { keys: combined('D'), name: 'desk.decline' },
  { keys: combined('M'), name: 'desk.mute-toggle' },
  { keys: combined('H'), name: 'desk.hold-toggle' },
  { keys: combined('T'), name: 'desk.transfer' },
  { keys: combined('K'), name: 'desk.keypad' },
  { keys: combined('E'), name: 'desk.end' },
  { keys: combined('V'), name: 'desk.go-available' },
  { keys: ['Alt', 'Shift', '1 – 9'], name: 'app.keys-page' },
  { keys: ['Tab', 'Shift+Tab'], name: 'app.keys-tab' },
  { keys: ['←', '↑', '→', '↓'], name: 'app.keys-arrows' },
  { keys: ['Esc'], name: 'app.keys-close' },
  { keys: ['?'], name: 'app.shortcuts' },
];

/** Does something when its keys are pressed, wherever the focus is. */
export function useShortcut(code: ShortcutCode, act: (() => void) | null): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.code !== code || !e.altKey || !e.shiftKey || e.ctrlKey || e.metaKey || e.repeat || !latest.current) return;
      e.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [code]);
}

/** Does something when Alt, Shift and a digit are pressed; it is given the digit. */
export function useDigits(act: (digit: number) => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const digit = Number(/^Digit([1-9])$/.exec(e.code)?.[1]);
      if (!digit || !e.altKey || !e.shiftKey || e.ctrlKey || e.metaKey || e.repeat) return;
      e.preventDefault();
      latest.current(digit);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}

/** How the keys are written beside a button's name. */
export function keysOf(letter: string): string {
  return `Alt+Shift+${letter}`;
}
