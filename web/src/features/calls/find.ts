// What the field above the list of calls is for.

/** What somebody looks for: a call by its id, or a number of at least six digits. */
export function meant(text: string): { call?: string; number?: string } | undefined {
  const bare = text.replace(/[\s()./-]/g, '');
  if (/^(\+\d{3,15}|\d{6,20})$/.test(bare)) return { number: bare };
  const id = /^c?(\d{1,16})$/i.exec(bare)?.[1];
  return id ? { call: `c${id}` } : undefined;
}
