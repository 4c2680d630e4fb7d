// What happened to a call, in the user's language. The API says it as data and as an English sentence; the sentence
// stands where the catalogue has none.

import type { Names } from '@/shared/api/names';
import type { DecisionView, MomentView } from '@/shared/api/types';
import type { I18n, Values } from '@/shared/i18n';

type About = MomentView & Record<string, unknown>;

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;

/** Where a call was to go. */
export function placeText(to: unknown, i18n: I18n, names: Names): string {
  if (!isRecord(to)) return i18n.t('calls.a-number');
  if (typeof to.agent === 'string') return names.user(to.agent);
  if (typeof to.queue === 'string') return names.queue(to.queue);
  return i18n.t(to.target === undefined ? 'calls.a-number' : 'calls.a-fixed-address');
}

export function momentText(moment: MomentView, i18n: I18n, names: Names): string {
  const about = moment as About;
  const values: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(about)) {
    if (typeof value === 'number') values[name] = value;
    else if (typeof value === 'string' && name !== 'say') values[name] = value;
  }
  const id = (name: string) => (typeof about[name] === 'string' ? about[name] : '');
  if (values.agent) values.agent = names.user(id('agent'));
  if (values.queue) values.queue = names.queue(id('queue'));
  if (values.called) values.called = i18n.phone(names.number(id('called')));
  else if (moment.what === 'arrived') return moment.say;
  if (values.how) values.how = i18n.word('words', `end-${id('how')}`) ?? id('how');
  if (values.mode) values.mode = i18n.t(`floor.${id('mode') as 'listen' | 'whisper' | 'barge'}`);
  if (moment.what === 'ended') {
    values.by = i18n.word('words', `by-${id('by')}`) ?? id('by');
    values.reason = i18n.word('words', `reason-${id('reason')}`) ?? id('reason');
  } else if (values.by) {
    values.by = id('by') === 'an administrator' ? i18n.t('calls.an-administrator') : names.user(id('by'));
  }
  if ('to' in about) values.to = placeText(about.to, i18n, names);
  if (typeof about.expected_ms === 'number') values.expected = i18n.length(about.expected_ms);
  const text = i18n.word('moments', moment.what, values);
  // A value that this page does not know must not leave a hole.
  return text === undefined || /\{\w+\}/.test(text) ? moment.say : text;
}

/** Why an agent was rung, in sentences. */
export function decisionText(d: DecisionView, i18n: I18n, names: Names): string[] {
  const values: Values = { agent: names.user(d.agent), idle: i18n.length(d.idle_ms), free: d.free, score: d.score };
  const out: string[] = [];
  if (d.why === 'last-agent') out.push(i18n.t('calls.rung-because-last-agent', values));
  else if (d.strategy === 'most-fitting') out.push(i18n.t('calls.rung-because-most-fitting', values));
  else if (d.strategy === 'fewest-calls') out.push(i18n.t('calls.rung-because-fewest-calls', values));
  else if (d.strategy === 'round-robin') out.push(i18n.t('calls.rung-because-round-robin', values));
  else out.push(i18n.t('calls.rung-because-longest-idle', values));
  const list = (items: string[]) => new Intl.ListFormat(i18n.locale, { type: 'unit' }).format(items);
  const skills = Object.entries(d.needed).map(([skill, level]) => `${skill} ${level}`);
  if (d.why === 'also-queue') out.push(i18n.t('calls.also-queue'));
  if (skills.length > 0) out.push(i18n.t('calls.needed', { skills: list(skills) }));
  const second = d.runners_up[0];
  if (second) out.push(i18n.t('calls.runner-up', { agent: names.user(second.agent), idle: i18n.length(second.idle_ms) }));
  if (d.lacking > 0) out.push(i18n.t('calls.lacking', { count: d.lacking }));
  const states = Object.entries(d.excluded).map(([state, n]) => `${n} ${i18n.word('words', `state-${state}`) ?? state}`);
  if (states.length > 0) out.push(i18n.t('calls.not-free', { states: list(states) }));
  out.push(i18n.t('calls.had-waited', { time: i18n.length(d.waited_ms) }));
  return out;
}
