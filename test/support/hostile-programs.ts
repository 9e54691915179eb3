// Programs that are no flanneld, each in its own way, made by hand for amd64.

import { elfOf, tinyProgram } from "./tiny-program";

/** Where the code of `elfOf` and `tinyProgram` begins. */
const CODE = 120;

/** A program of these machine instructions; `text` follows them. */
function codeOf(hex: string, text = ""): Buffer {
  return elfOf("amd64", Buffer.concat([Buffer.from(hex, "hex"), Buffer.from(text)]));
}

/** A program that asks for a loader at this path. */
function withLoader(path: string, bytes = path.length + 1): Buffer {
  const text = Buffer.from(`${path}\0`);
  const program = Buffer.concat([elfOf("amd64", Buffer.alloc(200)), text]);
  program.writeUInt16LE(2, 56);
  program.writeUInt32LE(3, CODE);
  program.writeBigUInt64LE(BigInt(program.length - text.length), 128);
  program.writeBigUInt64LE(BigInt(bytes), 152);
  return program;
}

/** mov eax, 1; mov edi, 2; lea rsi, [rip+9]; mov edx, 32; syscall; jmp to the beginning */
const SHOUT = "b801000000bf02000000488d3509000000ba200000000f05ebe6";

/** A program that answers, and what it is changed to. */
function changed(change: (program: Buffer) => unknown): Buffer {
  const program = tinyProgram("v0.28.9");
  change(program);
  return program;
}

/** Those that the kernel runs, and how the module describes their answer. */
export const ANSWERS: readonly (readonly [string, Buffer, RegExp])[] = [
  ["crashes", codeOf("f4"), /was killed by SIGSEGV/],
  ["is an illegal instruction", codeOf("0f0b"), /was killed by SIGILL/],
  ["traps", codeOf("cc"), /was killed by SIGTRAP/],
  ["shouts for ever", codeOf(SHOUT, "v0.28.9\n".repeat(4)), /printed too much for an answer/],
  ["says nothing", tinyProgram(""), /does not report its version: "--version" exits 0/],
  ["says it and fails", tinyProgram("v0.28.9", 0, 1), /exits 1/],
  ["says it and fails as a signal would", tinyProgram("v0.28.9", 0, 137), /exits 137/],
  ["is another version", tinyProgram("v0.28.8"), /is flanneld v0.28.8, version asks for v0.28.9/],
  ["is a build of the commit before", tinyProgram("v0.28.9-3-gabcdef"), /is flanneld v0.28.9-3-g/],
  ["is dirty", tinyProgram("v0.28.9-dirty"), /is flanneld v0.28.9-dirty, version asks/],
  ["is a release candidate", tinyProgram("v0.28.9-rc1"), /is flanneld v0.28.9-rc1, version asks/],
  ["speaks of its version", tinyProgram("flannel v0.28.9"), /does not report its version/],
  ["says half of a version", tinyProgram("v0.28"), /does not report its version/],
  ["says a version with letters", tinyProgram("v0.28.9a"), /does not report its version/],
  ["says a version with a NUL", tinyProgram("v0.28.9\0"), /does not report its version/],
  ["says bytes that are no text", tinyProgram("\xff\xfe\x00"), /does not report its version/],
  ["says what would be a task", tinyProgram("{{ lookup('pipe', 'id') }}"), /does not report/],
  ["asks for a loader that is not there", withLoader("/lib/ld-none.so.1"), /needs \/lib\/ld-none/],
  ["asks for a loader that is a directory", withLoader("/etc"), /cannot be run|noexec/],
  ["asks for a loader that is a text", withLoader("/etc/passwd"), /cannot be run/],
  ["asks for a loader that is empty", withLoader("/dev/null"), /cannot be run|noexec/],
];

/** Those that are waited for in vain. */
export const HANGS: readonly (readonly [string, Buffer, RegExp])[] = [
  ["hangs", codeOf("ebfe"), /gave no answer within 60 s/],
  ["waits for ever", codeOf("b8220000000f05ebf7"), /gave no answer within 60 s/],
];

/** Those that are no programs for this host, and what is said of them. */
export const REFUSALS: readonly (readonly [string, Buffer, RegExp])[] = [
  ["is for another CPU", elfOf("ppc64le"), /this is a binary for ppc64le/],
  ["is for a CPU that nobody knows", changed((b) => b.writeUInt16LE(9999, 18)), /ELF number 9999/],
  ["is an object file", changed((b) => b.writeUInt16LE(1, 16)), /is not a program/],
  ["is a core dump", changed((b) => b.writeUInt16LE(4, 16)), /is not a program/],
  ["is of no type", changed((b) => b.writeUInt16LE(0, 16)), /is not a program/],
  ["is of 32 bits", changed((b) => b.writeUInt8(1, 4)), /a CPU with ELF number 62/],
  ["is of the other byte order", changed((b) => b.writeUInt8(2, 5)), /is not a program/],
  [
    "is of no class",
    changed((b) => b.writeUInt8(0, 4)),
    /the kernel would not run it: its ELF class/,
  ],
  ["is of no byte order", changed((b) => b.writeUInt8(0, 5)), /would not run it: its ELF class/],
  ["is of no version", changed((b) => b.writeUInt8(0, 6)), /would not run it: its ELF class/],
  ["has no program headers", changed((b) => b.writeUInt16LE(0, 56)), /has no program headers/],
  ["asks for gigabytes", changed((b) => b.fill(0xff, 54, 58)), /65535 bytes, not 56|cut short/],
  ["has large program headers", changed((b) => b.writeUInt16LE(64, 54)), /have 64 bytes, not 56/],
  ["has small program headers", changed((b) => b.writeUInt16LE(32, 54)), /have 32 bytes, not 56/],
  ["has no segment to load", changed((b) => b.writeUInt32LE(4, 64)), /has no segment to load/],
  ["has a loader without a path", withLoader("", 1), /the path of its loader is not valid/],
  [
    "has a loader without an end",
    withLoader("/lib/ld.so", 10),
    /the path of its loader is not valid/,
  ],
  ["is cut in its code", tinyProgram("v0.28.9", 100).subarray(0, -1), /the program is cut short/],
  ["is cut in its headers", tinyProgram("v0.28.9").subarray(0, 100), /the program is cut short/],
  ["is cut in its first bytes", tinyProgram("v0.28.9").subarray(0, 20), /is not a program/],
];
