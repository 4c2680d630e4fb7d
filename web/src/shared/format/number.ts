// Numbers in the user's manner. Formatters are made once: making one costs more than a thousand uses.

const made = new Map<string, Intl.NumberFormat>();

function formatter(locale: string, name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale}/${name}`;
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.NumberFormat(locale, options)));
  return found;
}

export function whole(n: number, locale: string): string {
  return formatter(locale, 'whole', { maximumFractionDigits: 0 }).format(n);
}

/** A share as per cent; a dash where there is none yet. */
export function percent(share: number | null | undefined, locale: string, digits = 0): string {
  if (share == null) return '–';
  return formatter(locale, `percent${digits}`, { style: 'percent', maximumFractionDigits: digits }).format(share);
}

export function decimal(n: number | null | undefined, locale: string, digits = 1): string {
  if (n == null) return '–';
  return formatter(locale, `decimal${digits}`, { maximumFractionDigits: digits }).format(n);
}
