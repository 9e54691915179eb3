// Runs a module where names, routes and CAs are what a test says: in namespaces of its own (`unshare
// -mn`). Reads the scene as JSON from standard input, and prints what the module printed, with its time.

import { Buffer } from "node:buffer";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { URL } from "node:url";

const scene = JSON.parse(await text(process.stdin));
const folder = mkdtempSync(join(tmpdir(), "scene-"));
const ended = [];

const HOLE = `
  ip link add hole type veth peer name end
  ip addr add 192.0.2.1/24 dev hole
  ip -6 addr add fd00:dead::1/64 dev hole nodad
  ip link set hole up
  ip link set end up
  for address in 192.0.2.7 192.0.2.8 fd00:dead::7; do
    ip neigh add $address lladdr 02:00:00:00:00:07 dev hole nud permanent
  done`;

/** Puts a file in the place of one of the host's, here only. */
function replace(path, content) {
  const file = join(folder, path.replaceAll("/", "_"));
  writeFileSync(file, content);
  execFileSync("mount", ["--bind", file, path]);
}

/** `silent`; `fails` (SERVFAIL); `unknown` (NXDOMAIN); `knows`: every name is 127.0.0.1. */
function startNameserver(address, manner) {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address: from }) => {
    if (manner === "silent") return;
    const end = query.indexOf(0, 12) + 5;
    const isA = query.readUInt16BE(end - 4) === 1;
    const codes = { fails: 2, unknown: 3, knows: 0 };
    const answers = manner === "knows" && isA ? 1 : 0;
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180 | codes[manner], 2);
    head.writeUInt16BE(answers, 6);
    head.writeUInt16BE(0, 8);
    head.writeUInt16BE(0, 10);
    const record = Buffer.from("c00c00010001000000010004" + "7f000001", "hex");
    const parts = [head, query.subarray(12, end), ...(answers > 0 ? [record] : [])];
    socket.send(Buffer.concat(parts), port, from);
  });
  return new Promise((resolve) => socket.bind(53, address, resolve));
}

async function startEtcd({ listen, flags = [] }) {
  const args = [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${listen}`,
    `--advertise-client-urls=${listen}`,
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--log-level=error",
    ...flags,
  ];
  ended.push(spawn("etcd", args, { stdio: "ignore", env: { PATH: process.env.PATH } }));
  const { hostname, port } = new URL(listen);
  for (let attempt = 0; attempt < 100; attempt++) {
    const bare = hostname.replace(/[[\]]/g, "");
    if (spawnSync("bash", ["-c", `exec 3<>/dev/tcp/${bare}/${port}`]).status === 0) break;
    await sleep(100);
  }
  await sleep(1_500); // its election
}

async function play() {
  execFileSync("ip", ["link", "set", "lo", "up"]);
  // A network on which nobody is: packets to these addresses are lost without a word.
  execFileSync("sh", ["-ec", HOLE]);
  for (const [path, content] of Object.entries(scene.files ?? {})) replace(path, content);
  for (const [address, manner] of Object.entries(scene.nameservers ?? {})) {
    await startNameserver(address, manner);
  }
  if (scene.etcd !== undefined) await startEtcd(scene.etcd);
  const started = performance.now();
  const child = spawn(scene.node, [scene.file], { stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece) => (stdout += piece));
  child.stderr.on("data", (piece) => (stderr += piece));
  child.stdin.end(JSON.stringify(scene.options));
  const exitCode = await new Promise((resolve) => child.on("close", resolve));
  return { ms: performance.now() - started, exitCode, stdout, stderr };
}

try {
  writeSync(1, `${JSON.stringify(await play())}\n`);
} catch (error) {
  writeSync(2, `${String(error)}\n`);
} finally {
  for (const child of ended) child.kill("SIGKILL");
  await sleep(100);
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}
