// Loaded before a module under test (node --import): kills the process, as a crash would, right
// before its KILL_AT-th effect on the host (a rename, removal, new file, or program it starts).
import childProcess from "node:child_process";
import { constants } from "node:fs";
import files from "node:fs/promises";
import process from "node:process";

const killAt = Number(process.env.KILL_AT);
let effects = 0;

function countEffect() {
  effects += 1;
  if (effects === killAt) process.kill(process.pid, "SIGKILL");
}

function wrap(object, name, isEffect = () => true) {
  const original = object[name];
  object[name] = function (...args) {
    if (isEffect(...args)) countEffect();
    return original.apply(this, args);
  };
}

wrap(childProcess, "spawn");
for (const name of ["rename", "rm", "unlink", "mkdir", "link", "writeFile"]) wrap(files, name);
wrap(files, "open", (_path, flags) => (Number(flags) & constants.O_CREAT) !== 0);
