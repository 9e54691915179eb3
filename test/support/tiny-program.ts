// Makes ELF programs by hand, for tests that need a "flanneld" of any version, size or CPU without
// a compiler: static, one segment, prints a line to standard error and exits.

import { machine } from "node:os";

const BASE_ADDRESS = 0x400000;
const HEADERS_BYTES = 64 + 56;
const EM_X86_64 = 62;
const EM_AARCH64 = 183;

/** mov eax, 34 (pause); syscall; jmp to the beginning */
const INTEL_PAUSE = Buffer.from("b8220000000f05ebf7", "hex");
/** x0..x3 = 0, x8 = 73 (ppoll without files and time); svc 0; b to the beginning */
const ARM_PAUSE = wordsOf([
  0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa,
]);

/** ELF machine numbers that `elfOf` can label a program with. */
export const MACHINES = { amd64: EM_X86_64, arm64: EM_AARCH64, ppc64le: 21, riscv64: 243 } as const;

/**
 * A program for this CPU that answers anything with `line`. `paddingBytes` of noise (which does
 * not compress) make it as large as wanted; `exitCode` is what it ends with.
 */
export function tinyProgram(line: string, paddingBytes = 0, exitCode = 0): Buffer {
  const message = Buffer.from(`${line}\n`);
  const arm = machine() === "aarch64";
  const code = arm ? armCode(message.length, exitCode) : intelCode(message.length, exitCode);
  return elfOf(arm ? "arm64" : "amd64", Buffer.concat([code, message]), paddingBytes);
}

/** A daemon: a program that answers `--version` (or any first word with two dashes) with `line`, and else waits. */
export function daemonProgram(line: string): Buffer {
  const message = Buffer.from(`${line}\n`);
  if (machine() !== "aarch64") {
    // mov rax, [rsp+16] (its first word); test rax, rax; jz to pause; cmp byte [rax+1], '-'; jne to pause
    const choice = Buffer.from("488b4424104885c0742a8078012d7524", "hex");
    const answer = intelCode(message.length, 0);
    answer.writeUInt32LE(answer.readUInt32LE(13) + INTEL_PAUSE.length, 13); // the message is behind pause
    return elfOf("amd64", Buffer.concat([choice, answer, INTEL_PAUSE, message]));
  }
  // ldr x9, [sp, 16]; cbz x9, pause; ldrb w10, [x9, 1]; cmp w10, '-'; b.ne pause
  const choice = wordsOf([0xf9400be9, 0xb4000189, 0x3940052a, 0x7100b55f, 0x54000121]);
  const answer = armCode(message.length, 0);
  answer.writeUInt32LE(0x100001a1, 8); // adr x1, the message 52 bytes ahead
  return elfOf("arm64", Buffer.concat([choice, answer, ARM_PAUSE, message]));
}

/** An ELF file whose header says it is for this CPU; whether its code is, is up to the caller. */
export function elfOf(
  cpu: keyof typeof MACHINES,
  code: Buffer = Buffer.alloc(16),
  paddingBytes = 0,
): Buffer {
  const headers = Buffer.alloc(HEADERS_BYTES);
  const totalBytes = HEADERS_BYTES + code.length + paddingBytes;
  headers.write("\x7fELF\x02\x01\x01", "latin1");
  headers.writeUInt16LE(2, 16); // an executable
  headers.writeUInt16LE(MACHINES[cpu], 18);
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(BigInt(BASE_ADDRESS + HEADERS_BYTES), 24);
  headers.writeBigUInt64LE(64n, 32); // where the program headers are
  headers.writeUInt16LE(64, 52);
  headers.writeUInt16LE(56, 54);
  headers.writeUInt16LE(1, 56);
  headers.writeUInt32LE(1, 64); // a segment to load
  headers.writeUInt32LE(5, 68); // read and execute
  headers.writeBigUInt64LE(BigInt(BASE_ADDRESS), 80);
  headers.writeBigUInt64LE(BigInt(BASE_ADDRESS), 88);
  headers.writeBigUInt64LE(BigInt(totalBytes), 96);
  headers.writeBigUInt64LE(BigInt(totalBytes), 104);
  headers.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([headers, code, noise(paddingBytes)]);
}

function intelCode(messageBytes: number, exitCode: number): Buffer {
  const code = Buffer.from(
    "b801000000" + // mov eax, 1 (write)
      "bf02000000" + // mov edi, 2 (standard error)
      "488d3513000000" + // lea rsi, the message behind this code
      "ba00000000" + // mov edx, messageBytes
      "0f05" + // syscall
      "b83c000000" + // mov eax, 60 (exit)
      "bf00000000" + // mov edi, exitCode
      "0f05", // syscall
    "hex",
  );
  code.writeUInt32LE(messageBytes, 18);
  code.writeUInt32LE(exitCode, 30);
  return code;
}

function armCode(messageBytes: number, exitCode: number): Buffer {
  const moveImmediate = (register: number, value: number): number =>
    0xd2800000 + (value << 5) + register;
  const words = [
    moveImmediate(8, 64), // write
    moveImmediate(0, 2),
    0x100000c1, // adr x1, the message 24 bytes ahead
    moveImmediate(2, messageBytes),
    0xd4000001, // svc 0
    moveImmediate(8, 93), // exit
    moveImmediate(0, exitCode),
    0xd4000001,
  ];
  return wordsOf(words);
}

function wordsOf(words: readonly number[]): Buffer {
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => code.writeUInt32LE(word >>> 0, index * 4));
  return code;
}

/** The same noise every time, so that a test's failure can be repeated. */
function noise(bytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = 0x2545f491;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer).subarray(0, bytes);
}
