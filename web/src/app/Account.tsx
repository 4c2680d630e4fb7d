import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components';
import { Color20Regular, Keyboard20Regular, LocalLanguage20Regular, PersonSwap20Regular, SignOut20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { usersQuery } from '@/shared/api/names';
import { useI18n } from '@/shared/i18n';
import { LANGUAGES, type Language } from '@/shared/i18n/languages';
import { setPreferences, usePreferences, type ThemeChoice } from '@/shared/preferences';
import { actAs, signOut, useSession } from '@/shared/session';
import { switchOff } from '@/shared/softphone/phone';
import { Bdi } from '@/shared/ui/Bdi';
import { Face } from '@/shared/ui/Face';

const THEMES: readonly ThemeChoice[] = ['system', 'light', 'dark', 'contrast'];

/** The menu of whoever is signed in: appearance, language, signing out. */
export function Account({ showShortcuts }: { showShortcuts: () => void }) {
  const { t } = useI18n();
  const session = useSession();
  const { theme, language } = usePreferences();
  const leave = () => {
    // Whoever goes takes their phone with them.
    switchOff();
    void signOut().catch(() => undefined);
  };
  const name = session.name || t(`words.role-${session.role}`);
  return (
    <Menu positioning="below-end" checkedValues={{ theme: [theme], language: [language ?? 'browser'] }}>
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance="transparent"
          shape="circular"
          aria-label={t('app.account-menu', { name })}
          icon={<Face name={name} size={28} />}
        />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>
              <Bdi>{name}</Bdi>
            </MenuGroupHeader>
            {session.byToken && <ActAs />}
            <Menu
              checkedValues={{ theme: [theme] }}
              onCheckedValueChange={(_, data) => setPreferences({ theme: (data.checkedItems[0] ?? 'system') as ThemeChoice })}
            >
              <MenuTrigger disableButtonEnhancement>
                <MenuItem icon={<Color20Regular />}>{t('app.theme')}</MenuItem>
              </MenuTrigger>
              <MenuPopover>
                <MenuList>
                  {THEMES.map((name) => (
                    <MenuItemRadio key={name} name="theme" value={name}>
                      {t(`app.theme-${name}`)}
                    </MenuItemRadio>
                  ))}
                </MenuList>
              </MenuPopover>
            </Menu>
            <Menu
              checkedValues={{ language: [language ?? 'browser'] }}
              onCheckedValueChange={(_, data) => {
                const chosen = data.checkedItems[0] ?? 'browser';
                setPreferences({ language: chosen === 'browser' ? null : (chosen as Language) });
              }}
            >
              <MenuTrigger disableButtonEnhancement>
                <MenuItem icon={<LocalLanguage20Regular />}>{t('app.language')}</MenuItem>
              </MenuTrigger>
              <MenuPopover>
                <MenuList>
                  <MenuItemRadio name="language" value="browser">
                    {t('app.language-browser')}
                  </MenuItemRadio>
                  {Object.entries(LANGUAGES).map(([code, own]) => (
                    <MenuItemRadio key={code} name="language" value={code} lang={code}>
                      {own}
                    </MenuItemRadio>
                  ))}
                </MenuList>
              </MenuPopover>
            </Menu>
            <MenuItem icon={<Keyboard20Regular />} onClick={showShortcuts}>
              {t('app.shortcuts')}
            </MenuItem>
          </MenuGroup>
          <MenuDivider />
          <MenuItem icon={<SignOut20Regular />} onClick={leave}>
            {t('app.sign-out')}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** With a token that is nobody's: who sits here. */
function ActAs() {
  const { t } = useI18n();
  const session = useSession();
  const { data: users = [] } = useQuery(usersQuery);
  const people = users.filter((u) => u.roles?.some((r) => r === 'agent' || r === 'supervisor'));
  return (
    <Menu
      checkedValues={{ agent: [session.agent ?? ''] }}
      onCheckedValueChange={(_, data) => actAs(data.checkedItems[0] || null)}
    >
      <MenuTrigger disableButtonEnhancement>
        <MenuItem icon={<PersonSwap20Regular />}>{t('app.act-as')}</MenuItem>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItemRadio name="agent" value="">
            {t('app.nobody')}
          </MenuItemRadio>
          {people.slice(0, 200).map((user) => (
            <MenuItemRadio key={user.id} name="agent" value={user.id}>
              <Bdi>{user.name || user.id}</Bdi>
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
