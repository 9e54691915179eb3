// The steps a plan is made of, with their diffs.

import { type Change, type Diff } from "../../ansible/module";
import { MASK } from "../../base/secrets";
import { type FileState } from "../../host/atomic-file";

export type Action =
  | {
      readonly kind: "write";
      readonly path: string;
      readonly content: string;
      readonly mode: number;
    }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "systemctl"; readonly args: readonly string[] }
  | {
      readonly kind: "command";
      readonly file: string;
      readonly args: readonly string[];
      readonly input?: string;
    }
  | { readonly kind: "start" | "restart" };

export interface UnitChange extends Change {
  readonly action: Action;
}

type Hide = (text: string) => string;

const showAll: Hide = (text) => text;

/** Brings a file of root's to this content and mode; no step when it is so already. */
export function planWrite(
  path: string,
  content: string,
  mode: number,
  before: FileState | undefined,
  hide: Hide = showAll,
): readonly UnitChange[] {
  const after = { content, mode, uid: 0, gid: 0 };
  const isSame =
    before?.content === content && before.mode === mode && before.uid === 0 && before.gid === 0;
  if (isSame) return [];
  const diff = diffOf(path, before, after, hide);
  return [{ summary: `write ${path}`, diff, action: { kind: "write", path, content, mode } }];
}

/** Removes a file; no step when there is none. */
export function planRemove(
  path: string,
  before: FileState | undefined,
  hide: Hide = showAll,
): readonly UnitChange[] {
  if (before === undefined) return [];
  const diff = diffOf(path, before, undefined, hide);
  return [{ summary: `remove ${path}`, diff, action: { kind: "remove", path } }];
}

/** True for the step that writes this file. */
export function isWriteOf(path: string, { action }: UnitChange): boolean {
  return action.kind === "write" && action.path === path;
}

/** A call of systemctl as a step. */
export function systemctlStep(summary: string, ...args: readonly string[]): UnitChange {
  return { summary, action: { kind: "systemctl", args } };
}

/** A diff of two files; mode and owner are shown when only they differ. */
function diffOf(
  path: string,
  before: FileState | undefined,
  after: FileState | undefined,
  hide: Hide,
): Diff {
  const showAttributes = before !== undefined && before.content === after?.content;
  const show = (file: FileState | undefined): string => {
    if (file === undefined) return "";
    const attributes = `mode ${file.mode.toString(8)}, owner ${file.uid}:${file.gid}\n`;
    return showAttributes ? attributes : hide(file.content);
  };
  const [old, next] = [show(before), show(after)];
  // Two masked secrets look alike; the diff must still show that something changes.
  const changedSecret = old === next ? next.replaceAll(MASK, `${MASK} (changed)`) : next;
  return { before_header: path, after_header: path, before: old, after: changedSecret };
}
