import { describe, expect, it } from 'vitest';
import { decimal, percent, whole } from './number';
import { dialable, phone } from './phone';
import { clean, initials } from './text';
import { clock, hours, length, midnight, moment, offset } from './time';

describe('lengths of time', () => {
  it.each([
    [0, '0:00'],
    [-5, '0:00'],
    [7_900, '0:07'],
    [723_000, '12:03'],
    [3_609_000, '1:00:09'],
  ])('%i ms is %s', (ms, text) => expect(clock(ms)).toBe(text));

  it.each([
    [1_490, 'en-GB', '1.4 sec'],
    [45_999, 'en-GB', '45 sec'],
    [545_000, 'en-GB', '9 mins 5 secs'],
    [540_000, 'en-GB', '9 mins'],
    [7_800_000, 'de-DE', '2 Std. 10 Min.'],
  ])('%i ms in words of %s', (ms, locale, text) => {
    expect(length(ms, locale).replace(/[\u00a0\u202f]/g, ' ')).toMatch(new RegExp(`^${text.replace(/s\b/g, 's?').replace(/\./g, '\\.')}`));
  });

  it('in hours', () => expect([hours(0), hours(12_300_000), hours(29_000)]).toEqual(['0:00', '3:25', '0:00']));
});

describe('moments', () => {
  it('show the day only if it is not today', () => {
    const now = new Date(2026, 10, 20, 12).getTime();
    expect(moment(new Date(2026, 10, 20, 9, 5), now, 'de-DE')).toBe('09:05');
    expect(moment(new Date(2026, 10, 18, 9, 5), now, 'de-DE')).toContain('18.');
    expect(moment(new Date(2025, 10, 18, 9, 5), now, 'de-DE')).toContain('2025');
  });

  it('know midnight and the offset from UTC', () => {
    expect(midnight(new Date(2026, 10, 20, 12).getTime())).toEqual(new Date(2026, 10, 20));
    expect(offset(new Date())).toMatch(/^[+-]\d\d:\d\d$/);
  });
});

describe('telephone numbers', () => {
  it.each([
    ['+33123456789', 'en-GB', '+33 1 23 45 67 89'],
    ['+33123456789', 'fr-FR', '01 23 45 67 89'],
    ['+13335550170', 'en-US', '(333) 555-0170'],
    ['+13335550170', 'de-DE', '+1 333 555 0170'],
    ['+41443334455', 'de-CH', '044 333 44 55'],
    ['+4930123456', 'de-DE', '+49 301 234 56'],
    ['+353123456789', 'en-GB', '+353 12 345 6789'],
    ['+35312345678', 'en-GB', '+353 123 456 78'],
    ['100', 'en-GB', '100'],
    ['sip:anna@example.com', 'en-GB', 'anna@example.com'],
    ['+49\u202e123', 'en-GB', '+49123'],
  ])('%s for %s', (number, locale, text) => expect(phone(number, locale).replace(/\s+$/, '')).toBe(text));

  it('are dialled without marks', () => {
    expect(dialable(' 0049 (30) 123-456 ')).toBe('+4930123456');
    expect(dialable('+49 30/1234')).toBe('+49301234');
    expect(dialable('*21#')).toBe('*21#');
  });
});

describe('foreign text', () => {
  it('loses what nobody sees', () => {
    expect(clean('Anna\u202egpj.exe\u0000\u200f')).toBe('Annagpj.exe');
    expect(clean('two\nlines\tkept')).toBe('two\nlines\tkept');
    expect(clean('<b>as it is</b>')).toBe('<b>as it is</b>');
    expect(clean('ܐ שלום 北京 👩‍🚀')).toBe('ܐ שלום 北京 👩‍🚀');
    expect(clean('x'.repeat(500))).toHaveLength(201);
  });

  it.each([
    ['Anna Maria Bell', 'AB'],
    ['agent12', 'A'],
    ['  ', ''],
    ['"Zoë"', ''],
    ['王 小明', '王小'],
  ])('%j has the initials %s', (name, letters) => expect(initials(name)).toBe(letters));
});

describe('numbers', () => {
  it('are written in the user’s manner', () => {
    expect(whole(12_345, 'de-DE')).toBe('12.345');
    expect(percent(0.876, 'en-GB')).toBe('88%');
    expect(percent(null, 'en-GB')).toBe('–');
    expect(decimal(1.25, 'fr-FR')).toBe('1,3');
  });
});
