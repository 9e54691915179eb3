// Three ways in, one reader: embedded by Ansible in the module file, a JSON file named by the
// first argument, or JSON on standard input.

import { fstatSync, readFileSync, readSync } from "node:fs";

import { sleepBlocking } from "./blocking";
import { ModuleError, messageOf, systemCodeOf } from "../base/errors";
import { NestingError, describeType, isRecord, parseExactJson } from "../base/json";
import { coerce } from "./coerce";

/** What Ansible tells a module about the run, beside the task's own options. */
export interface RunSettings {
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  readonly verbosity: number;
}

export interface ModuleArguments {
  readonly options: Readonly<Record<string, unknown>>;
  readonly settings: RunSettings;
}

const HOW_TO_CALL =
  "give the arguments as one JSON object, " +
  '{"ANSIBLE_MODULE_ARGS": {...}} or the options themselves, ' +
  "in a file named by the first argument or on standard input";

/**
 * The text of the arguments. `embedded` is the source of the function into which Ansible puts the
 * JSON as a line comment (see scripts/build.ts); without Ansible it still holds the marker.
 */
export function readArgumentsText(embedded: string, argv: readonly string[]): string {
  const line = /\n\s*\/\/(\{.*)/.exec(embedded)?.[1];
  if (line !== undefined) return line;
  const file = argv[2];
  try {
    if (file !== undefined) return readFileSync(file, "utf8");
    if (isTerminal()) throw new Error("standard input is a terminal");
    return readStandardInput();
  } catch (error) {
    throw new ModuleError(
      "invalid_arguments",
      `cannot read the module arguments from ${file ?? "standard input"}: ${messageOf(error)}; ${HOW_TO_CALL}`,
      { cause: error },
    );
  }
}

/** `process.stdin` brings the network and its streams with it, so only what may be a terminal is asked. */
function isTerminal(): boolean {
  return fstatSync(0).isCharacterDevice() && process.stdin.isTTY;
}

/** Reads to the end, also from a pipe that is non-blocking and has nothing for now. */
function readStandardInput(): string {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(65_536);
  for (;;) {
    try {
      const length = readSync(0, chunk);
      if (length === 0) return Buffer.concat(chunks).toString("utf8");
      chunks.push(Buffer.from(chunk.subarray(0, length)));
    } catch (error) {
      if (systemCodeOf(error) !== "EAGAIN") throw error;
      sleepBlocking(5);
    }
  }
}

/** Parses the text and parts the task's options from Ansible's own `_ansible_*` settings. */
export function parseArguments(text: string): ModuleArguments {
  const raw = unwrap(parseText(text));
  const entries = Object.entries(raw).filter(([key]) => !key.startsWith("_ansible_"));
  return { options: Object.fromEntries(entries), settings: readSettings(raw) };
}

function parseText(text: string): unknown {
  if (text.trim() === "") {
    throw new ModuleError("invalid_arguments", `the module arguments are empty; ${HOW_TO_CALL}`);
  }
  try {
    return parseExactJson(text);
  } catch (error) {
    if (error instanceof NestingError) {
      throw new ModuleError("invalid_arguments", `the module arguments are ${error.message}`);
    }
    // The parser's own message quotes the text, and with it whatever secrets it holds.
    throw new ModuleError(
      "invalid_arguments",
      `the module arguments are not valid JSON (${text.length} characters were read); ${HOW_TO_CALL}`,
    );
  }
}

function unwrap(parsed: unknown): Record<string, unknown> {
  const inner = isRecord(parsed) ? (parsed["ANSIBLE_MODULE_ARGS"] ?? parsed) : parsed;
  if (isRecord(inner)) return inner;
  throw new ModuleError(
    "invalid_arguments",
    `the module arguments are a JSON ${describeType(inner)}, expected an object; ${HOW_TO_CALL}`,
  );
}

function readSettings(raw: Readonly<Record<string, unknown>>): RunSettings {
  const checkMode = raw["_ansible_check_mode"];
  const verbosity = coerce("int", raw["_ansible_verbosity"]);
  return {
    // Whoever does not clearly ask for a real run shall not get one.
    checkMode: checkMode !== undefined && coerce("bool", checkMode) !== false,
    diffMode: coerce("bool", raw["_ansible_diff"]) === true,
    verbosity: typeof verbosity === "number" ? verbosity : 0,
  };
}
