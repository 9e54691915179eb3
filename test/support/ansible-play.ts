// Generated tasks through ansible-core itself: what the module said, and what Ansible made of it.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { execa } from "execa";

import { isRecord } from "../../src/base/json";
import { type Case } from "./arbitraries/case";

type Result = Readonly<Record<string, unknown>>;

const CACHE = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");

/** Where `make bootstrap` puts the programs of the newest ansible-core for Debian's Python, and of the oldest. */
export const ANSIBLES: Readonly<Record<string, string>> = {
  "the ansible-core of .venv": join(__dirname, "..", "..", ".venv", "bin"),
  "ansible-core 2.14": join(CACHE, "ansible-role-flanneld", "core-2.14", "bin"),
};

/** A task, and the directory that holds the bundle of its module. */
export interface PlayTask {
  readonly module: string;
  readonly library: string;
  readonly given: Case;
}

/** What came of one task. */
export interface PlayedCase {
  /** The word with which Ansible tells of it: ok, changed, failed, fatal. */
  readonly verdict: string;
  /** The result as Ansible shows it. */
  readonly shown: Result;
  /** What the module itself printed. */
  readonly printed: Result;
  readonly exitCode: number;
}

/** Stands in for node, and writes down what passes through it. */
const EAVESDROPPER = `#!/bin/sh
node "$@" >"$PLAY_ANSWER"
status=$?
echo "$status" >"$PLAY_ANSWER.status"
cat "$PLAY_ANSWER"
exit "$status"
`;

// A diff whose text ends without a line end leaves the result on its last line.
const RESULT_LINE = /(ok|changed|failed|fatal): \[localhost\](?: =>)? \(item=(\d+)\) => (\{.*\})$/s;

/** Plays the tasks with the Ansible in this folder: module by module, one after the other. */
export async function play(
  ansibleBin: string,
  tasks: readonly PlayTask[],
): Promise<readonly PlayedCase[]> {
  const folder = mkdtempSync(join(tmpdir(), "play-"));
  try {
    writeProject(folder, tasks);
    const libraries = new Set(tasks.map(({ library }) => library));
    const lines = (await runPlaybook(ansibleBin, [...libraries], folder)).split("\n");
    return tasks.map((_, index) => playedCase(lines, folder, index));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeProject(folder: string, tasks: readonly PlayTask[]): void {
  const node = join(folder, "node");
  writeFileSync(node, EAVESDROPPER, { mode: 0o755 });
  mkdirSync(join(folder, "answers"));
  writeFileSync(join(folder, "ansible.cfg"), "");
  const cases = tasks.map((task, index) => itemOf(task, index, folder));
  writeFileSync(join(folder, "cases.json"), JSON.stringify({ cases }));
  const modules = [...new Set(tasks.map(({ module }) => module))];
  writeFileSync(join(folder, "play.json"), JSON.stringify(playbookOf(modules, node)));
}

function itemOf({ module, given }: PlayTask, index: number, folder: string): unknown {
  const { options, settings, environment } = given;
  return {
    ...{ module, index },
    options,
    check: settings._ansible_check_mode,
    diff: settings._ansible_diff,
    environment: { ...environment, PLAY_ANSWER: answerOf(folder, index) },
  };
}

function answerOf(folder: string, index: number): string {
  return join(folder, "answers", String(index));
}

function playbookOf(modules: readonly string[], node: string): unknown {
  const tasks = modules.map((module) => ({
    name: `generated tasks of ${module}`,
    [module]: {},
    args: "{{ item.options }}",
    loop: `{{ cases | selectattr('module', 'equalto', '${module}') | list }}`,
    loop_control: { label: "{{ item.index }}" },
    check_mode: "{{ item.check }}",
    diff: "{{ item.diff }}",
    environment: "{{ item.environment }}",
    ignore_errors: true,
  }));
  return [
    {
      hosts: "localhost",
      connection: "local",
      gather_facts: false,
      vars: { ansible_node_interpreter: node },
      vars_files: ["cases.json"],
      tasks,
    },
  ];
}

async function runPlaybook(
  ansibleBin: string,
  libraries: readonly string[],
  folder: string,
): Promise<string> {
  const program = join(ansibleBin, "ansible-playbook");
  if (!existsSync(program)) throw new Error(`${program} is missing: run "make bootstrap"`);
  const args = ["--inventory", "localhost,", "-v", join(folder, "play.json")];
  const env = {
    PATH: [ansibleBin, process.env["PATH"]].join(delimiter),
    ANSIBLE_CONFIG: join(folder, "ansible.cfg"),
    ANSIBLE_HOME: join(folder, "home"),
    ANSIBLE_LIBRARY: libraries.join(delimiter),
    ANSIBLE_NOCOLOR: "1",
    ANSIBLE_PIPELINING: "1",
    ANSIBLE_STDOUT_CALLBACK: "default",
    ANSIBLE_LOCALHOST_WARNING: "0",
  };
  const { stdout, stderr, exitCode } = await execa(program, args, { reject: false, env });
  if (exitCode === 0) return stdout;
  throw new Error(`ansible-playbook exits ${exitCode}: ${stderr}\n${stdout.slice(-4_000)}`);
}

function playedCase(lines: readonly string[], folder: string, index: number): PlayedCase {
  const answer = answerOf(folder, index);
  for (const line of lines) {
    const [, verdict = "", item, json = ""] = RESULT_LINE.exec(line) ?? [];
    if (item !== String(index)) continue;
    return {
      verdict,
      shown: parse(json),
      printed: parse(readFileSync(answer, "utf8")),
      exitCode: Number(readFileSync(`${answer}.status`, "utf8")),
    };
  }
  throw new Error(
    `Ansible says nothing of task ${index}: ${lines.filter((line) => line.includes(`(item=${index})`)).join("\n")}`,
  );
}

function parse(text: string): Result {
  const parsed: unknown = JSON.parse(text);
  if (!isRecord(parsed)) throw new Error(`expected a dict: ${text}`);
  return parsed;
}
