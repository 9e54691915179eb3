// Brings the file to install from to a place on the host, and takes it apart if it is an archive.

import { access } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { ModuleError } from "../../base/errors";
import { MK_DOCKER_OPTS, PROGRAM, type ReleaseFile } from "../../flannel/release-assets";
import { extractFiles } from "../../host/archive";
import { type Digest } from "../../host/checksum";
import { type Download, downloadFile } from "../../host/download/download";
import { isGzip, rejectAsset } from "./release-file";
import { type Source } from "./source";

export type StagedFiles = Readonly<Partial<Record<ReleaseFile, string>>>;

export interface Asset extends Download {
  readonly isArchive: boolean;
}

/**
 * Downloads or copies the file to install from to `path`, which must not exist, and checks it
 * against the digest it must have. `check` looks at it as a whole: one that it throws `verification`
 * for is looked for at the next address. Throws ModuleError; `path` may then be there, incomplete.
 */
export async function obtainAsset(
  { src, urls, withScript, download }: Source,
  digest: Digest | undefined,
  path: string,
  check: (asset: Asset) => Promise<void> = () => Promise.resolve(),
): Promise<Asset> {
  if (src !== undefined) await checkSource(src);
  const addresses =
    src === undefined ? urls.map((url) => ({ url })) : [{ url: pathToFileURL(src), name: src }];
  const rejectHead = (head: Buffer): string | undefined => rejectAsset(head, withScript);
  const checkAsset = (downloaded: Download): Promise<void> => check(assetOf(downloaded));
  const wanted = { digest, rejectHead, check: checkAsset };
  return assetOf(await downloadFile(addresses, path, wanted, download));
}

function assetOf(downloaded: Download): Asset {
  return { ...downloaded, isArchive: isGzip(downloaded.head) };
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

/** The files to install: the asset itself if it is the bare program, else unpacked to `places`. */
export async function unpackAsset(
  asset: Asset,
  { program, arch }: Pick<Source, "arch" | "program">,
  files: readonly ReleaseFile[],
  places: Readonly<Record<ReleaseFile, string>>,
): Promise<StagedFiles> {
  if (!asset.isArchive) return { [PROGRAM]: asset.path };
  const members = { [PROGRAM]: program.memberName(arch), [MK_DOCKER_OPTS]: MK_DOCKER_OPTS };
  try {
    await extractFiles(asset.path, new Map(files.map((file) => [members[file], places[file]])));
  } catch (error) {
    throw nameSource(error, asset);
  }
  return Object.fromEntries(files.map((file) => [file, places[file]]));
}

/** The file that is unpacked is gone when this is read; where it came from is not. */
function nameSource(error: unknown, { path, source }: Asset): unknown {
  if (!(error instanceof ModuleError) || error.code !== "verification") return error;
  const message = error.message.replace(path, source);
  return new ModuleError("verification", message, { cause: error });
}
