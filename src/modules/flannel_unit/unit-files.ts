// Where a unit leaves traces beside its own file: links of `systemctl enable`, and drop-ins.

import { join } from "node:path";

import { type FileState, tryReadFile } from "../../host/atomic-file";
import { listNames } from "../../host/directory";
import { glanceAtLink } from "../../host/glance";

/** A drop-in as it is found. */
export interface DropIn {
  readonly path: string;
  readonly file: FileState | undefined;
}

/** Where `systemctl enable` puts its links, whatever directory the unit is in. */
const LINK_DIR = "/etc/systemd/system";

/** Directories of links ("x.wants", "x.requires") that hold one to this unit. */
export function findLinks(unitName: string): readonly string[] {
  const folders = listNames(LINK_DIR).filter((name) => /\.(wants|requires)$/.test(name));
  return folders
    .filter((folder) => glanceAtLink(join(LINK_DIR, folder, unitName)) !== undefined)
    .sort();
}

/** The drop-ins in the directory beside a unit. */
export function readDropIns(unitPath: string): readonly DropIn[] {
  const folder = `${unitPath}.d`;
  const paths = listNames(folder)
    .filter((name) => name.endsWith(".conf"))
    .sort()
    .map((name) => join(folder, name));
  return paths.map((path) => ({ path, file: tryReadFile(path) }));
}
