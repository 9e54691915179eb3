// Downloads in this process, from servers that misbehave.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { messageOf } from "../../src/base/errors";
import { type Digest } from "../../src/host/checksum";
import {
  type Download,
  type DownloadSettings,
  type WantedFile,
  downloadFile,
} from "../../src/host/download/download";
import { sha256 } from "./flannel-install";

/** How a download ended: with a file or with an error, and how long it waited between attempts. */
export interface Ending {
  readonly download: Download | undefined;
  readonly content: Buffer | undefined;
  readonly error: unknown;
  /** Of the error; empty where there is none. */
  readonly message: string;
  readonly waitsMs: readonly number[];
}

export interface Attempt {
  readonly urls: readonly string[];
  readonly wanted?: Partial<WantedFile>;
  readonly settings?: Partial<DownloadSettings>;
}

/** Downloads into a directory of its own, without waiting between attempts. */
export async function tryDownload({ urls, wanted, settings }: Attempt): Promise<Ending> {
  const directory = mkdtempSync(join(tmpdir(), "download-"));
  const path = join(directory, "file");
  const waitsMs: number[] = [];
  const sleep = (milliseconds: number): Promise<void> => {
    waitsMs.push(milliseconds);
    return Promise.resolve();
  };
  const all = { ...SETTINGS, sleep, ...settings };
  const nothing = { digest: undefined, rejectHead: () => undefined };
  try {
    const addresses = urls.map((url) => ({ url: new URL(url) }));
    const download = await downloadFile(addresses, path, { ...nothing, ...wanted }, all);
    const content = readFileSync(path);
    return { download, content, error: undefined, message: "", waitsMs };
  } catch (error) {
    const content = readdirSync(directory).length > 0 ? readFileSync(path) : undefined;
    return { download: undefined, content, error, message: messageOf(error), waitsMs };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The digest that only this content has. */
export function digestOf(content: Buffer): Digest {
  return { algorithm: "sha256", hex: sha256(content) };
}

const SETTINGS: Omit<DownloadSettings, "sleep"> = {
  timeoutMs: 400,
  retries: 0,
  deadlineMs: 60_000,
  maxBytes: 16 * 1024 * 1024,
  headers: [],
  environment: {},
  netrcFile: undefined,
  validateCerts: true,
  caFile: undefined,
  clientCertificate: undefined,
};
