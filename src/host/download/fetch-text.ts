// Fetches a small text, such as a list of checksums.

import { fileURLToPath } from "node:url";

import { Deadline } from "../deadline";
import { openRegularFile } from "../regular-file";
import { showUrl } from "./address";
import { TransferError, translateTransferError } from "./failure";
import { type DownloadSettings, backoffMs } from "./download";
import { type RequestSettings, requestUrl } from "./request";

const MAX_TEXT_BYTES = 1024 * 1024;

/** The text at `url`, tried again as a download is. Throws ModuleError. */
export async function fetchText(url: URL, settings: DownloadSettings): Promise<string> {
  const deadline = new Deadline(settings.deadlineMs);
  for (let attempt = 1; ; attempt++) {
    try {
      return url.protocol === "file:"
        ? await readLocal(url)
        : await readRemote(url, { ...settings, deadline });
    } catch (error) {
      const failure = translateTransferError(showUrl(url), error);
      const again = failure instanceof TransferError && failure.retryable;
      if (!again || attempt > settings.retries) throw failure;
      const waitMs = backoffMs(attempt, failure.retryAfterMs);
      if (waitMs >= deadline.remainingMs()) throw failure;
      await settings.sleep(waitMs);
    }
  }
}

async function readLocal(url: URL): Promise<string> {
  const handle = await openRegularFile(fileURLToPath(url));
  try {
    return await readAll(handle.createReadStream(), url);
  } finally {
    await handle.close();
  }
}

async function readRemote(url: URL, settings: RequestSettings): Promise<string> {
  const response = await requestUrl(url, settings);
  const limitMs = Math.ceil(Math.min(settings.timeoutMs, settings.deadline.remainingMs()));
  const timer = setTimeout(() => {
    const message = `${showUrl(url)}: not read within ${limitMs / 1000} s`;
    response.destroy(new TransferError("timeout", message, true));
  }, limitMs);
  try {
    return await readAll(response, url);
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}

async function readAll(source: AsyncIterable<Buffer>, url: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= MAX_TEXT_BYTES) continue;
    throw new TransferError(
      "verification",
      `${showUrl(url)}: is too long for a list of checksums`,
      false,
    );
  }
  return Buffer.concat(chunks).toString("utf8");
}
