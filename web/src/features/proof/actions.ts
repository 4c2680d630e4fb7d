// The audit log in words: what was done, by whom and to what.

import type { Names } from '@/shared/api/names';
import { clean } from '@/shared/format/text';
import type { I18n } from '@/shared/i18n';

/** Actions that have words of ours, with a dash for the dot. */
const ACTIONS = [
  'backup-make', 'backup-rehearse', 'backup-restore', 'directory-change', 'directory-connect', 'directory-correct', 'directory-enter', 'directory-erase', 'keys-rotate', 'tenant-close', 'tenant-dispose', 'tenant-reopen',
  'account-invite', 'account-passkey', 'account-passkey-removed', 'account-password', 'account-second-factor', 'account-second-factor-removed',
  'attest-canary', 'attest-rights', 'attestation-make', 'audit-cut', 'audit-export', 'call-abort', 'call-barge', 'call-complete', 'call-consult', 'call-dial', 'call-dispose',
  'call-give', 'call-hang-up', 'call-join', 'call-listen', 'call-move', 'call-notes', 'call-notes-delete', 'call-pause-recording', 'call-resume-recording', 'call-search', 'call-secure',
  'call-stop-secure', 'call-stop-supervising', 'call-take-over', 'call-transfer', 'call-whisper', 'callback-cancel', 'configuration-delete',
  'configuration-export', 'configuration-set', 'hold-lift', 'hold-place', 'hours-close', 'hours-reopen', 'licence-change', 'message-delete', 'pbx-line-passes', 'person-correct',
  'person-erase', 'person-erase-consent-withdrawn', 'person-erase-held', 'person-erase-no-longer-needed', 'person-erase-objected', 'person-erase-required-by-law',
  'person-erase-requested', 'person-erase-unlawful', 'person-export', 'person-find', 'person-object', 'person-object-end', 'person-restrict', 'person-restrict-end', 'recording-listen', 'report-export',
  'retention-dispose', 'retention-run', 'security-test-alert', 'session-begin', 'session-end', 'session-refuse', 'session-token', 'token-create', 'webhook-replay', 'webhook-retry',
] as const;

/** What was done, in words; as the log says it where we have none. */
export function actionText(action: string, { t }: I18n): string {
  const known = ACTIONS.find((a) => a === action.replaceAll('.', '-'));
  return known ? t(`proof.action-${known}`) : action;
}

/** What can be looked for: what actions begin with, up to their dot. */
export const GROUPS = [
  'session', 'account', 'token', 'configuration', 'call', 'recording', 'message', 'person', 'hold', 'retention', 'report', 'audit', 'attestation', 'security', 'directory', 'backup', 'keys', 'tenant',
] as const;

/** Who did something, in words: a person by name, a token by number, or what the server itself is called there. */
export function whoText(who: string, names: Names, { t }: I18n): string {
  const [kind, id] = who.split(' ', 2);
  if (kind === 'user' && id) return clean(names.user(id));
  if (kind === 'token' && id) return t('proof.who-token', { id });
  if (who === 'command line') return t('proof.who-command-line');
  if (who === 'nobody') return t('proof.who-nobody');
  if (['retention', 'attestation', 'backup', 'server'].includes(who)) return t('proof.who-server');
  return clean(who);
}

/** The id of a call that an entry is about; null for anything else. */
export function callOf(object: string): string | null {
  return /^Call\/(c\d+)$/.exec(object)?.[1] ?? null;
}
