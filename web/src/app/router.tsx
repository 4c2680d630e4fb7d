// Pages and their addresses. Each page is loaded when it is first opened.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { Loading } from '@/shared/ui/Feedback';
import { needAllMessages } from '@/shared/i18n/load';
import { sessionState } from '@/shared/session';
import { Broken, Missing } from './Broken';
import { Shell } from './Shell';
import { pagesFor } from './pages';

/** A page that nobody sees first: its messages come with it. */
const later =
  <T,>(page: () => Promise<T>) =>
  async (): Promise<T> => {
    const [loaded] = await Promise.all([page(), needAllMessages()]);
    return loaded;
  };

const text = (v: unknown) => (typeof v === 'string' && v ? v.slice(0, 200) : undefined);

const root = createRootRoute({ component: Shell, notFoundComponent: Missing, errorComponent: Broken });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: ({ location }) => {
    const now = sessionState();
    // Whoever went to Microsoft to connect the tenant comes back to here.
    const search = location.search as Record<string, unknown>;
    const came = text(search.microsoft) ?? text(search.licences);
    if (now.is === 'in' && came) throw redirect({ to: '/system/microsoft', search: { came }, replace: true });
    const first = now.is === 'in' ? pagesFor(now.session)[0] : undefined;
    throw redirect({ to: first?.to ?? '/settings', replace: true });
  },
});

const desk = createRoute({
  getParentRoute: () => root,
  path: '/desk',
  component: lazyRouteComponent(() => import('@/features/desk/DeskPage'), 'DeskPage'),
});

const floor = createRoute({
  getParentRoute: () => root,
  path: '/floor',
  component: lazyRouteComponent(() => import('@/features/floor/FloorPage'), 'FloorPage'),
});

/** What the list of calls shows. */
export interface CallSearch {
  queue?: string;
  agent?: string;
  outcome?: string;
  with?: string;
  disposition?: string;
  from?: string;
  to?: string;
}

const calls = createRoute({
  getParentRoute: () => root,
  path: '/calls',
  validateSearch: (search: Record<string, unknown>): CallSearch => {
    const names = ['queue', 'agent', 'outcome', 'with', 'disposition', 'from', 'to'] as const;
    const all = Object.fromEntries(names.map((name) => [name, text(search[name])]));
    return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
  },
  component: lazyRouteComponent(() => import('@/features/calls/CallsPage'), 'CallsPage'),
});

const call = createRoute({
  getParentRoute: () => root,
  path: '/calls/$id',
  component: lazyRouteComponent(later(() => import('@/features/calls/CallPage')), 'CallPage'),
});

const reports = createRoute({
  getParentRoute: () => root,
  path: '/reports',
  component: lazyRouteComponent(later(() => import('@/features/reports/ReportsPage')), 'ReportsPage'),
});

const people = createRoute({
  getParentRoute: () => root,
  path: '/people',
  component: lazyRouteComponent(later(() => import('@/features/people/PeoplePage')), 'PeoplePage'),
});

const system = createRoute({
  getParentRoute: () => root,
  path: '/system',
  beforeLoad: () => {
    throw redirect({ to: '/system/trunks', replace: true });
  },
});

const trunks = createRoute({
  getParentRoute: () => root,
  path: '/system/trunks',
  component: lazyRouteComponent(later(() => import('@/features/system/TrunksPage')), 'TrunksPage'),
});

const microsoft = createRoute({
  getParentRoute: () => root,
  path: '/system/microsoft',
  validateSearch: (search: Record<string, unknown>): { came?: string } => {
    const came = text(search.came);
    return came ? { came } : {};
  },
  component: lazyRouteComponent(later(() => import('@/features/system/MicrosoftPage')), 'MicrosoftPage'),
});

const permissions = createRoute({
  getParentRoute: () => root,
  path: '/system/permissions',
  component: lazyRouteComponent(later(() => import('@/features/system/PermissionsPage')), 'PermissionsPage'),
});

const linePasses = createRoute({
  getParentRoute: () => root,
  path: '/system/line-passes',
  component: lazyRouteComponent(later(() => import('@/features/system/LinePassesPage')), 'LinePassesPage'),
});

const proof = createRoute({
  getParentRoute: () => root,
  path: '/proof',
  beforeLoad: () => {
    throw redirect({ to: '/proof/attestation', replace: true });
  },
});

const attestation = createRoute({
  getParentRoute: () => root,
  path: '/proof/attestation',
  component: lazyRouteComponent(later(() => import('@/features/proof/AttestationPage')), 'AttestationPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/proof/audit',
  component: lazyRouteComponent(later(() => import('@/features/proof/AuditPage')), 'AuditPage'),
});

const personalData = createRoute({
  getParentRoute: () => root,
  path: '/proof/people',
  component: lazyRouteComponent(later(() => import('@/features/proof/PersonPage')), 'PersonPage'),
});

const holds = createRoute({
  getParentRoute: () => root,
  path: '/proof/holds',
  component: lazyRouteComponent(later(() => import('@/features/proof/HoldsPage')), 'HoldsPage'),
});

const backups = createRoute({
  getParentRoute: () => root,
  path: '/proof/backups',
  component: lazyRouteComponent(later(() => import('@/features/proof/BackupsPage')), 'BackupsPage'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(later(() => import('@/features/settings/SettingsPage')), 'SettingsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([home, desk, floor, calls, call, people, reports, proof, attestation, audit, personalData, holds, backups, system, trunks, microsoft, permissions, linePasses, settings]),
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultErrorComponent: Broken,
  defaultPendingMs: 200,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
