// Brings the file to install from to a place on the host, and takes it apart if it is an archive.

import { access } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { ModuleError } from "../../base/errors";
import { DAEMON, type ReleaseFile } from "../../flannel/release-assets";
import { extractFiles } from "../../host/archive";
import { type Download, type WantedFile, downloadFile } from "../../host/download/download";
import { isGzip, rejectAsset } from "./release-file";
import { type Source } from "./source";

export type StagedFiles = Readonly<Partial<Record<ReleaseFile, string>>>;

export interface Asset extends Download {
  readonly isArchive: boolean;
  readonly path: string;
}

/**
 * Downloads or copies the file to install from to `path`, which must not exist, and checks it
 * against the digest it must have. Throws ModuleError; `path` may then be there, incomplete.
 */
export async function obtainAsset(
  { src, urls, withScript, download }: Source,
  sha256: string | undefined,
  path: string,
  rejectFile?: WantedFile["rejectFile"],
): Promise<Asset> {
  if (src !== undefined) await checkSource(src);
  const addresses = src === undefined ? urls : [pathToFileURL(src)];
  const rejectHead = (head: Buffer): string | undefined => rejectAsset(head, withScript);
  const wanted = { sha256, rejectHead, ...(rejectFile === undefined ? {} : { rejectFile }) };
  const downloaded = await downloadFile(addresses, path, wanted, download);
  const { source, head } = downloaded;
  return { ...downloaded, source: src ?? source, isArchive: isGzip(head), path };
}

async function checkSource(src: string): Promise<void> {
  await access(src).catch((cause: unknown) => {
    throw new ModuleError(
      "not_found",
      `src: ${src}: there is no such file on the host that can be read, copy it there first`,
      { cause },
    );
  });
}

/** The files to install: the asset itself if it is the bare daemon, else unpacked to `places`. */
export async function unpackAsset(
  asset: Asset,
  files: readonly ReleaseFile[],
  places: Readonly<Record<ReleaseFile, string>>,
): Promise<StagedFiles> {
  if (!asset.isArchive) return { [DAEMON]: asset.path };
  const wanted = new Map(files.map((file) => [file, places[file]]));
  await extractFiles(asset.path, wanted);
  return Object.fromEntries(wanted);
}
