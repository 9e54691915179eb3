// Everything this module can do to a host: the steps a plan is made of, with sentence and diff.

import type * as contract from "../../ansible/module";
import { MASK } from "../../base/secrets";
import { type FileState } from "../../host/atomic-file";
import { type FileInfo } from "../../host/file-info";

/** A file of root's with this content. */
export interface Write {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Who is to be told that there is a new file. */
  readonly then?: "udev";
}

export interface Remove {
  readonly path: string;
  /** The folder was made for this file, and goes with the last of its kind. */
  readonly folderToo?: boolean;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly input?: string;
}

/** How systemctl changes the links by which a unit is started at boot. */
export type Enablement = "disable" | "enable" | "reenable";

/** What the way back puts back; "daemon" is the start of what was put back. */
export type Restored =
  "binary" | "certificate" | "daemon" | "environment file" | "network configuration" | "unit";

/** A directory that is root's, with this mode. */
export interface Folder {
  readonly path: string;
  readonly mode: number;
}

/** A file whose text was sent to the host in another one, under this name. */
export interface Placement {
  readonly path: string;
  readonly mode: number;
  readonly name: string;
  readonly sha256: string;
  readonly sent: string;
  /** Nothing else is to come out of what was sent. */
  readonly isLast: boolean;
}

export type Action =
  | ({ readonly kind: "write" } & Write)
  | ({ readonly kind: "create-folder" | "folder" } & Folder)
  | ({ readonly kind: "placement" } & Placement)
  | { readonly kind: "remove-folder"; readonly path: string }
  | ({ readonly kind: "remove" } & Remove)
  | ({ readonly kind: "command" } & Command)
  | { readonly kind: "systemctl"; readonly args: readonly string[] }
  | { readonly kind: "enablement"; readonly verb: Enablement }
  | { readonly kind: "start" | "restart" }
  | { readonly kind: "forget" }
  | { readonly kind: "restore"; readonly what: Restored };

export type Change = Action & contract.Change;

/** Takes secrets out of a text that is to be shown. */
export type Hide = (text: string) => string;

const showAll: Hide = (text) => text;

const ENABLEMENTS: Readonly<Record<Enablement, string>> = {
  disable: "disable",
  enable: "enable",
  reenable: "re-enable",
};

/** Brings a file of root's to this content and mode; no step when it is so already. */
export function planWrite(
  write: Write,
  before: FileState | undefined,
  hide: Hide = showAll,
): readonly Change[] {
  const { path, content, mode } = write;
  const isSame =
    before?.content === content && before.mode === mode && before.uid === 0 && before.gid === 0;
  if (isSame) return [];
  const diff = diffOf(path, before, { content, mode, uid: 0, gid: 0 }, hide);
  return [{ kind: "write", ...write, summary: `write ${path}`, diff }];
}

/** Removes a file; no step when there is none. */
export function planRemove(
  remove: Remove,
  before: FileState | undefined,
  hide: Hide = showAll,
): readonly Change[] {
  if (before === undefined) return [];
  const { path } = remove;
  const diff = diffOf(path, before, undefined, hide);
  return [{ kind: "remove", ...remove, summary: `remove ${path}`, diff }];
}

/** Gives what is there to root, with this mode; a directory that is not there comes with its first file. */
export function planFolder(folder: Folder, before: FileInfo | undefined): readonly Change[] {
  const { path, mode } = folder;
  if (before === undefined) return [];
  if (before.mode === mode && before.uid === 0 && before.gid === 0) return [];
  const diff = {
    before_header: path,
    after_header: path,
    before: attributesOf(before),
    after: attributesOf({ mode, uid: 0, gid: 0 }),
  };
  return [{ kind: "folder", ...folder, summary: `set mode and owner of ${path}`, diff }];
}

/** Makes a directory, and those above it. */
export function createFolder(folder: Folder): Change {
  const { path, mode } = folder;
  const after = `directory, ${attributesOf({ mode, uid: 0, gid: 0 })}`;
  const diff = { before_header: path, after_header: path, before: "", after };
  return { kind: "create-folder", ...folder, summary: `create ${path}`, diff };
}

