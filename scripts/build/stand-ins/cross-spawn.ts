// In place of cross-spawn, of which execa uses one function: what Windows needs is most of it, and a
// managed host is none.

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: object;
  readonly original: { readonly command: string; readonly args: readonly string[] };
}

/** What cross-spawn's `_parse` makes of a command everywhere but on Windows: copies, for execa to change. */
function parse(command: string, args: readonly string[] = [], options: object = {}): Command {
  const copy = [...args];
  return { command, args: copy, options: { ...options }, original: { command, args: copy } };
}

export default { _parse: parse };
