// A release, and an installed role: made in a clone of this repository, with a key of its own.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { type ExecaReturnValue, execa } from "execa";

const ROOT = join(__dirname, "..", "..");
const TAG = "7.8.9+0.28.9";
const NAME = `ansible-role-flanneld-${TAG}`;

describe("a release", function () {
  this.timeout(120_000);
  const work = mkdtempSync(join(tmpdir(), "release-"));
  const clone = join(work, "clone");

  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", clone, ...args], { encoding: "utf8" });
  const read = (path: string): string => readFileSync(join(clone, path), "utf8");
  const release = (tag: string): Promise<ExecaReturnValue> =>
    execa(join(clone, "scripts", "release"), [tag], { reject: false });

  before(() => {
    execFileSync("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone]);
    execFileSync("git", ["-C", ROOT, "diff", "HEAD", "--binary", "--output", join(work, "patch")]);
    git("config", "user.name", "Somebody");
    git("config", "user.email", "somebody@example.org");
    git("apply", "--allow-empty", join(work, "patch")); // what is tested is what stands here
    git("commit", "--quiet", "--all", "--allow-empty", "--message", "What is not committed yet");
    const key = join(work, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    writeFileSync(
      join(work, "signers"),
      `somebody@example.org ${readFileSync(`${key}.pub`, "utf8")}`,
    );
    git("config", "gpg.format", "ssh");
    git("config", "gpg.ssh.allowedSignersFile", join(work, "signers"));
    git("config", "user.signingkey", key);
  });
  after(() => {
    rmSync(work, { recursive: true });
  });

  it("is refused with a version of another kind, or with changes about", async () => {
    expect((await release("7.8.9")).stderr).to.include("expected X.Y.Z+A.B.C");
    writeFileSync(join(clone, "Makefile"), "");
    expect((await release(TAG)).stderr).to.include("commit them first");
    git("checkout", "--quiet", "Makefile");
  });

  it("leaves nothing behind when it cannot be signed", async () => {
    const head = git("rev-parse", "HEAD");
    const { exitCode } = await execa(join(clone, "scripts", "release"), [TAG], {
      env: {
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "user.signingkey",
        GIT_CONFIG_VALUE_0: "/nowhere",
      },
      reject: false,
    });
    expect(exitCode).to.equal(1);
    expect([git("rev-parse", "HEAD"), git("tag", "--list", TAG)]).to.deep.equal([head, ""]);
    expect(git("status", "--porcelain", "--untracked-files=no")).to.equal("");
  });

  it("is a signed tag, archives, their packages and their sums", async () => {
    const unreleased = /## Unreleased\n+([^]+)/.exec(read("CHANGELOG.md"))?.[1] ?? "";
    const { exitCode, stderr } = await release(TAG);
    expect(exitCode, stderr).to.equal(0);
    git("verify-tag", TAG);
    expect(git("for-each-ref", "--format=%(contents:body)", `refs/tags/${TAG}`)).to.include(
      unreleased.split("\n")[0],
    );
    expect(read("package.json")).to.include('"version": "7.8.9"');
    expect(read("CHANGELOG.md")).to.match(
      /## Unreleased\n\n## 7\.8\.9\+0\.28\.9 - \d{4}-\d\d-\d\d\n\n### Added/,
    );
    const collection = "flannel_role-flanneld-7.8.9.tar.gz";
    const files = ["SHA256SUMS", `${NAME}.cdx.json`, `${NAME}.tar.gz`, collection];
    expect(readdirSync(join(clone, "dist"))).to.have.members(files);
    execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: join(clone, "dist") });
    const { components } = JSON.parse(read(join("dist", `${NAME}.cdx.json`))) as {
      components: readonly { readonly name: string }[];
    };
    expect(components.map(({ name }) => name)).to.include.members(["execa", "json5"]);
    expect((await release(TAG)).stderr).to.include("is there already");
    expect((await release("7.9.0+0.28.9")).stderr).to.include("there is nothing to release");
  });

  it("has in its archive what a role needs and what its licence wants, and no playbooks", () => {
    const archive = join(clone, "dist", `${NAME}.tar.gz`);
    const paths = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).split("\n");
    const folders = new Set(paths.map((path) => path.split("/")[1] ?? ""));
    expect([...folders]).to.include.members(["defaults", "library", "src", "scripts", "roles"]);
    for (const absent of [".ci", ".github", "demo", "examples", "molecule", "test"])
      expect([...folders]).to.not.include(absent);
  });
});
