// The one error class of the project. Foreign errors are translated into it where they enter
// (etcd/, host/), so that everything above speaks in codes and finished sentences.

const CODES = [
  "invalid_arguments",
  "invalid_config",
  "unsupported",
  "conflict",
  "refused",
  "not_found",
  "permission",
  "network",
  "tls",
  "auth",
  "timeout",
  "verification",
  "host",
  "service",
  "interrupted",
  "internal",
] as const;

/** What kind of thing went wrong; stable, so that playbooks may branch on `error_code`. */
export type ErrorCode = (typeof CODES)[number];

/** Whether a value from outside is one of them. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return CODES.some((code) => code === value);
}

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Extra keys for the module result (journal lines, endpoints tried, ...). Redacted like all else. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** A failure that is ready to be shown: "what: which: what was expected, what to do". */
export class ModuleError extends Error {
  override readonly name: string = "ModuleError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.result = options.result ?? {};
  }

  readonly result: Readonly<Record<string, unknown>>;
}

/**
 * Thrown by `apply` when the world changed between observing and writing. `runModule` observes and
 * plans anew, a bounded number of times, so a result always describes what was really done.
 */
export class StaleObservationError extends ModuleError {
  override readonly name = "StaleObservationError";
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ENOENT`, `ECONNREFUSED`, ...), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
