// What must hold of every answer of every module, whatever it was asked.

import { type Change } from "../../../src/ansible/module";
import { isRecord } from "../../../src/base/json";
import { type Case } from "../arbitraries/case";
import { type Seen } from "./spy";

type Result = Readonly<Record<string, unknown>>;

const ERROR_CODES = new Set(
  (
    "invalid_arguments invalid_config unsupported conflict refused not_found permission network tls auth " +
    "timeout verification host service interrupted internal"
  ).split(" "),
);

/** The rules that a result breaks, in words; empty is good. */
export function liesOf(
  line: string,
  { settings, options }: Case,
  returned: readonly string[],
): readonly string[] {
  if (!/^[\x20-\x7e]+$/.test(line)) return ["it is not one line of ASCII"];
  const result: unknown = JSON.parse(line);
  if (!isRecord(result)) return ["it is no dict"];
  const changes = result["changes"];
  const isUnread = String(result["msg"]).startsWith("the module arguments are ");
  const rules: Readonly<Record<string, boolean>> = {
    "every documented key is there": returned.every((key) => key in result),
    "changed is true or false": typeof result["changed"] === "boolean",
    "changes are texts": isTexts(changes),
    "changed means that there are changes":
      result["changed"] === (Array.isArray(changes) && changes.length > 0),
    "failed is true or not there": !("failed" in result) || result["failed"] === true,
    "a failure has a code and a message, nothing else has one": isFailureWhole(result),
    "warnings are different texts": isWarnings(result["warnings"]),
    "there is a diff if one was asked for":
      "diff" in result === (settings._ansible_diff && !isUnread),
    "a diff is made of texts, and of changes": isDiff(result["diff"], changes),
    "check mode never says that it has done something": !(
      settings._ansible_check_mode && String(result["msg"]).includes("already done")
    ),
    "every option is shown, by its own name": isUnread || hasInvocation(result, options),
  };
  return Object.keys(rules).filter((rule) => rules[rule] === false);
}

/** How a result differs from what was seen to happen. */
export function untruthsOf(result: Result, { settings }: Case, seen: Seen): readonly string[] {
  const isPrediction = settings._ansible_check_mode;
  const failed = result["failed"] === true;
  const expected = isPrediction ? (failed ? [] : seen.planned) : seen.done;
  const told = result["changes"];
  const count = Array.isArray(told) ? told.length : -1;
  const lies: string[] = [];
  if (isPrediction && seen.done.length > 0) lies.push("check mode has changed something");
  if (count !== expected.length)
    lies.push(
      `${count} changes told, but there were: ${expected.map(({ summary }) => summary).join("; ")}`,
    );
  const diffs = result["diff"];
  if (Array.isArray(diffs) && diffs.length !== groupsOf(expected))
    lies.push(`${diffs.length} diffs told, but there were ${groupsOf(expected)}`);
  return lies;
}

/** Neighbours with the same headers are one diff. */
function groupsOf(changes: readonly Change[]): number {
  const headers = changes.flatMap(({ diff }) =>
    diff === undefined ? [] : [JSON.stringify([diff.before_header, diff.after_header])],
  );
  return headers.filter((header, index) => header !== headers[index - 1]).length;
}

function isFailureWhole(result: Result): boolean {
  const { failed, msg, error_code: code } = result;
  if (failed !== true) return !("error_code" in result) && !("exception" in result);
  return typeof msg === "string" && msg.trim() !== "" && ERROR_CODES.has(String(code));
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "");
}

function isWarnings(value: unknown): boolean {
  if (value === undefined) return true;
  return isTexts(value) && Array.isArray(value) && value.length > 0;
}

function isDiff(value: unknown, changes: unknown): boolean {
  if (value === undefined) return true;
  if (!Array.isArray(value) || !Array.isArray(changes) || value.length > changes.length)
    return false;
  const keys = ["after", "after_header", "before", "before_header"];
  return value.every(
    (item) =>
      isRecord(item) &&
      Object.keys(item).sort().join() === keys.join() &&
      keys.every((key) => typeof item[key] === "string"),
  );
}

function hasInvocation({ invocation }: Result, options: Case["options"]): boolean {
  const shown = isRecord(invocation) ? invocation["module_args"] : undefined;
  if (!isRecord(shown)) return false;
  return Object.keys(shown).sort().join("\n") === Object.keys(options).sort().join("\n");
}
