// Gives a file that stays the declared mode and owner, and touches no other name that it has.

import { constants } from "node:fs";
import { copyFile, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

import { StaleObservationError } from "../../base/errors";
import { applyAttributes, clearAway, finishFile, syncDirectory } from "../../host/atomic-file";
import { sha256OfFile } from "../../host/checksum";
import { translateFileError } from "../../host/file-errors";
import { labelFor } from "../../host/selinux";
import { stagedPath } from "../../host/staging";
import { alone, refuseStale } from "./alone";
import { type AttributesSetting } from "./changes";
import { type InstallPaths } from "./declare";

/** Never through a link: what others have a name of stays as it is. */
export async function setAttributes(change: AttributesSetting, paths: InstallPaths): Promise<void> {
  const { path, state } = change;
  try {
    await alone(paths, async () => {
      await refuseStale({ path, inode: state.inode });
      await (change.isCopied ? setOnCopy(change) : setOnFile(change));
    });
  } catch (error) {
    throw translateFileError(path, "set mode and owner of", error);
  }
}

async function setOnFile({ path, attributes }: AttributesSetting): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await applyAttributes(handle, attributes);
  } finally {
    await handle.close();
  }
}

async function setOnCopy({ path, state, attributes }: AttributesSetting): Promise<void> {
  const staged = stagedPath(path);
  try {
    await copyFile(path, staged, constants.COPYFILE_EXCL);
    await finishFile(staged, attributes);
    if ((await sha256OfFile(staged)) !== state.sha256) {
      throw new StaleObservationError("conflict", `${path}: someone is writing to it`);
    }
    labelFor(staged, path);
    await rename(staged, path);
    await syncDirectory(dirname(path));
  } finally {
    await clearAway(staged);
  }
}
