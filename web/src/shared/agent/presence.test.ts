import { describe, expect, it } from 'vitest';
import { makeI18n } from '@/shared/i18n';
import { keepsCallsAway, presenceAge, presenceKind, presenceText } from './presence';

const i18n = makeI18n('en', { 'words.presence-busy': 'Busy', 'words.presence-in-a-call': 'In a Teams call', 'words.presence-age': '{time} ago' }, ['en-GB']);
const presence = (availability: string, activity: string, age_s = 0) => ({ availability, activity, age_s });

describe('presence', () => {
  it('says what somebody does where that tells more', () => {
    expect(presenceText(presence('Busy', 'InACall'), i18n)).toBe('In a Teams call');
    expect(presenceText(presence('Busy', 'InAConferenceCall'), i18n)).toBe('In a Teams call');
    expect(presenceText(presence('BusyIdle', 'BusyIdle'), i18n)).toBe('Busy');
  });

  it('keeps words that are new to us', () => {
    expect(presenceText(presence('Sleeping', 'Dreaming'), i18n)).toBe('Sleeping');
    expect(presenceKind(presence('Sleeping', 'Dreaming'))).toBe('gone');
  });

  it('keeps calls away in a Teams call and where nobody is to disturb', () => {
    expect(keepsCallsAway(presence('Busy', 'InACall'))).toBe(true);
    expect(keepsCallsAway(presence('DoNotDisturb', 'UrgentInterruptionsOnly'))).toBe(true);
    expect(keepsCallsAway(presence('Busy', 'InAMeeting'))).toBe(false);
    expect(keepsCallsAway(presence('Away', 'Away'))).toBe(false);
  });

  it('says how old it is when that matters', () => {
    expect(presenceAge(presence('Busy', 'Busy', 20), i18n)).toBeNull();
    expect(presenceAge(presence('Busy', 'Busy', 300), i18n)).toMatch(/5 min.* ago/);
  });
});
