// What a run does to files survives a power cut at any moment of it, and all that it tells at its end.

import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { renderPutBack } from "../../src/modules/flannel_unit/put-back-script";
import { findDisorder } from "../support/durability";
import { MODULE, type Result, Target, sha256 } from "../support/flannel-install";
import { type ScriptedHost } from "../support/scripted-host";
import { useScriptedUnit } from "../support/scripted-unit";
import { type Program, traceCalls } from "../support/system-calls";
import { tally } from "../support/tally";
import { tarGz } from "../support/tar";
import { tinyProgram } from "../support/tiny-program";

const OLD = tinyProgram("v0.16.1", 50_000);
const NEW = tinyProgram("v0.28.9", 100_000);
const SECRET = "correct-horse-battery";

/** Looks at one run; it must have renamed something, or it was not looked at well. */
async function expectOrder(program: Program, follows = false): Promise<void> {
  const { renames, faults } = findDisorder(await traceCalls(program, follows));
  tally(renames);
  expect(faults).to.deep.equal([]);
  expect(renames).to.be.at.least(1);
}

describe("the order of durability: flannel_install", function () {
  this.timeout(60_000);
  let target: Target;

  beforeEach(() => {
    target = new Target();
    mkdirSync(target.bin);
  });
  afterEach(() => {
    target.remove();
  });

  const run = (options: Result): Program => ({
    command: [process.execPath, MODULE],
    input: JSON.stringify(target.options(options)),
  });
  const file = (name: string, content: Buffer | string): string => {
    const path = join(target.root, name);
    writeFileSync(path, content, { mode: 0o755 });
    return path;
  };
  const installed = (content: Buffer): void => {
    writeFileSync(target.binary, content, { mode: 0o750 });
  };

  it("of a first installation", async () => {
    await expectOrder(run({ version: "v0.28.9", src: file("new", NEW) }));
  });

  it("of an upgrade out of an archive, with the script", async () => {
    installed(OLD);
    const members = [
      { name: "flanneld", content: NEW },
      { name: "mk-docker-opts.sh", content: "#!/bin/sh\n" },
    ];
    const src = file("new.tar.gz", tarGz(members));
    await expectOrder(run({ version: "v0.28.9", src, mk_docker_opts: true }));
  });

  it("of a way back to a kept version", async () => {
    installed(OLD);
    writeFileSync(join(target.bin, ".flanneld.previous-v0.28.9"), NEW, { mode: 0o750 });
    await expectOrder(run({ version: "v0.28.9", checksum: `sha256:${sha256(NEW)}` }));
  });

  it("of mode and owner on a copy, where the file has another name", async () => {
    installed(NEW);
    linkSync(target.binary, join(target.root, "other"));
    await expectOrder(run({ version: "v0.28.9", mode: "0700" }));
  });

  it("of a download for other hosts", async () => {
    const url = `file://${file("flanneld-amd64", NEW)}`;
    const dest = join(target.root, "cache");
    await expectOrder(run({ state: "downloaded", version: "v0.28.9", arch: "amd64", dest, url }));
  });
});

describe("the order of durability: flannel_unit", function () {
  this.timeout(60_000);
  const unit = useScriptedUnit();
  let host: ScriptedHost;

  beforeEach(() => {
    ({ host } = unit);
  });

  const options = { settings: { "etcd-password": SECRET } };

  it("of a first start", async () => {
    await expectOrder(host.program(options));
  });

  it("of another setting, another secret and a way back that is called off", async () => {
    await unit.succeed(options);
    await expectOrder(host.program({ settings: { v: 1, "etcd-password": `${SECRET}-new` } }));
  });

  it("of a daemon that does not come up, and a rollback", async () => {
    await unit.succeed(options);
    host.play({ starts: ["failed", "ready"] });
    await expectOrder(host.program({ settings: { v: 1 } }));
  });

  it("of certificates that were sent, and of those before them", async () => {
    const [directory, sent] = [join(host.root, "pki"), join(host.root, "sent")];
    mkdirSync(directory);
    writeFileSync(join(directory, "ca.pem"), "old");
    writeFileSync(sent, JSON.stringify({ "ca.pem": "new" }));
    const certificates = { directory, sent, sha256: { "ca.pem": sha256(Buffer.from("new")) } };
    const kept = { previous_files: join(directory, ".before") };
    await expectOrder(
      host.program({ state: "present", only: "certificates", certificates, ...kept }),
    );
    expect(readFileSync(join(directory, "ca.pem"), "utf8")).to.equal("new");
  });

  it("of the files for the CNI plugin", async () => {
    const cni_conf_path = join(host.root, "net.d", "10-flannel.conflist");
    await expectOrder(host.program({ ...options, cni_conf_path, cni_conf: { name: "pods" } }));
  });
});

describe("the order of durability: the host's own way back", () => {
  it("puts files back whole, for a host that has lost its power once may do so twice", async () => {
    const root = mkdtempSync(join(tmpdir(), "put-back-"));
    try {
      const [folder, path] = [join(root, "way-back"), join(root, "flanneld.service")];
      mkdirSync(folder);
      for (const name of ["armed", "0"]) writeFileSync(join(folder, name), "old");
      writeFileSync(path, "new");
      const before = { content: "old", mode: 0o644, uid: 0, gid: 0 };
      const step = { what: "unit", putting: { by: "content", path, before } } as const;
      const trial = { pid: 4_194_304, startTicks: 0, limitS: 1 };
      const script = renderPutBack(folder, "flannel-nothing.service", trial, [{ step, name: "0" }]);
      writeFileSync(join(folder, "put-back.sh"), script);
      const env = { PATH: `${root}:${process.env["PATH"] ?? ""}` };
      writeFileSync(join(root, "systemctl"), "#!/bin/sh\n", { mode: 0o755 });
      await expectOrder({ command: ["/bin/sh", join(folder, "put-back.sh")], env }, true);
      expect(readFileSync(path, "utf8")).to.equal("old");
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
