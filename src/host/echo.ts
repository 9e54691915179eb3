// Starts, finds and ends the echo of this host: a process that outlives the task.

import { type ChildProcessByStdio } from "node:child_process";
import { readdirSync } from "node:fs";
import { type Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { ModuleError, systemCodeOf } from "../base/errors";
import { isRecord, tryParseRecord } from "../base/json";
import { monotonicMs } from "./clock";
import { EchoServer } from "./echo-server";
import { glanceAtFile, glanceAtLink } from "./glance";
import { LINK, NAMESPACE } from "./namespace";
import { type ServedAt, type Serving } from "./reach-protocol";

const SHELL = "/bin/sh";
/** Stands in the command line of every process of an echo. */
const MARK = "flannel_overlay-echo";
const START_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 3000;

/** Waits for the echo, and removes what was made for it, by names that are the same on all hosts. */
const KEEPER = `"$@"; ip netns delete ${NAMESPACE}; ip link delete ${LINK}`;

/** The command that runs a program inside the namespace of our own, or right here. */
export function commandIn(place: "pod" | "host", command: readonly string[]): readonly string[] {
  return place === "pod" ? ["ip", "netns", "exec", NAMESPACE, ...command] : command;
}

/** The command line of a class that is sent as text. */
export function programOf(text: string, mark: string, order: object): readonly string[] {
  // process.argv of -e has no place for a script: the mark is the first behind the program.
  return [process.execPath, "-e", text, mark, JSON.stringify(order)];
}

/** Starts an echo and returns where it serves. Throws ModuleError `host`. */
export async function startEcho(
  place: "pod" | "host",
  order: Serving,
): Promise<readonly ServedAt[]> {
  const text = `new (${EchoServer.toString()})(require).serve(JSON.parse(process.argv[2]))`;
  const command = commandIn(place, programOf(text, MARK, order));
  const { spawn } = await import("node:child_process"); // not for runs that start nothing
  const child = spawn(SHELL, ["-c", KEEPER, MARK, ...command], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", "ignore"], // else Ansible's connection waits until it ends
  });
  const told = await firstLineOf(child);
  child.stdout.destroy();
  child.unref();
  return readAnswer(told);
}

/** What a process prints first; why there is none, as the process would tell it, where it does not start. */
function firstLineOf(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  return new Promise((resolve) => {
    let told = "";
    const end = (answer: string): void => {
      clearTimeout(limit);
      resolve(answer);
    };
    const limit = setTimeout(end, START_TIMEOUT_MS, "");
    child.on("error", ({ message }) => {
      end(JSON.stringify({ error: message }));
    });
    child.stdout.on("close", () => {
      end(told);
    });
    child.stdout.on("data", (data: Buffer) => {
      told += data.toString();
      if (told.includes("\n")) end(told);
    });
  });
}

function readAnswer(told: string): readonly ServedAt[] {
  const answer = tryParseRecord(told) ?? {};
  const served = answer["served"];
  if (Array.isArray(served) && served.every(isRecord))
    return served as unknown as readonly ServedAt[];
  const reason = typeof answer["error"] === "string" ? answer["error"] : "it gave no answer";
  throw new ModuleError("host", `the echo did not start: ${reason}`);
}

/** The processes of an echo of this host, without those of its containers; the keeper comes first. */
export function findEchoes(): readonly number[] {
  const own = glanceAtLink("/proc/self/ns/pid");
  const echoes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ pid, command: readCommand(pid) }))
    .filter(
      ({ pid, command }) => command.includes(MARK) && glanceAtLink(`/proc/${pid}/ns/pid`) === own,
    );
  return echoes
    .sort((one, other) => Number(isKeeper(other.command)) - Number(isKeeper(one.command)))
    .map(({ pid }) => Number(pid));
}

function isKeeper(command: readonly string[]): boolean {
  return command[0] === SHELL;
}

function readCommand(pid: string): readonly string[] {
  return glanceAtFile(`/proc/${pid}/cmdline`)?.split("\0") ?? [];
}

/**
 * Ends these processes, and those that will not hear of it by force. The keeper dies before the echo that it
 * waits for, or else it would remove what the next echo makes.
 */
export async function endEchoes(pids: readonly number[]): Promise<void> {
  signal(pids, "SIGTERM");
  const until = monotonicMs() + END_TIMEOUT_MS;
  while (findEchoes().some((pid) => pids.includes(pid)) && monotonicMs() < until) await sleep(20);
  signal(
    findEchoes().filter((pid) => pids.includes(pid)),
    "SIGKILL",
  );
}

function signal(pids: readonly number[], name: "SIGTERM" | "SIGKILL"): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if (systemCodeOf(error) !== "ESRCH")
        throw new ModuleError(
          "permission",
          `process ${pid}: cannot be stopped: run the task with become: true`,
          { cause: error },
        );
    }
  }
}
