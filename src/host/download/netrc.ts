// ~/.netrc, where curl, git and Ansible's get_url look up who they are at a host.

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Who to be at a host. */
export interface NetrcEntry {
  /** In small letters; no port, as the format has none. */
  readonly host: string;
  readonly login: string;
  readonly password: string;
}

/** More than anybody writes; what is larger is something else. */
const MAX_BYTES = 1024 * 1024;

/** A word, or what is in double quotes, with backslashes before what would end it. */
const WORD = /"((?:[^"\\]|\\.)*)"|\S+/g;

/** Where the user of this environment has it. */
export function netrcFileIn({ NETRC = "" }: Readonly<Record<string, string | undefined>>): string {
  return NETRC === "" ? join(homedir(), ".netrc") : NETRC;
}

/** The entries of a netrc file; none when it cannot be read: nobody has to have one. */
export function readNetrc(path: string | undefined): readonly NetrcEntry[] {
  try {
    if (path === undefined) return [];
    const info = statSync(path);
    return info.isFile() && info.size <= MAX_BYTES ? parseNetrc(readFileSync(path, "utf8")) : [];
  } catch {
    return [];
  }
}

/**
 * The entries with a host and a password. The one for all other hosts (`default`) is left out: a redirect
 * leads to hosts that nobody had in mind when it was written.
 */
export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: { host: string; login: string; password: string }[] = [];
  const words = new Words(text);
  for (let key = words.nextKey(); key !== undefined; key = words.nextKey()) {
    if (key === "default") entries.push({ host: "", login: "", password: "" });
    if (key === "machine")
      entries.push({ host: words.next().toLowerCase(), login: "", password: "" });
    const entry = entries.at(-1);
    const value = ["account", "login", "password", "user"].includes(key) ? words.next() : "";
    if (entry !== undefined && key === "password") entry.password = value;
    if (entry !== undefined && (key === "login" || key === "user")) entry.login = value;
  }
  return entries.filter(({ host, password }) => host !== "" && password !== "");
}

/** `Basic ...` for the first entry of the URL's host; undefined when there is none. */
export function netrcAuthorization(url: URL, entries: readonly NetrcEntry[]): string | undefined {
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const entry = entries.find(({ host }) => host === name);
  if (entry === undefined) return undefined;
  return `Basic ${Buffer.from(`${entry.login}:${entry.password}`).toString("base64")}`;
}

class Words {
  readonly #pattern = new RegExp(WORD);

  constructor(private readonly text: string) {}

  /** Empty behind the last one. */
  next(): string {
    const [word = "", quoted] = this.#pattern.exec(this.text) ?? [];
    if (word === "") this.#pattern.lastIndex = this.text.length;
    return quoted === undefined ? word : quoted.replace(/\\(.)/gs, "$1");
  }

  /** A word that is no comment, nor in a macro, which goes to the next empty line. */
  nextKey(): string | undefined {
    for (;;) {
      const word = this.next();
      if (word === "") return undefined;
      if (word.startsWith("#")) this.#skipTo(/\n/g);
      else if (word === "macdef") this.#skipTo(/\n[ \t]*\n/g);
      else return word;
    }
  }

  /** A comment may be one word, whose line end comes next. */
  #skipTo(end: RegExp): void {
    end.lastIndex = this.#pattern.lastIndex;
    this.#pattern.lastIndex = end.exec(this.text) === null ? this.text.length : end.lastIndex;
  }
}
