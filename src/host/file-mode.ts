// Permission bits as people write them.

import { ModuleError } from "../base/errors";

/**
 * Reads an octal mode ("0750", "750", "0o750") or the integer that YAML makes of an unquoted one.
 * Throws `invalid_arguments`.
 */
export function parseMode(value: unknown, option: string): number {
  const text = typeof value === "string" ? value.trim() : "";
  const digits = /^(?:0o)?([0-7]{3,5})$/.exec(text)?.[1];
  const mode = digits === undefined ? value : Number.parseInt(digits, 8);
  if (typeof mode === "number" && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)
    return mode;
  throw new ModuleError(
    "invalid_arguments",
    `${option}: ${JSON.stringify(value)}: expected a mode in octal notation, in quotes, like "0750"`,
  );
}

/** The mode as chmod takes it: "0750". */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
