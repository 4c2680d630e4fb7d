// Colours and names of whoever offers a page, for pages with and without the parts of the tab.

import type { BrandVariants } from '@fluentui/react-components';
import type { Brand } from './setup';

type Rgb = readonly [number, number, number];

/** The least contrast of text on its ground (WCAG 2.2, 1.4.3). */
const CONTRAST = 4.5;

function read(colour: string): Rgb | null {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  return found ? [parseInt(found[1] as string, 16), parseInt(found[2] as string, 16), parseInt(found[3] as string, 16)] : null;
}

const mix = (a: Rgb, b: Rgb, part: number): Rgb => [0, 1, 2].map((n) => Math.round((a[n] as number) * (1 - part) + (b[n] as number) * part)) as unknown as Rgb;
const write = (c: Rgb): string => `#${c.map((n) => n.toString(16).padStart(2, '0')).join('')}`;

function brightness(c: Rgb): number {
  const [r, g, b] = c.map((n) => {
    const part = n / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The contrast of white text on a colour. */
export function onWhite(colour: string): number {
  return 1.05 / (brightness(read(colour) ?? [0, 0, 0]) + 0.05);
}

function middleOf(accent: string): Rgb | null {
  let middle = read(accent);
  while (middle && 1.05 / (brightness(middle) + 0.05) < CONTRAST) middle = mix(middle, [0, 0, 0], 0.1);
  return middle;
}

/** The colour itself, dark enough for white text on it; null for what is no colour. */
export function groundOf(accent: string): string | null {
  const middle = middleOf(accent);
  return middle && write(middle);
}

/** Sixteen shades, from dark to light, around a colour that is made dark enough for white text. */
export function shadesOf(accent: string): BrandVariants | null {
  const middle = middleOf(accent);
  if (!middle) return null;
  const shade = (n: number): string => {
    const to: Rgb = n < 80 ? [0, 0, 0] : [255, 255, 255];
    return write(mix(middle, to, Math.abs(n - 80) / 90));
  };
  const all = Array.from({ length: 16 }, (_, n) => (n + 1) * 10);
  return Object.fromEntries(all.map((n) => [n, shade(n)])) as unknown as BrandVariants;
}

/** What the app is called in a language. */
export function nameOf(brand: Brand | null, language: string): string | null {
  return brand ? (brand.names[language] ?? brand.names[language.split('-')[0] ?? ''] ?? brand.name) : null;
}
