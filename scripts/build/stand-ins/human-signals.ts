// In place of human-signals, whose table is longer than what execa does with it: an error of execa's
// describes the signal, and host/programs.ts, the only reader, says the name.

import { constants } from "node:os";

type Signals = Readonly<Record<string, { readonly description: string }>>;

/** Each signal described by its name. */
export const signalsByName: Signals = Object.fromEntries(
  Object.keys(constants.signals).map((name) => [name, { description: name }]),
);
