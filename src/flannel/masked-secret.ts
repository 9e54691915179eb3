// How a secret of the network configuration is shown: not at all, but with the revision of its key in
// etcd, so that a secret that was written anew can be told from the one before without a part of it.

import { MASK } from "../base/secrets";

/** In check mode, before the write: etcd has not given it a revision yet. */
const UNWRITTEN = "known after the write";

/** "******** (revision 15)"; without a revision, what check mode shows of a secret to be written. */
export function maskOfRevision(revision: number | undefined): string {
  return `${MASK} (${revision === undefined ? UNWRITTEN : `revision ${revision}`})`;
}

/** The revision in what `maskOfRevision` made ("15", "new" before the write); undefined for others. */
export function tryRevisionOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const [, shown] = /^\*{8} \((.*)\)$/.exec(value) ?? [];
  return shown === UNWRITTEN ? "new" : /^revision (\d+)$/.exec(shown ?? "")?.[1];
}
