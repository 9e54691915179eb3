import { expect } from "chai";

import { parseOptions } from "../../../../src/ansible/options";
import { Redactor } from "../../../../src/ansible/redact";
import { spec } from "../../../../src/generated/flannel_unit";
import {
  ENVIRONMENT_HEADING,
  hideSecretFlags,
  maskValues,
  secretsOf,
} from "../../../../src/modules/flannel_unit/secrets";

function secretsBy(given: Readonly<Record<string, unknown>>): readonly unknown[] {
  const all = secretsOf(parseOptions(spec, given, new Redactor()));
  return all.filter((secret) => secret !== undefined);
}

describe("flannel_unit secrets", () => {
  const places: [string, Record<string, unknown>][] = [
    ["settings", { settings: { "etcd-password": "pw" } }],
    ["settings_user", { settings_user: { "etcd-password": "pw" } }],
    ["listed settings", { settings: { "kube-api-url": "pw" }, secret_settings: ["kube-api-url"] }],
    ["variables", { environment: { FLANNELD_ETCD_PASSWORD: "pw" } }],
    [
      "listed variables",
      {
        environment: { ACCESS_KEY_SECRET: "pw", GODEBUG: "x" },
        secret_settings: ["ACCESS_KEY_SECRET"],
      },
    ],
    ["backend", { backend: { Type: "wireguard", PSK: "pw" } }],
    ["network_config", { network_config: { Backend: { psk: "pw" } } }],
    ["network_config, at any depth", { network_config: { a: [{ b: { AccessKeySecret: "pw" } }] } }],
  ];
  for (const [where, given] of places) {
    it(`stand in ${where}`, () => {
      expect(secretsBy(given)).to.deep.equal(["pw"]);
    });
  }

  it("are found in options that nobody has checked yet, or the options are too odd to be shown", () => {
    const raw = { settings: { "kube-api-url": "pw" }, secret_settings: "v, kube-api-url" };
    expect(secretsOf(raw)).to.deep.equal(["pw"]);
    expect(secretsOf({ network_config: '{"Backend":{"PSK":"pw"}}' })).to.include("pw");
    expect(secretsOf({})).to.deep.equal([]);
    expect(() => secretsOf({ settings: "etcd-password pw" })).to.throw("dict");
  });

  it("are not what is masked already, whose words occur in sentences", () => {
    for (const shown of ["******** (revision 15)", "******** (known after the write)"]) {
      expect(secretsBy({ network_config: { Backend: { PSK: shown } } })).to.deep.equal([]);
    }
  });

  it("are masked in a unit that holds a variable since before it was listed", () => {
    const unit =
      'Environment="ACCESS_KEY_SECRET=old"\nEnvironment=https_proxy=old\nExecStart=/x -v=2';
    const names = new Set(["ACCESS_KEY_SECRET", "https_proxy"]);
    expect(hideSecretFlags(unit, names)).to.equal(
      'Environment="ACCESS_KEY_SECRET=********\nEnvironment=https_proxy=********\nExecStart=/x -v=2',
    );
    const text = "Environment=MY_ACCESS_KEY_SECRET=x\n# ACCESS_KEY_SECRET is no value";
    expect(hideSecretFlags(text, names)).to.equal(text);
  });

  it("are masked in texts of the host, as flags and as variables", () => {
    const names = new Set(["etcd-password"]);
    for (const text of [
      "-etcd-password=old",
      "--etcd-password old",
      "FLANNELD_ETCD_PASSWORD=old",
    ]) {
      expect(hideSecretFlags(`${text} \\\n  -v=1`, names))
        .to.contain("********\n  -v=1")
        .and.not.contain("old");
    }
    expect(hideSecretFlags("/x -etcd-password \\\n  old \\\n  -v=1", names)).to.not.contain("old");
  });

  it("are all that an environment file may hold, beside names of variables", () => {
    const known = `${ENVIRONMENT_HEADING}\nA=1\nB_2='x y'\n`;
    expect(maskValues(known)).to.equal(`${ENVIRONMENT_HEADING}\nA=********\nB_2=********\n`);
    const strange = '# old\nexport A=old\n A = old\nold\nA="b\nold"\n';
    expect(maskValues(strange)).to.not.contain("old");
  });
});
