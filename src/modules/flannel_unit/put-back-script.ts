// The dead man's switch as a shell script: systemd runs it beside the run that tries a new daemon, and
// should that run end without having called it off, it puts back what ran before. It needs neither
// Node.js nor anybody's connection.

import { type FileState } from "../../host/atomic-file";
import { type Restored } from "./changes";
import { HEADER } from "./header";

/** How a file becomes what it was: by its content, by another name of the old file, or by going. */
export type Putting = { readonly path: string } & (
  | { readonly by: "content"; readonly before: FileState }
  | { readonly by: "link"; readonly kept: string }
  | { readonly by: "removal" }
);

/** Something that is to be put back. */
export interface Step {
  readonly what: Exclude<Restored, "daemon">;
  readonly putting: Putting;
  /** systemd must know the previous unit first: the one it knows until then needs the file. */
  readonly isLate?: boolean;
}

/** The process that tries the new daemon: its number, and its start in ticks since boot. */
export interface Trial {
  readonly pid: number;
  readonly startTicks: number;
  /** However alive it looks, after this time it is taken for dead. */
  readonly limitS: number;
}

/** Names in the directory of the switch. */
export const ARMED = "armed";
export const FIRED = "fired";
export const SCRIPT = "put-back.sh";

/** The directory of the switch, beside the environment file of the unit. */
export function switchFolder(optionsDir: string, unitName: string): string {
  return `${optionsDir}/.${unitName.replace(/\.service$/, "")}.way-back`;
}

/** The service that runs the script. */
export function watcherOf(unitName: string): string {
  return unitName.replace(/\.service$/, "-way-back.service");
}

/** The script; `saved` are the names of the files in `directory`, by step. */
export function renderPutBack(
  directory: string,
  unitName: string,
  trial: Trial,
  saved: readonly { readonly step: Step; readonly name: string }[],
): string {
  const lines = (isLate: boolean) =>
    saved.filter(({ step }) => (step.isLate === true) === isLate).map(renderStep);
  return [
    "#!/bin/sh",
    `${HEADER}: puts back what ran before, should the`,
    "# run that tries a new flanneld end without having called this off.",
    `cd ${quote(directory)} || exit 0`,
    "",
    "is_alive() {",
    `  read -r stat 2>/dev/null </proc/${trial.pid}/stat || return 1`,
    "  set -- ${stat##*) }", // state, parent, ...: the name before may hold blanks
    `  [ "$1" != Z ] && [ "$1" != X ] && [ "\${20}" = ${trial.startTicks} ]`,
    "}",
    "seconds=0",
    `while is_alive && [ $seconds -lt ${trial.limitS} ]; do`,
    `  [ -e ${ARMED} ] || exit 0`,
    "  sleep 1",
    "  seconds=$((seconds + 1))",
    "done",
    "# Whoever moves this file away first has the say.",
    `mv ${ARMED} ${FIRED} 2>/dev/null || exit 0`,
    `date -u '+%Y-%m-%d %H:%M:%S UTC' >${FIRED}`,
    "",
    // Whole, also when the power goes. An old sync takes no file, and syncs everything.
    'put() { cp -p -- "$1" "$2.put-back" && {',
    '  sync "$2.put-back"; mv -f -- "$2.put-back" "$2" && sync "${2%/*}"; } }',
    ...lines(false),
    "systemctl daemon-reload",
    ...lines(true),
    `systemctl reset-failed ${quote(unitName)} 2>/dev/null`,
    `systemctl restart --no-block ${quote(unitName)}`,
    "sync .",
    `find . -type f ! -name ${FIRED} -exec rm -f -- {} +`,
    "# A flanneld that is told to end while it starts may wait for itself, and systemd for 90 seconds.",
    "for look in 1 2 3 4 5; do",
    "  sleep 1",
    `  [ "$(systemctl is-active ${quote(unitName)})" = deactivating ] || exit 0`,
    "done",
    `systemctl kill --signal=KILL ${quote(unitName)}`,
    "",
  ].join("\n");
}

function renderStep({ step: { putting }, name }: { step: Step; name: string }): string {
  if (putting.by === "removal") return `rm -f -- ${quote(putting.path)}`;
  return `put ${quote(putting.by === "link" ? putting.kept : name)} ${quote(putting.path)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
