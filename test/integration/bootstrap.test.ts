// A machine that is not Debian: `make test` and `make bootstrap` say at once what is to be installed.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { type ExecaReturnValue, execa } from "execa";

const ROOT = join(__dirname, "..", "..");
const UNIX = "awk bash cat cmp dirname env mktemp python3 rm sed sort tar ps".split(" ");
const OTHERS =
  "podman runc newuidmap debootstrap iptables ip modprobe unshare ssh openssl curl git make shellcheck " +
  "hyperfine ping tcpdump strace faketime etcd etcdctl gcc go";

describe("bootstrap without apt", () => {
  let bin: string;
  beforeEach(() => {
    bin = join(mkdtempSync(join(tmpdir(), "bootstrap-")), "bin");
    mkdirSync(bin);
    for (const tool of UNIX) symlinkSync(join("/usr/bin", tool), join(bin, tool));
  });
  afterEach(() => {
    rmSync(join(bin, ".."), { recursive: true });
  });

  const bootstrap = (...parts: readonly string[]): Promise<ExecaReturnValue> =>
    execa(join(ROOT, "scripts", "bootstrap"), parts, { env: { PATH: bin }, reject: false });

  it("names all that is missing, by the command", async () => {
    const { exitCode, stderr } = await bootstrap("containers", "tools");
    expect(exitCode).to.equal(1);
    expect(stderr).to.include("has no apt-get");
    for (const line of ["podman", "newuidmap", "ip", "etcd"].map((name) => `\n  ${name} (Debian: `))
      expect(stderr).to.include(line);
    for (const there of ["\n  tar", "\n  ps", "ca-certificates", "netavark"])
      expect(stderr).to.not.include(there);
  });

  it("goes on where all of it is there", async () => {
    for (const tool of OTHERS.split(" ")) symlinkSync("/usr/bin/true", join(bin, tool));
    const { exitCode, stderr } = await bootstrap("containers", "tools");
    expect(exitCode, stderr).to.equal(0);
    expect(stderr).to.match(/containers tools ready/);
  });
});
