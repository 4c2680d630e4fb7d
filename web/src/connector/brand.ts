// The tab in the colours of whoever offers it, readable whatever colour that is.

import { createDarkTheme, createLightTheme, teamsDarkTheme, teamsHighContrastTheme, teamsLightTheme, type Theme } from '@fluentui/react-components';
import type { ThemeName } from './host';
import type { Brand } from './setup';
import { shadesOf } from './shades';

export { nameOf, onWhite, shadesOf } from './shades';

/** The theme of the tab. In high contrast people's own colours count, and nobody's brand. */
export function themeOf(name: ThemeName, brand: Brand | null): Theme {
  const shades = brand && name !== 'contrast' ? shadesOf(brand.accent) : null;
  if (!shades) return { default: teamsLightTheme, dark: teamsDarkTheme, contrast: teamsHighContrastTheme }[name];
  const theme = name === 'dark' ? createDarkTheme(shades) : createLightTheme(shades);
  // What stands in text is a lighter shade where the ground is dark.
  return name === 'dark' ? { ...theme, colorBrandForeground1: shades[120], colorBrandForegroundLink: shades[120] } : theme;
}
