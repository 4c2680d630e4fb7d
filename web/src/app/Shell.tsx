// What stands around every page: the bar at the top, the main menu, messages, the live connection.

import {
  makeStyles,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  mergeClasses,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { MoreHorizontal20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import { StateMenu } from '@/shared/agent/StateMenu';
import { directoryQuery } from '@/shared/api/directory';
import { useI18n } from '@/shared/i18n';
import { useDigits } from '@/shared/keys';
import { startLive, useLink, watchMessages } from '@/shared/live/store';
import { useSession } from '@/shared/session';
import { usePhoneOf } from '@/shared/softphone/usePhoneOf';
import { Toasts, useSay } from '@/shared/ui/toasts';
import { Account } from './Account';
import { CallDock } from './CallDock';
import { Mark } from './Mark';
import { StepUp } from './StepUp';
import { pagesFor, type Page } from './pages';
import { framed } from './teams';

const Shortcuts = lazy(async () => ({ default: (await import('./Shortcuts')).Shortcuts }));

const NARROW = '@media (max-width: 719px)';
// A page that fills the screen stands alone.
const FULL = ':global(:root:fullscreen)';

const useStyles = makeStyles({
  shell: {
    height: '100%',
    display: 'grid',
    gridTemplate: '"bar bar" 48px "menu page" minmax(0, 1fr) / 68px minmax(0, 1fr)',
    backgroundColor: tokens.colorNeutralBackground3,
    [NARROW]: { gridTemplate: '"bar" 48px "page" minmax(0, 1fr) "menu" 56px / minmax(0, 1fr)' },
    [FULL]: { gridTemplate: '"page" minmax(0, 1fr) / minmax(0, 1fr)' },
  },
  skip: {
    position: 'absolute',
    insetInlineStart: '8px',
    top: '-48px',
    zIndex: 10,
    padding: '8px 12px',
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    borderRadius: tokens.borderRadiusMedium,
    ':focus': { top: '4px' },
  },
  bar: {
    gridArea: 'bar',
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    padding: '0 12px 0 20px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    minWidth: 0,
    [NARROW]: { padding: '0 8px 0 12px', gap: tokens.spacingHorizontalS },
    [FULL]: { display: 'none' },
  },
  brand: { display: 'flex', alignItems: 'center', gap: '10px', fontWeight: tokens.fontWeightSemibold, fontSize: tokens.fontSizeBase300 },
  brandName: { '@media (max-width: 479px)': { display: 'none' } },
  gap: { flexGrow: 1 },
  lost: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground2 },
  lostText: { [NARROW]: { display: 'none' } },
  menu: {
    gridArea: 'menu',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    gap: '2px',
    paddingTop: '6px',
    [FULL]: { display: 'none' },
    [NARROW]: {
      flexDirection: 'row',
      justifyContent: 'space-around',
      paddingTop: 0,
      borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    },
  },
  item: {
    position: 'relative',
    width: '60px',
    height: '56px',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    gap: '3px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    fontSize: '10px',
    lineHeight: '14px',
    ':hover': { color: tokens.colorBrandForeground1, backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
    whiteSpace: 'nowrap',
    [NARROW]: { height: '52px', width: 'auto', flex: '1 1 0', maxWidth: '96px' },
  },
  button: { border: 'none', backgroundColor: 'transparent', fontFamily: 'inherit', cursor: 'pointer' },
  chosen: {
    color: tokens.colorBrandForeground1,
    fontWeight: tokens.fontWeightSemibold,
    '::before': {
      content: '""',
      position: 'absolute',
      insetInlineStart: '-4px',
      top: '12px',
      bottom: '12px',
      width: '3px',
      borderRadius: '2px',
      backgroundColor: tokens.colorCompoundBrandStroke,
      [NARROW]: { insetInlineStart: 'calc(50% - 14px)', width: '28px', top: '0', bottom: 'auto', height: '3px' },
    },
  },
  page: {
    gridArea: 'page',
    minHeight: 0,
    minWidth: 0,
    overflow: 'auto',
    backgroundColor: tokens.colorNeutralBackground2,
    borderTopLeftRadius: tokens.borderRadiusXLarge,
    borderLeft: `1px solid ${tokens.colorNeutralStroke2}`,
    outlineStyle: 'none',
    [NARROW]: { borderTopLeftRadius: '0', borderLeftWidth: '0' },
  },
});

export function Shell() {
  const { t } = useI18n();
  const styles = useStyles();
  const session = useSession();
  const [shortcuts, setShortcuts] = useState(false);
  useEffect(() => startLive(), []);
  usePhoneOf(session.agent);
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && e.target.matches('input, textarea, select, [contenteditable=true]');
      if (e.key === '?' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) setShortcuts(true);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  return (
    <div className={styles.shell}>
      <a
        href="#page"
        className={styles.skip}
        onClick={(e) => {
          e.preventDefault();
          document.getElementById('page')?.focus();
        }}
      >
        {t('app.skip')}
      </a>
      <header className={styles.bar}>
        {!framed && (
          <span className={styles.brand}>
            <Mark size={24} />
            <span className={styles.brandName}>{t('app.name')}</span>
          </span>
        )}
        <span className={styles.gap} />
        <LinkSign />
        <StepUp />
        {session.agent && <StateMenu agent={session.agent} />}
        <Account showShortcuts={() => setShortcuts(true)} />
      </header>
      <MainMenu />
      <main id="page" tabIndex={-1} className={styles.page}>
        <Outlet />
      </main>
      {session.agent && <CallDock agent={session.agent} />}
      <Notices />
      <Toasts />
      {shortcuts && (
        <Suspense>
          <Shortcuts close={() => setShortcuts(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** So many pages stand in the menu of a narrow page; the others are behind the last of them. */
const ROOM = 5;

function MainMenu() {
  const { t } = useI18n();
  const styles = useStyles();
  const pages = usePages();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  useDigits((digit) => {
    const page = pages[digit - 1];
    if (page) void navigate({ to: page.to });
  });
  const narrow = useNarrow();
  const shown = narrow && pages.length > ROOM ? pages.slice(0, ROOM - 1) : pages;
  const rest = pages.slice(shown.length);
  const isChosen = (page: Page) => pathname === page.to || pathname.startsWith(`${page.to}/`);
  return (
    <nav className={styles.menu} aria-label={t('app.main-menu')}>
      {shown.map((page) => {
        const chosen = isChosen(page);
        const Icon = chosen ? page.chosen : page.icon;
        return (
          <Link
            key={page.to}
            to={page.to}
            className={mergeClasses(styles.item, chosen && styles.chosen)}
            aria-current={chosen ? 'page' : undefined}
          >
            <Icon />
            {t(page.name)}
          </Link>
        );
      })}
      {rest.length > 0 && <MorePages pages={rest} chosen={rest.some(isChosen)} />}
    </nav>
  );
}

/** What finds no room in the menu of a narrow page. */
function MorePages({ pages, chosen }: { pages: Page[]; chosen: boolean }) {
  const { t } = useI18n();
  const styles = useStyles();
  const navigate = useNavigate();
  return (
    <Menu positioning="above-end">
      <MenuTrigger disableButtonEnhancement>
        <button type="button" className={mergeClasses(styles.item, styles.button, chosen && styles.chosen)}>
          <MoreHorizontal20Regular />
          {t('app.more-pages')}
        </button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {pages.map((page) => (
            <MenuItem key={page.to} icon={<page.icon />} onClick={() => void navigate({ to: page.to })}>
              {t(page.name)}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** The pages of whoever is signed in. People are left out where no directory is kept. */
function usePages(): Page[] {
  const session = useSession();
  const kept = useQuery({ ...directoryQuery, staleTime: 300_000 }).data?.kept ?? false;
  return pagesFor(session).filter((page) => page.to !== '/people' || kept);
}

const NARROW_MEDIA = window.matchMedia('(max-width: 719px)');

function watchNarrow(tell: () => void): () => void {
  NARROW_MEDIA.addEventListener('change', tell);
  return () => NARROW_MEDIA.removeEventListener('change', tell);
}

const useNarrow = () => useSyncExternalStore(watchNarrow, () => NARROW_MEDIA.matches);

/** Says that what the page shows may be old. A short break is not worth a word. */
function LinkSign() {
  const { t } = useI18n();
  const styles = useStyles();
  const link = useLink();
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (link === 'live') return;
    const timer = setTimeout(() => setLate(true), 1_500);
    return () => clearTimeout(timer);
  }, [link]);
  const shown = link !== 'live' && late;
  return (
    <span role="status" className={styles.lost}>
      {shown && (
        <>
          <Spinner size="tiny" aria-hidden />
          <Text size={200} className={styles.lostText}>
            {t(link === 'waiting' ? 'app.link-waiting' : 'app.link-opening')}
          </Text>
        </>
      )}
    </span>
  );
}

/** What the server tells this agent, shown for a moment. */
function Notices() {
  const { t, word } = useI18n();
  const say = useSay();
  const { agent } = useSession();
  useEffect(
    () =>
      watchMessages((messages) => {
        for (const message of messages) {
          if (!('notice' in message) || !agent || message.notice.agent !== agent) continue;
          const { what } = message.notice;
          if (what === 'suspended') say.warn(t('app.notice-suspended'));
          else if (what === 'callback-failed') say.warn(t('app.notice-callback-failed'));
        }
      }),
    [agent, say, t, word],
  );
  return null;
}
