// The questions of an attestation in the user's language. Names of frameworks (ISO 27001, SOC 2 and their like) are the same
// in each, and stand as the server says them.

import type { MessageKey } from '@/shared/i18n';

const QUESTIONS = [
  'GEN01', 'GEN37', 'GEN39', 'GEN26', 'GEN17', 'GEN13', 'GEN30', 'GEN20', 'GEN16', 'GEN31', 'GEN32', 'DHP_G07', 'DHP_G04', 'DHP_G16', 'DHP_G06',
  'DHP_G05', 'DHP_G08', 'DHP_G09', 'LEG03', 'DHP_G10', 'DHP_G11', 'DHP_G12', 'SEC28', 'SEC26', 'SEC27', 'SEC29', 'SEC30', 'SEC31', 'SEC32', 'SEC33',
  'SEC34', 'SEC35', 'SEC36', 'SEC37', 'SEC38', 'SEC39', 'SEC40', 'SEC41', 'SEC42', 'SEC43', 'SEC44', 'SEC45', 'SEC46', 'PRV01', 'PRV02', 'PRV03',
  'PRV04', 'PRV05', 'PRV06', 'PRV07', 'PRV08', 'PRV09', 'PRV10', 'PRV11', 'PRV12', 'PRV13', 'IDD01', 'DHP_G01', 'IDD_TENANT', 'ZTR01', 'DHP_G02',
  'IDD_PERMS', 'DHP_G03', 'ZTR04', 'IDD04', 'IDD18', 'IDD19', 'ZTR03', 'IDD02', 'IDD03', 'ZTR05', 'ZTR06', 'DHP21', 'DHP20', 'ZTR07', 'X_CLIENTS',
  'X_NON_MS', 'X_BOT_EUII', 'X_TELEMETRY', 'X_ADMIN_CONTROL', 'X_HUMAN_REVIEW', 'X_STATIC_PERMS', 'X_MULTI_TENANT', 'X_CONFIDENTIAL', 'X_REDIRECTS',
  'X_AVOIDED', 'X_WEB_API', 'X_PREVIEW', 'X_DEPRECATED',
] as const;

/** The message of a question; null where the server's own words are to be shown. */
export function questionKey(id: string): MessageKey | null {
  const known = QUESTIONS.find((q) => q === id);
  return known ? `questions.q-${known}` : null;
}
