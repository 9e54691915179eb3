// The network configuration that a daemon was started for, as words that its process carries along:
// "Backend.Type=vxlan Backend.VNI=7 Network=10.200.0.0/16". It is for everybody to read, so that
// secrets and whatever might be one (commands, long texts) are in it as fingerprints only.

import { fingerprintOfSecret } from "../base/hash";
import { isRecord } from "../base/json";
import { isSecretName } from "./backend-table";

const PLAIN = /^[\w.:/+-]{0,64}$/;

/** The words of a configuration; the order of its keys does not matter, null is as not given. */
export function renderNetworkMark(document: Readonly<Record<string, unknown>>): string {
  return settingsOf("", document)
    .map(([name, word]) => `${name}=${word}`)
    .sort()
    .join(" ");
}

/** The settings of a mark by name ("Backend.VNI"). */
export function parseNetworkMark(mark: string): ReadonlyMap<string, string> {
  const words = mark.split(" ").filter((word) => word.includes("="));
  return new Map(
    words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
}

/** What differs, in words: "Backend.VNI was 1, is 7; SubnetLen was not set, is 26". */
export function describeMarkChange(before: string, after: string): string {
  const [old, next] = [parseNetworkMark(before), parseNetworkMark(after)];
  const names = [...new Set([...old.keys(), ...next.keys()])].sort();
  return names
    .filter((name) => old.get(name) !== next.get(name))
    .map((name) => describeSetting(name, old.get(name), next.get(name)))
    .join("; ");
}

function describeSetting(name: string, before: string | undefined, after: string | undefined) {
  if (before?.startsWith("#") === true && after?.startsWith("#") === true) {
    return `${name} was another one`;
  }
  return `${name} was ${showWord(before)}, is ${showWord(after)}`;
}

function showWord(word: string | undefined): string {
  if (word === undefined) return "not set";
  return word.startsWith("#") ? "a value not shown" : word;
}

function settingsOf(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value)) return [[path, wordOf(path, value)]];
  return Object.entries(value).flatMap(([name, item]) => {
    const known = PLAIN.test(name) ? name : hide(name);
    return settingsOf(path === "" ? known : `${path}.${known}`, item);
  });
}

function wordOf(path: string, value: unknown): string {
  const isSecret = path.split(".").some(isSecretName);
  // Templates turn numbers and truth values into text, which is no difference.
  const text = ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
  return !isSecret && text !== undefined && PLAIN.test(text) ? text : hide(value);
}

function hide(value: unknown): string {
  return `#${fingerprintOfSecret(value)}`;
}
