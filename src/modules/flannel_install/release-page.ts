// What the page of a release says of its files: GitHub publishes a SHA-256 of each that was uploaded
// since June 2025.

import { ModuleError } from "../../base/errors";
import { expandTemplate } from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { tryReadReleasePage } from "../../host/checksum";
import { parseUrl, showUrl } from "../../host/download/address";
import { type DownloadSettings } from "../../host/download/download";
import { fetchText } from "../../host/download/fetch-text";
import { type DeclaredSource } from "./source";

/** Where the page is, and how it is asked. */
export interface ReleasePage {
  readonly url: URL;
  readonly tag: string;
  /** As messages call the program that is released. */
  readonly title: string;
  /** Without a digest of any file, nothing may go on. */
  readonly isRequired: boolean;
  readonly download: DownloadSettings;
}

/** What the page says: SHA-256 by the name of the file; or why it says nothing. */
export interface PublishedDigests {
  readonly digests: Readonly<Record<string, string>>;
  readonly fault: ModuleError | undefined;
}

/** An API answers at once, and a host without a way to it should not wait long to hear so. */
const LONGEST_MS = 10_000;

/** Throws `invalid_arguments`. */
export function declarePage(source: DeclaredSource): ReleasePage {
  const { program, version, page, headers, transfer, checksum } = source;
  const url = parseUrl(
    expandTemplate(page, { program, version, arch: "amd64", kind: "binary" }),
    "release_page",
  );
  const timeoutMs = Math.min(transfer.timeoutMs, LONGEST_MS);
  const retries = Math.min(transfer.retries, 1);
  const download = { ...transfer, timeoutMs, retries, headers: headers.perHost };
  const { title } = program;
  return { url, tag: tagOf(version), title, isRequired: checksum.isRequired, download };
}

/** Asks the page. Never throws for what it does not answer. */
export async function askPage({ url, tag, download }: ReleasePage): Promise<PublishedDigests> {
  try {
    const entries = tryReadReleasePage(await fetchText(url, download)) ?? [];
    const digests = Object.fromEntries(entries.map(({ name, hex }) => [name, hex]));
    if (entries.length > 0) return { digests, fault: undefined };
    const reason = `publishes no SHA-256 of ${tag} (GitHub does since June 2025)`;
    throw new ModuleError("not_found", `${showUrl(url)}: ${reason}`);
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    return { digests: {}, fault: error };
  }
}
