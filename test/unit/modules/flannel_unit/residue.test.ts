import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  observeResidue,
  planPurge,
  tryFindKeyFile,
} from "../../../../src/modules/flannel_unit/residue";
import { NO_RESIDUE, fileOf } from "../../../support/flannel-unit";

/** Rules of releases that do not mark theirs, of two networks. */
const RULES = `*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.200.0.0/16 -d 10.200.0.0/16 -j RETURN
-A POSTROUTING -s 10.9.0.0/16 -d 10.9.0.0/16 -j RETURN
-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
COMMIT
`;

describe("flannel_unit residue", () => {
  let folder: string;
  const { PATH: path } = process.env;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "residue-"));
    writeFileSync(join(folder, "iptables-save"), `#!/bin/sh\nprintf '%s' '${RULES}'\n`);
    writeFileSync(join(folder, "nft"), "#!/bin/sh\necho table ip flannel-ipv4; echo table ip x\n");
    for (const name of ["iptables-save", "nft"]) chmodSync(join(folder, name), 0o755);
    process.env["PATH"] = `${folder}:${path ?? ""}`;
  });

  after(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  const removal = (network: string) =>
    `*nat\n-D POSTROUTING -s ${network} -d ${network} -j RETURN\nCOMMIT\n`;

  it("are the rules of the subnet file's network, and of the declared one without such a file", () => {
    const subnet = "FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.1.1/24\n";
    expect(observeResidue({}, subnet).rules).to.equal(removal("10.200.0.0/16"));
    expect(observeResidue({ network: "10.9.0.0/16" }).rules).to.equal(removal("10.9.0.0/16"));
    expect(observeResidue({ network: "10.9.0.0/16" }, subnet).rules)
      .to.contain("10.9.0.0/16")
      .and.contain("10.200.0.0/16")
      .and.not.contain("172.17");
    expect(observeResidue({}).rules).to.equal("");
  });

  it("are flannel's nftables tables", () => {
    expect(observeResidue({}).tables).to.deep.equal(["ip flannel-ipv4"]);
  });

  it("go with the folder of the subnet file where systemd has made it", () => {
    const folders = ["/run/flannel/s", "/run/s", "/var/lib/f/s"].map((name) => {
      const [change] = planPurge(NO_RESIDUE, name, fileOf(""));
      return change?.kind === "remove" && change.folderToo;
    });
    expect(folders).to.deep.equal([true, false, false]);
  });

  it("are the private key at the path that the process, or else its unit, names", () => {
    const key = join(folder, "key");
    writeFileSync(key, "PRIVATE");
    const unit = fileOf(`[Service]\nEnvironment="WIREGUARD_KEY_FILE=${key}"\n`);
    const environment = fileOf(`WIREGUARD_KEY_FILE="${key}"\n`);
    const nowhere = { unit: undefined, environment: undefined };
    expect(tryFindKeyFile(undefined, { unit, environment: undefined })).to.equal(key);
    expect(tryFindKeyFile(undefined, { unit: undefined, environment })).to.equal(key);
    expect(tryFindKeyFile(new Map([["WIREGUARD_KEY_FILE", key]]), nowhere)).to.equal(key);
    expect(tryFindKeyFile(new Map(), { unit, environment })).to.equal(undefined);
    expect(observeResidue({}, "", key).keys).to.deep.equal([key]);
    expect(observeResidue({}, "", join(folder, "none")).keys).to.deep.equal([]);
    const changes = planPurge({ ...NO_RESIDUE, keys: [key] }, "/s", undefined);
    expect(JSON.stringify(changes)).to.contain(`remove ${key}`).and.not.to.contain("PRIVATE");
  });
});