/** Puts a file in place that was sent; of its text, which may be a private key, only the digest is shown. */
export function placement(
  file: Placement,
  before: (FileInfo & { readonly sha256: string }) | undefined,
): Change {
  const { path, mode, sha256 } = file;
  const show = (info: Parameters<typeof attributesOf>[0] & { readonly sha256: string }): string =>
    `SHA-256 ${info.sha256}, ${attributesOf(info)}`;
  const diff = {
    before_header: path,
    after_header: path,
    before: before === undefined ? "" : show(before),
    after: show({ sha256, mode, uid: 0, gid: 0 }),
  };
  return { kind: "placement", ...file, summary: `write ${path}`, diff };
}

/** Removes a directory in which nothing is left. */
export function removeFolder(path: string): Change {
  const diff = { before_header: path, after_header: path, before: "directory\n", after: "" };
  return { kind: "remove-folder", path, summary: `remove ${path}`, diff };
}

/** A call of systemctl as a step. */
export function systemctlStep(summary: string, ...args: readonly string[]): Change {
  return { kind: "systemctl", args, summary };
}

/** systemd reads its files anew. */
export function reload(): Change {
  return systemctlStep("reload systemd", "daemon-reload");
}

/** Another program of the host as a step. */
export function command(
  summary: string,
  file: string,
  args: readonly string[],
): Command & contract.Change & { readonly kind: "command" } {
  return { kind: "command", file, args, summary };
}

/** Brings the links of a unit to the wanted ones. */
export function enablement(
  verb: Enablement,
  unitName: string,
  before: readonly string[],
  after: readonly string[],
): Change {
  const print = (links: readonly string[]) => links.map((link) => `${link}\n`).join("");
  const header = `${unitName} links`;
  const diff = {
    before_header: header,
    after_header: header,
    before: print(before),
    after: print(after),
  };
  return { kind: "enablement", verb, summary: `${ENABLEMENTS[verb]} ${unitName}`, diff };
}

/** Starts what does not run. */
export function start(unitName: string): Change {
  return { kind: "start", summary: `start ${unitName}` };
}

/** A restart is no file, but whoever looks with --diff wants to see it, and why. */
export function restart(unitName: string, reasons: readonly string[]): Change {
  const after = ["restarted:", ...reasons.map((reason) => `  ${reason}`)];
  const header = `${unitName} process`;
  const diff = {
    before_header: header,
    after_header: header,
    before: "",
    after: after.map((line) => `${line}\n`).join(""),
  };
  return { kind: "restart", summary: `restart ${unitName}`, diff };
}

/** What was kept for the way back has served its time. */
export function forget(unitName: string): Change {
  return {
    kind: "forget",
    summary: `remove what an earlier run kept of the previous ${unitName}`,
  };
}

/** A file that the way back has put back. */
export function putBack(what: Exclude<Restored, "daemon">): Change {
  return { kind: "restore", what, summary: `put back the previous ${what}` };
}

/** The start of what was put back. */
export function startAgain(unitName: string): Change {
  return { kind: "restore", what: "daemon", summary: `start ${unitName} again as it was before` };
}

/** A diff of two files; mode and owner are shown when only they differ. */
function diffOf(
  path: string,
  before: FileState | undefined,
  after: FileState | undefined,
  hide: Hide,
): contract.Diff {
  const showAttributes = before !== undefined && before.content === after?.content;
  const show = (file: FileState | undefined): string => {
    if (file === undefined) return "";
    return showAttributes ? attributesOf(file) : hide(file.content);
  };
  const [old, next] = [show(before), show(after)];
  // Two masked secrets look alike; the diff must still show that something changes.
  const changedSecret = old === next ? next.replaceAll(MASK, `${MASK} (changed)`) : next;
  return { before_header: path, after_header: path, before: old, after: changedSecret };
}

function attributesOf({ mode, uid, gid }: Pick<FileInfo, "gid" | "mode" | "uid">): string {
  return `mode ${mode.toString(8)}, owner ${uid}:${gid}\n`;
}
