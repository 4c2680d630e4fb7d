// What the server takes for a line pass, said here too so that it is told in the person's own language.

/** The longest line. */
export const LONGEST_LINE = 32;

/** Whether a text is an object id of Microsoft's directory. */
export const isObjectId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text.trim());

/** Whether a text may be somebody's line at a telephone system. */
export function isLine(text: string): boolean {
  const line = text.trim();
  return line.length <= LONGEST_LINE && /^[+*#._-]?[A-Za-z0-9][A-Za-z0-9+*#._-]*$/.test(line) && !line.includes('..');
}
