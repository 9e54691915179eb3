import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { tryReadElf, tryReadElfHead } from "../../../src/host/elf";
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
      });
    });
  }

  it("reads this very Node with its loader, and expects no more than is there", async () => {
    const program = await tryReadElf(process.execPath);
    expect(program?.interpreter).to.match(/^\/.*ld.*\.so/);
    const { size } = await import("node:fs").then((fs) => fs.statSync(process.execPath));
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
});
