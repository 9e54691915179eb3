// Why a download has failed, for the runs that were waiting for it: a mirror that is down need not
// be asked in vain by each of them, one after the other.

import { ModuleError, StaleObservationError, isErrorCode } from "../../base/errors";
import { fingerprintOfSecret } from "../../base/hash";
import { isRecord, tryParseJson } from "../../base/json";
import { clearAway, replaceFile, tryReadFile } from "../../host/atomic-file";
import { type Source } from "./source";

/** Leaves word of a failure; never throws, because it is the failure that counts. */
export async function shareFailure(path: string, source: Source, error: unknown): Promise<void> {
  // That another run was faster is no failure.
  if (!(error instanceof ModuleError) || error instanceof StaleObservationError) return;
  const { code, message } = error;
  const word = JSON.stringify({ code, message, question: questionOf(source) });
  await replaceFile(path, word, { mode: 0o600 }).catch(() => clearAway(path));
}

/** Throws what a run that was waited for has left word of, if it asked the same. */
export function rethrowShared(path: string, source: Source): void {
  const word = tryParseJson(tryReadFile(path)?.content ?? "");
  if (!isRecord(word) || word["question"] !== questionOf(source)) return;
  const { code, message } = word;
  if (!isErrorCode(code) || typeof message !== "string") return;
  const others = " (another run at the same time was told so)";
  throw new ModuleError(code, message.endsWith(others) ? message : `${message}${others}`);
}

/** Who asks with another token or another CA may get another answer. */
function questionOf({ urls, checksum, download }: Source): string {
  const { headers, caFile, validateCerts, timeoutMs } = download;
  const asked = [urls.map(String), checksum, headers, caFile, validateCerts, timeoutMs];
  return fingerprintOfSecret(asked);
}
