// Fetches a small text, such as a list of checksums.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { translateFileError } from "../file-errors";
import { showUrl } from "./address";
import { TransferError, translateTransferError } from "./failure";
import { type DownloadSettings, backoffMs } from "./download";
import { requestUrl } from "./request";

const MAX_TEXT_BYTES = 1024 * 1024;

/** The text at `url`, tried again as a download is. Throws ModuleError. */
export async function fetchText(url: URL, settings: DownloadSettings): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return url.protocol === "file:" ? await readLocal(url) : await readRemote(url, settings);
    } catch (error) {
      const failure = translateTransferError(showUrl(url), error);
      const again = failure instanceof TransferError && failure.retryable;
      if (!again || attempt > settings.retries) throw failure;
      await settings.sleep(backoffMs(attempt, failure.retryAfterMs));
    }
  }
}

async function readLocal(url: URL): Promise<string> {
  const path = fileURLToPath(url);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw translateFileError(path, "read", error);
  }
}

async function readRemote(url: URL, settings: DownloadSettings): Promise<string> {
  const response = await requestUrl(url, settings);
  const timer = setTimeout(() => {
    const message = `${showUrl(url)}: not read within ${settings.timeoutMs / 1000} s`;
    response.destroy(new TransferError("timeout", message, true));
  }, settings.timeoutMs);
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= MAX_TEXT_BYTES) continue;
      throw new TransferError("verification", `${showUrl(url)}: is too long to be a list`, false);
    }
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}
