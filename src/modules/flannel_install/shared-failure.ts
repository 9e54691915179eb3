// Why a download has failed, for the runs that were waiting for it: a mirror that is down need not
// be asked in vain by each of them, one after the other.

import { ModuleError, StaleObservationError, isErrorCode } from "../../base/errors";
import { isRecord, tryParseJson } from "../../base/json";
import { clearAway, replaceFile, tryReadFile } from "../../host/atomic-file";
import { type Source } from "./source";

/** Leaves word of a failure; never throws, because it is the failure that counts. */
export async function shareFailure(path: string, source: Source, error: unknown): Promise<void> {
  // That another run was faster is no failure.
  if (!(error instanceof ModuleError) || error instanceof StaleObservationError) return;
  const { code, message } = error;
  const salt = await drawSalt();
  const word = JSON.stringify({ code, message, salt, question: await questionOf(source, salt) });
  await replaceFile(path, word, { mode: 0o600 }).catch(() => clearAway(path));
}

/** Throws what a run that was waited for has left word of, if it asked the same. */
export async function rethrowShared(path: string, source: Source): Promise<void> {
  const word = tryParseJson(tryReadFile(path)?.content ?? "");
  if (!isRecord(word)) return;
  const { code, message, salt, question } = word;
  if (!isErrorCode(code) || typeof message !== "string" || typeof salt !== "string") return;
  if (question !== (await questionOf(source, salt))) return;
  const others = " (as a run at the same time was told)";
  throw new ModuleError(code, message.endsWith(others) ? message : `${message}${others}`);
}

/**
 * Who asks with another token or another CA may get another answer. Tokens and passwords in addresses
 * are among what is asked, so whoever gets at the file must not be able to try guesses in a hurry.
 */
async function questionOf(source: Source, salt: string): Promise<string> {
  const { urls, checksum, download } = source;
  const { headers, caFile, validateCerts, timeoutMs } = download;
  const asked = [urls.map(String), checksum, headers, caFile, validateCerts, timeoutMs];
  const { scryptSync } = await import("node:crypto");
  return scryptSync(JSON.stringify(asked), salt, 32).toString("base64");
}

/** One for each word that is left. */
async function drawSalt(): Promise<string> {
  const { randomBytes } = await import("node:crypto");
  return randomBytes(16).toString("base64");
}
