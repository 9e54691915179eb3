// Users and groups by name or number.

import { readFile } from "node:fs/promises";

import { askProgram } from "./programs";

/** A directory server that is down is asked for a while. */
const GETENT_TIMEOUT_MS = 30_000;
const FILES = { passwd: "/etc/passwd", group: "/etc/group" } as const;

/**
 * The number of a user (`passwd`) or group (`group`) given by name or number; undefined when the
 * host knows none. Accounts that are not in the file (LDAP, sssd) are asked for with getent.
 */
export async function tryResolveAccount(
  database: "group" | "passwd",
  nameOrId: string,
): Promise<number | undefined> {
  if (/^\d+$/.test(nameOrId)) return Number(nameOrId);
  if (nameOrId === "root") return 0;
  const local = findAccount(await readFile(FILES[database], "utf8"), nameOrId);
  if (local !== undefined) return local;
  const answer = askProgram("getent", [database, nameOrId], GETENT_TIMEOUT_MS);
  return answer.exitCode === 0 ? findAccount(answer.stdout, nameOrId) : undefined;
}

function findAccount(lines: string, name: string): number | undefined {
  const fields = lines.split("\n").map((line) => line.split(":"));
  const id = fields.find((field) => field[0] === name)?.[2];
  return id !== undefined && /^\d+$/.test(id) ? Number(id) : undefined;
}
