// Brings the file to install from to a place on the host, and takes it apart if it is an archive.

import { access } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { ModuleError } from "../../base/errors";
import { DAEMON, type ReleaseFile } from "../../flannel/release-assets";
import { extractFiles } from "../../host/archive";
import { type Download, downloadFile } from "../../host/download/download";
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
): Promise<Asset> {
  if (src !== undefined) await checkSource(src);
  const addresses = src === undefined ? urls : [pathToFileURL(src)];
  const rejectHead = (head: Buffer): string | undefined => rejectAsset(head, withScript);
  const downloaded = await downloadFile(addresses, path, { sha256, rejectHead }, download);
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

/** Why this cannot be a release file, by its first bytes. */
function rejectAsset(head: Buffer, needsArchive: boolean): string | undefined {
  if (isGzip(head)) return undefined;
  if (head.toString("latin1", 0, 4) === "\x7fELF") {
    return needsArchive
      ? "is a bare binary, mk_docker_opts needs the tar.gz of the release"
      : undefined;
  }
  if (head.length === 0) return "is empty";
  const start = head.toString("latin1").trimStart();
  if (/^<(!doctype html|html|head|body)/i.test(start)) {
    return "is an HTML page and not the file (the login page of a proxy or mirror?)";
  }
  const shown = JSON.stringify(start.slice(0, 40)).replace(/[^ -~]/g, "?");
  return `is neither a program nor a tar.gz, it begins with ${shown}`;
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
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
