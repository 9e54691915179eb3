// A directory of made-up programs on PATH, for the shell scripts of roles/nodejs.

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { execa } from "execa";

const SCRIPTS = join(__dirname, "..", "..", "roles", "nodejs", "files");

export class NodejsScene {
  readonly directory = mkdtempSync(join(tmpdir(), "nodejs-"));

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  /** Writes a shell script as a program; returns its path. What is in `bin/` is found before the machine's own. */
  program(path: string, body: string): string {
    const file = join(this.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return file;
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), "utf8");
  }

  /** Has the scripts find all programs of the machine but these. */
  hideMachine(...hidden: readonly string[]): void {
    const shown = join(this.directory, "machine");
    mkdirSync(shown);
    for (const name of readdirSync("/usr/bin"))
      if (!hidden.includes(name)) symlinkSync(join("/usr/bin", name), join(shown, name));
    this.#machine = shown;
  }

  #machine = process.env["PATH"] ?? "";

  /** The lines that a script prints; throws when it fails. */
  async run(
    script: "look" | "offer",
    env: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const path = `${join(this.directory, "bin")}:${this.#machine}`;
    const { stdout } = await execa("/bin/sh", [join(SCRIPTS, `${script}.sh`)], {
      env: { NODEJS_DRY_RUN: "", ...env, PATH: path },
      input: "",
    });
    return stdout.split("\n").filter((line) => line !== "");
  }
}
