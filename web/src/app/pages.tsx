// The pages of the main menu, and who sees which.

import {
  Call20Filled,
  Call20Regular,
  DataTrending20Filled,
  DataTrending20Regular,
  Grid20Filled,
  Grid20Regular,
  Headset20Filled,
  Headset20Regular,
  People20Filled,
  People20Regular,
  Server20Filled,
  Server20Regular,
  Settings20Filled,
  Settings20Regular,
  ShieldCheckmark20Filled,
  ShieldCheckmark20Regular,
  type FluentIcon,
} from '@fluentui/react-icons';
import type { MessageKey } from '@/shared/i18n';
import type { Session } from '@/shared/session';

export interface Page {
  to: '/desk' | '/floor' | '/calls' | '/people' | '/reports' | '/proof' | '/system' | '/settings';
  name: MessageKey;
  icon: FluentIcon;
  chosen: FluentIcon;
}

const DESK: Page = { to: '/desk', name: 'app.desk', icon: Headset20Regular, chosen: Headset20Filled };
const FLOOR: Page = { to: '/floor', name: 'app.floor', icon: Grid20Regular, chosen: Grid20Filled };
const CALLS: Page = { to: '/calls', name: 'app.calls', icon: Call20Regular, chosen: Call20Filled };
const REPORTS: Page = { to: '/reports', name: 'app.reports', icon: DataTrending20Regular, chosen: DataTrending20Filled };
const PEOPLE: Page = { to: '/people', name: 'app.people', icon: People20Regular, chosen: People20Filled };
const SYSTEM: Page = { to: '/system', name: 'app.system', icon: Server20Regular, chosen: Server20Filled };
const PROOF: Page = { to: '/proof', name: 'app.proof', icon: ShieldCheckmark20Regular, chosen: ShieldCheckmark20Filled };
const SETTINGS: Page = { to: '/settings', name: 'app.settings', icon: Settings20Regular, chosen: Settings20Filled };

/** The pages for somebody, the first one to open first. The server holds what each may; this only spares them the refusal. */
export function pagesFor(session: Session): Page[] {
  if (session.role === 'agent') return [DESK, CALLS, PEOPLE, SETTINGS];
  // Who supervises may take calls too; who only looks has no desk.
  return session.role === 'auditor'
    ? [FLOOR, CALLS, PEOPLE, REPORTS, PROOF, SYSTEM, SETTINGS]
    : [FLOOR, DESK, CALLS, PEOPLE, REPORTS, PROOF, SYSTEM, SETTINGS];
}
