import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { tryArchOfElf } from "../../../src/flannel/arch";
import { tryReadElf, tryReadElfHead } from "../../../src/host/elf";
import { readCpu } from "../../../src/modules/flannel_install/cpu";
import { MACHINES, elfOf, tinyProgram } from "../../support/tiny-program";

describe("reading an ELF program", () => {
  const directory = mkdtempSync(join(tmpdir(), "elf-"));
  const file = join(directory, "program");
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const read = async (bytes: Buffer): ReturnType<typeof tryReadElf> => {
    writeFileSync(file, bytes);
    return tryReadElf(file);
  };

  for (const cpu of Object.keys(MACHINES) as (keyof typeof MACHINES)[]) {
    it(`tells a program for ${cpu}`, async () => {
      expect(await read(elfOf(cpu))).to.deep.equal({
        machine: MACHINES[cpu],
        bits: 64,
        littleEndian: true,
        interpreter: undefined,
        expectedBytes: elfOf(cpu).length,
        refusal: undefined,
      });
    });
  }

  it("reads this very Node with its loader, and expects no more than is there", async () => {
    const program = await tryReadElf(process.execPath);
    expect(program?.interpreter).to.match(/^\/.*ld.*\.so/);
    expect(program?.refusal).to.equal(undefined);
    const { size } = statSync(process.execPath);
    expect(program?.expectedBytes).to.be.within(size - 4096, size);
  });

  it("reads a 32 bit program of the other byte order", async () => {
    const header = Buffer.alloc(64 + 32);
    header.write("\x7fELF\x01\x02\x01", "latin1");
    header.writeUInt16BE(3, 16);
    header.writeUInt16BE(8, 18);
    header.writeUInt32BE(64, 28); // program headers
    header.writeUInt16BE(32, 42);
    header.writeUInt16BE(1, 44);
    header.writeUInt32BE(1, 64);
    header.writeUInt32BE(0x100, 64 + 4);
    header.writeUInt32BE(0x50, 64 + 16);
    expect(await read(header)).to.deep.equal({
      machine: 8,
      bits: 32,
      littleEndian: false,
      interpreter: undefined,
      expectedBytes: 0x150,
      refusal: undefined,
    });
  });

  it("knows how long a program that was cut should be", async () => {
    const whole = tinyProgram("v0.1.0", 10_000);
    const cut = await read(whole.subarray(0, 4000));
    expect(cut?.expectedBytes).to.equal(whole.length);
  });

  it("does not take other files for programs", async () => {
    const object = elfOf("amd64");
    object.writeUInt16LE(1, 16); // a compiler's object file
    const others = [Buffer.alloc(0), Buffer.from("#!/bin/sh\n"), Buffer.from("\x7fELF"), object];
    for (const bytes of others) expect(await read(bytes)).to.equal(undefined);
  });

  it("reads any damaged header without harm", async () => {
    const noise = fc.uint8Array({ minLength: 60, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(noise, async (bytes) => {
        const program = await read(
          Buffer.concat([Buffer.from("\x7fELF\x02\x01", "latin1"), bytes]),
        );
        if (program !== undefined) expect(program.expectedBytes).to.be.at.least(0);
      }),
      { numRuns: 300 },
    );
  });

  it("reads a program of which only the beginning is at hand", async () => {
    const program = tinyProgram("v0.28.9", 5_000);
    expect(await tryReadElfHead(program.subarray(0, 200))).to.deep.equal(await read(program));
    expect(await tryReadElfHead(Buffer.from("#!/bin/sh"))).to.equal(undefined);
  });

  /** As the kernel reads it; offsets are of a 64 bit header, its one program header begins at 64. */
  const damages: readonly (readonly [string, (program: Buffer) => unknown, string])[] = [
    ["no program headers", (b) => b.writeUInt16LE(0, 56), "has no program headers"],
    ["gigabytes of program headers", (b) => b.fill(0xff, 54, 58), "have 65535 bytes, not 56"],
    ["program headers of another size", (b) => b.writeUInt16LE(64, 54), "have 64 bytes, not 56"],
    ["program headers of no size", (b) => b.writeUInt16LE(0, 54), "have 0 bytes, not 56"],
    ["those of 32 bits", (b) => b.writeUInt16LE(32, 54), "have 32 bytes, not 56"],
    ["more program headers than fit", (b) => b.writeUInt16LE(1171, 56), "take 65576 bytes"],
    ["program headers beyond its end", (b) => b.writeUInt16LE(99, 56), "headers are truncated"],
    ["them at an absurd place", (b) => b.fill(0xff, 32, 40), "headers are truncated"],
    ["no segment to load", (b) => b.writeUInt32LE(4, 64), "no segment to load"],
    ["no class", (b) => b.writeUInt8(0, 4), "class, byte order or version is unknown"],
    ["a class of tomorrow", (b) => b.writeUInt8(3, 4), "class, byte order or version is unknown"],
    ["no byte order", (b) => b.writeUInt8(0, 5), "class, byte order or version is unknown"],
    ["a third byte order", (b) => b.writeUInt8(3, 5), "class, byte order or version is unknown"],
    ["no version", (b) => b.writeUInt8(0, 6), "class, byte order or version is unknown"],
    ["a version of tomorrow", (b) => b.writeUInt8(2, 6), "class, byte order or version is unknown"],
  ];
  for (const [what, damage, reason] of damages) {
    it(`knows that the kernel would not run one with ${what}`, async () => {
      const program = tinyProgram("v0.28.9");
      damage(program);
      expect((await read(program))?.refusal).to.include(reason);
    });
  }

  /** A program with a loader; where its path is, and how long. */
  const withLoader = (path: string, bytes: number, offset?: number): Buffer => {
    const program = Buffer.concat([elfOf("amd64", Buffer.alloc(200)), Buffer.from(path)]);
    program.writeUInt16LE(2, 56);
    program.writeUInt32LE(3, 120);
    program.writeBigUInt64LE(BigInt(offset ?? program.length - path.length), 128);
    program.writeBigUInt64LE(BigInt(bytes), 152);
    return program;
  };

  it("knows what the path of a loader must be", async () => {
    const refusals = await Promise.all(
      [
        withLoader("/lib/ld.so\0", 11),
        withLoader("/lib/ld.so\0", 10),
        withLoader("\0", 1),
        withLoader("", 0),
        withLoader(`/${"x".repeat(4999)}\0`, 5001),
        withLoader("/lib/ld.so\0", 11, 1e9),
      ].map(async (program, index) => {
        writeFileSync(`${file}-${index}`, program);
        return (await tryReadElf(`${file}-${index}`))?.refusal;
      }),
    );
    expect(refusals).to.deep.equal([
      undefined,
      ...Array<string>(5).fill("the path of its loader is not valid"),
    ]);
  });

  it("does not refuse a program because only its beginning is at hand", async () => {
    const program = withLoader("/lib/ld.so\0", 11);
    expect((await tryReadElfHead(program.subarray(0, 250)))?.refusal).to.equal(undefined);
    expect((await tryReadElfHead(program.subarray(0, 100)))?.refusal).to.equal(undefined);
  });

  /** What this machine's kernel says of these files, without running any of them. */
  const execErrors = (paths: readonly string[]): readonly string[] => {
    const oracle = join(__dirname, "../../support/kernel-exec.py");
    const input = `${paths.join("\n")}\n`;
    return execFileSync("python3", [oracle], { input, encoding: "utf8" }).trim().split("\n");
  };

  it("refuses whatever this kernel refuses, of 600 damaged headers", async () => {
    const ENOEXEC = "8";
    const damage = fc.array(
      // Most bytes of a header decide nothing, so those that do are tried more often.
      fc.tuple(
        fc.oneof(
          fc.integer({ min: 4, max: 175 }),
          fc.constantFrom(4, 16, 18, 32, 54, 56, 57, 64, 120, 152),
        ),
        fc.oneof(fc.constantFrom(0, 1, 2, 3, 255), fc.integer({ min: 0, max: 255 })),
      ),
      { minLength: 1, maxLength: 3 },
    );
    const base = elfOf("amd64", Buffer.alloc(300)).length;
    const programs = fc.sample(damage, { numRuns: 600, seed: 7 }).map((bytes, index) => {
      const program = index % 2 === 0 ? tinyProgram("v0.28.9", 300) : withLoader("/lib/x\0", 7);
      for (const [at, value] of bytes) program.writeUInt8(value, Math.min(at, base - 1));
      writeFileSync(`${file}-${index}`, program, { mode: 0o755 });
      return `${file}-${index}`;
    });
    const verdicts = execErrors(programs);
    const isRefused = async (path: string): Promise<boolean> => {
      const program = await tryReadElf(path);
      if (program === undefined || program.refusal !== undefined) return true;
      return (
        program.expectedBytes > statSync(path).size || tryArchOfElf(program) !== readCpu().arch
      );
    };
    const missed: string[] = [];
    for (const [index, path] of programs.entries()) {
      if (verdicts[index] === ENOEXEC && !(await isRefused(path))) missed.push(path);
    }
    expect(missed).to.deep.equal([]);
    expect(verdicts.filter((verdict) => verdict === ENOEXEC).length).to.be.greaterThan(100);
    expect(verdicts.filter((verdict) => verdict === "0").length).to.be.greaterThan(50);
  });
});
