// The person's own line at a telephone system: a line pass that came with the address of the tab or was pasted, or the line
// itself where a password proves it. Both stand in the tab's own browser storage.

/** A line pass, and the telephone system that it is for. */
export interface LinePass {
  pbx: string;
  pass: string;
}

/** The longest line that the server takes. */
export const LONGEST_LINE = 32;

/** A pass as administrators hand it out, and the telephone system that it names; null for anything else. */
export function passIn(text: string | undefined): LinePass | null {
  const found = /^([a-z0-9][a-z0-9._-]{0,63})~[A-Za-z0-9_-]{40,1500}$/.exec((text ?? '').trim());
  return found ? { pbx: found[1] as string, pass: found[0] } : null;
}

/** A line as the server takes it: what people put between the digits goes. Null for what is none. */
export function lineOf(text: string): string | null {
  const tight = text.replace(/[\s()\u00a0\u202f]/g, '');
  const line = /[A-Za-z_#*]/.test(tight) ? tight : tight.replace(/[.-]/g, '');
  return line.length <= LONGEST_LINE && /^[+*#._-]?[A-Za-z0-9][A-Za-z0-9+*#._-]*$/.test(line) ? line : null;
}

/** The number that a button on the bot's card names: it is called when its reader presses. */
export function numberIn(hash: string): string | null {
  return /^#call=(\+?[0-9]{2,20})$/.exec(hash)?.[1] ?? null;
}
