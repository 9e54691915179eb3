import { expect } from "chai";

import { runCommand } from "../../../src/host/process";

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe("runCommand", () => {
  it("returns what the program exits with and prints, in the C locale, without a shell", async () => {
    const script = 'printf "%s|%s" "$LC_ALL" "$1"; echo no >&2; exit 3';
    const result = await runCommand("sh", ["-c", script, "sh", "$(id) *"]);
    expect(result).to.include({ exitCode: 3, stdout: "C|$(id) *", stderr: "no" });
  });

  it("sends input", async () => {
    expect((await runCommand("cat", [], { input: "text" })).stdout).to.equal("text");
  });

  it("names a program that is missing", async () => {
    const failure = await failureOf(runCommand("no-such-program", []));
    expect(failure).to.include({ code: "host" });
    expect(failure).to.have.property("message").that.includes("no-such-program: no such program");
  });

  it("gives up after the time limit", async () => {
    const failure = await failureOf(runCommand("sleep", ["30"], { timeoutMs: 100 }));
    expect(failure).to.have.property("message", "sleep: gave no answer within 0.1 s");
  });

  it("reports death by signal", async () => {
    const failure = await failureOf(runCommand("sh", ["-c", "kill -9 $$"]));
    expect(failure).to.have.property("message", "sh: was killed by SIGKILL");
  });
});
