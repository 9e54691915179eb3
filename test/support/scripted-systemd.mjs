#!/usr/bin/env node
// Plays systemctl, systemd-run, systemd-analyze and journalctl on PATH for one unit, by a scenario in
// $SCRIPTED_SYSTEMD/scenario.json (see scripted-host.ts). The daemon that it starts is a real process
// with the arguments and variables of the unit it has loaded, as systemd would load it: on
// daemon-reload, and environment files at each start.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";

const folder = process.env.SCRIPTED_SYSTEMD;
const scenario = JSON.parse(readFileSync(join(folder, "scenario.json"), "utf8"));
const statePath = join(folder, "state.json");
const state = existsSync(statePath)
  ? JSON.parse(readFileSync(statePath, "utf8"))
  : { loaded: null, active: "inactive", sub: "dead", pid: 0, startedAtUs: 0, restarts: 0, exit: 0 };
const [program, words] = [basename(process.argv[1]), process.argv.slice(2)];

function readUnit() {
  return existsSync(scenario.unitPath) ? readFileSync(scenario.unitPath, "utf8") : null;
}

function show() {
  if (state.sub === "auto-restart") state.restarts += 1; // it has died once more since the last look
  const known = scenario.loadState ?? (state.loaded === null ? "not-found" : "loaded");
  const properties = {
    LoadState: known,
    ActiveState: state.active,
    SubState: state.sub,
    Result: state.active === "failed" ? "exit-code" : "success",
    MainPID: state.pid,
    ExecMainCode: state.exit === 0 ? 0 : 1,
    ExecMainStatus: state.exit,
    ExecMainStartTimestampMonotonic: state.startedAtUs,
    NeedDaemonReload: state.loaded !== null && readUnit() !== state.loaded ? "yes" : "no",
    NRestarts: state.restarts,
    Job: 0,
    DropInPaths: "",
    InvocationID: `${state.starts ?? 0}.${state.restarts}`, // another one at each start
  };
  for (const [name, value] of Object.entries(properties))
    process.stdout.write(`${name}=${value}\n`);
}

function unquote(text) {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(["\\`$])/g, "$1") : text;
}

/** Values of a directive; lines that end in a backslash go on. */
function directives(name) {
  const lines = state.loaded.replaceAll("\\\n", " ").split("\n");
  return lines
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

function variables() {
  const environment = { PATH: process.env.PATH };
  const assign = (text) => {
    const equals = text.indexOf("=");
    environment[text.slice(0, equals)] = unquote(text.slice(equals + 1));
  };
  directives("Environment").map(unquote).forEach(assign);
  for (const file of directives("EnvironmentFile")) {
    const path = file.replace(/^-/, "");
    if (existsSync(path))
      readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => /^\w+=/.test(line))
        .forEach(assign);
    else if (!file.startsWith("-")) return undefined;
  }
  return environment;
}

function stop(active, sub) {
  if (state.pid !== 0) process.kill(state.pid, "SIGKILL");
  Object.assign(state, { active, sub, pid: 0 });
}

function restart() {
  const plays = scenario.starts ?? ["ready"];
  const play = plays[Math.min(state.starts ?? 0, plays.length - 1)];
  state.starts = (state.starts ?? 0) + 1;
  stop("inactive", "dead");
  const environment = variables();
  if (play === "failed" || environment === undefined) {
    Object.assign(state, { active: "failed", sub: "failed", exit: 1 });
  } else if (play === "dying") {
    Object.assign(state, { active: "activating", sub: "auto-restart", exit: 1 });
  } else if (play === "starting") {
    Object.assign(state, { active: "activating", sub: "start" });
  } else {
    const [binary, ...args] = directives("ExecStart")[0].split(/\s+/);
    const daemon = spawn(binary, args, { env: environment, detached: true, stdio: "ignore" });
    daemon.unref();
    const startedAtUs = Number(process.hrtime.bigint() / 1000n);
    Object.assign(state, {
      active: "active",
      sub: "running",
      pid: daemon.pid,
      startedAtUs,
      exit: 0,
    });
    const network = `FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.1.1/24\nFLANNEL_MTU=1450\n`;
    writeFileSync(scenario.subnetPath, network);
  }
}

/** What systemd-run has started is a real process. */
function isWatching() {
  try {
    return state.watcher !== undefined && process.kill(state.watcher, 0);
  } catch {
    return false;
  }
}

function run(words) {
  if (scenario.refusesTransient !== undefined) {
    process.stderr.write(`${scenario.refusesTransient}\n`);
    process.exitCode = 1;
    return;
  }
  const [program, ...args] = words.filter((word) => !word.startsWith("--"));
  const watcher = spawn(program, args, { detached: true, stdio: "ignore" });
  watcher.unref();
  state.watcher = watcher.pid;
}

/** Other units run, or are not there. */
function showOther(unit) {
  const isWatcher = unit.endsWith("-way-back.service") && isWatching();
  const isActive = isWatcher || scenario.others?.includes(unit) === true;
  process.stdout.write(`LoadState=${isActive ? "loaded" : "not-found"}\n`);
  process.stdout.write(`ActiveState=${isActive ? "active" : "inactive"}\n`);
}

function systemctl([verb, unit]) {
  if (verb === "show") return unit === basename(scenario.unitPath) ? show() : showOther(unit);
  if (unit?.endsWith("-way-back.service")) {
    if (isWatching()) process.kill(state.watcher, "SIGKILL");
    return undefined;
  }
  appendFileSync(join(folder, "calls"), `${verb}\n`);
  const complaint = scenario.fails?.[verb];
  const countdown = scenario.after?.[verb] ?? 0;
  state.done = { ...state.done, [verb]: (state.done?.[verb] ?? 0) + 1 };
  if (complaint !== undefined && state.done[verb] > countdown) {
    process.stderr.write(`${complaint}\n`);
    process.exitCode = 1;
  } else if (verb === "daemon-reload") state.loaded = readUnit();
  else if (verb === "restart") restart();
  else if (verb === "stop") stop("inactive", "dead");
  else if (verb === "reset-failed") Object.assign(state, { active: "inactive", sub: "dead" });
}

function analyze([verb, ...rest]) {
  if (verb === "verify") {
    const complaints = scenario.complaints ?? [];
    for (const text of complaints) process.stderr.write(`${rest.at(-1)}:${text}\n`);
    process.exitCode = complaints.length === 0 ? 0 : 1;
  } else {
    const score = state.loaded?.includes("ProtectSystem=strict") === true ? "2.1 OK" : "9.6 UNSAFE";
    process.stdout.write(`→ Overall exposure level for ${rest.at(-1)}: ${score}\n`);
  }
}

/** All of it, or what a daemon has said before it died the first time. */
function journal(words) {
  const isFirstMeant = words.includes(`_SYSTEMD_INVOCATION_ID=${state.starts ?? 0}.1`);
  const lines = scenario.journal ?? (isFirstMeant ? scenario.firstJournal : undefined) ?? [];
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

if (program === "systemctl") systemctl(words);
else if (program === "systemd-run") run(words);
else if (program === "systemd-analyze") analyze(words);
else journal(words);
// Whole, for whoever reads it at this moment.
writeFileSync(`${statePath}.${process.pid}`, JSON.stringify(state));
renameSync(`${statePath}.${process.pid}`, statePath);
