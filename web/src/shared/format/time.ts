// Lengths of time and moments, in the user's manner.

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

/** A running time: `0:07`, `12:03`, `1:00:09`. */
export function clock(ms: number): string {
  const all = Math.max(0, Math.floor(ms / SECOND));
  const [h, m, s] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A length of time in words: `1.4 s`, `45 s`, `9 min 5 s`, `2 h 10 min`. */
export function length(ms: number, locale: string): string {
  const part = (n: number, unit: 'second' | 'minute' | 'hour', digits = 0) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits }).format(n);
  const t = Math.max(0, ms);
  if (t < 10 * SECOND) return part(Math.floor(t / 100) / 10, 'second', 1);
  if (t < MINUTE) return part(Math.floor(t / SECOND), 'second');
  const [big, small, of] = t < HOUR ? (['minute', 'second', MINUTE] as const) : (['hour', 'minute', HOUR] as const);
  const rest = Math.floor((t % of) / (of / 60));
  const first = part(Math.floor(t / of), big);
  return rest > 0 ? `${first} ${part(rest, small)}` : first;
}

/** Hours and minutes of a long time, for tables: `3:25 h`. */
export function hours(ms: number): string {
  const minutes = Math.round(Math.max(0, ms) / MINUTE);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

/** The midnight that began this day here. */
export function midnight(now: number): Date {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  return day;
}

/** The offset of a moment here from UTC, as `+01:00`. */
export function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const two = (n: number) => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** A moment: the time of day, and the day if it is not today. */
export function moment(at: Date, now: number, locale: string): string {
  const today = midnight(now).getTime() === midnight(at.getTime()).getTime();
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(at);
  if (today) return time;
  const sameYear = at.getFullYear() === new Date(now).getFullYear();
  const day = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
  return `${day}, ${time}`;
}

/** A time of day to the second. */
export function exact(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
}
