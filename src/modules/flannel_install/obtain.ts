// Brings the file to install from into the target directory, and takes it apart if it is an archive.

import { access } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { ModuleError } from "../../base/errors";
import { DAEMON, MK_DOCKER_OPTS, type ReleaseFile } from "../../flannel/release-assets";
import { extractFiles } from "../../host/archive";
import { type Download, downloadFile } from "../../host/download/download";
import { stagedPath } from "../../host/staging";
import { declaredSha256 } from "./observe";
import { type InstallPaths, type InstallRequest } from "./request";

/** Where things are prepared: beside their targets, under names the next run knows as debris. */
export interface Staging {
  readonly asset: string;
  readonly binary: string;
  readonly script: string;
  readonly previous: string;
}

export type StagedFiles = Readonly<Partial<Record<ReleaseFile, string>>>;

export interface Asset extends Download {
  readonly isArchive: boolean;
  readonly isVerified: boolean;
  readonly path: string;
}

export function stagingFor(paths: InstallPaths): Staging {
  return {
    asset: stagedPath(paths.binary, "asset"),
    binary: stagedPath(paths.binary),
    script: stagedPath(paths.script),
    previous: stagedPath(paths.binary, "previous"),
  };
}

/** Downloads or copies the file to install from, and checks it against what is declared. */
export async function obtainAsset(
  request: InstallRequest,
  knownSha256: string | undefined,
  staging: Staging,
): Promise<Asset> {
  const { src, checksum, withScript, download } = request;
  const sha256 = knownSha256 ?? (await declaredSha256(request));
  if (src !== undefined) await checkSource(src);
  const urls = src === undefined ? request.urls : [pathToFileURL(src)];
  const rejectHead = (head: Buffer): string | undefined => rejectAsset(head, withScript);
  const downloaded = await downloadFile(urls, staging.asset, { sha256, rejectHead }, download);
  return {
    ...downloaded,
    source: src ?? downloaded.source,
    isArchive: isGzip(downloaded.head),
    isVerified: checksum !== undefined,
    path: staging.asset,
  };
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

/** The files to install, each in a file of its own in the target directory. */
export async function unpackAsset(
  asset: Asset,
  files: readonly ReleaseFile[],
  staging: Staging,
): Promise<StagedFiles> {
  if (!asset.isArchive) return { [DAEMON]: asset.path };
  const places = { [DAEMON]: staging.binary, [MK_DOCKER_OPTS]: staging.script };
  const wanted = new Map(files.map((file) => [file, places[file]]));
  await extractFiles(asset.path, wanted);
  return Object.fromEntries(wanted);
}
