// What a process gets is what was declared: fuzzed values through render, systemd, and a real exec.

import { expect } from "chai";
import fc from "fast-check";

import { renderEnvironmentFile } from "../../src/modules/flannel_unit/environment";
import { renderUnit } from "../../src/modules/flannel_unit/unit-text";
import { declaredBy } from "../support/flannel-unit";
import { SystemdLab } from "../support/systemd-lab";

/** Text that a setting may have: anything but control characters, heavy on what systemd reads. */
const special = fc.constantFrom(
  ...("%$\"'\\ ;#=@-+!:|&{}[]()*?~`<>,./\u00e9\u4e2d\u{1f600}".match(/./gu) ?? []),
);
const printable = fc.string({ unit: "grapheme" }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
const value = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: special, maxLength: 20 }) },
  { weight: 1, arbitrary: printable },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "$HOME",
      "${HOME}",
      "$$",
      "%n",
      "%%",
      "\\x20",
      "\\n",
      "'a'",
      '"',
      "\\",
      ";",
      " ",
      "",
    ),
  },
);
const sample = fc.record({
  username: value,
  prefix: value,
  modules: value,
  password: value,
  variable: value,
});

const SAMPLES = 120;

describe("flannel_unit on systemd: quoting", function () {
  this.timeout(120_000);
  const lab = SystemdLab.forSuite("quote");

  it("delivers every argument and variable as declared", async () => {
    // A stand-in that writes down what it was given: only systemd is under test here.
    await lab.sh(
      "worker-1",
      `mkdir -p /root/seen; cat > /root/recorder <<'SCRIPT'
#!/usr/bin/node
const fs = require("fs");
for (const file of ["cmdline", "environ"]) {
  const name = process.env.SAMPLE + "." + file;
  fs.writeFileSync("/root/seen/" + name, fs.readFileSync("/proc/self/" + file));
}
SCRIPT
chmod 755 /root/recorder`,
    );
    const samples = fc.sample(sample, { numRuns: SAMPLES, seed: 20260101 });
    const declarations = samples.map((given, index) =>
      declaredBy({
        name: `quote-${index}`,
        binary: "/root/recorder",
        options_dir: "/root/quote env %n",
        settings: {
          "etcd-username": given.username,
          "kube-annotation-prefix": given.prefix,
          vmodule: given.modules,
          "etcd-password": given.password,
        },
        environment: { DECLARED: given.variable, SAMPLE: index },
        network_config: { Backend: { PSK: given.password, Type: "vxlan" } },
      }),
    );
    const files = declarations.flatMap(({ unitPath, unit, mark, environmentPath, variables }) => [
      {
        path: unitPath,
        text: renderUnit(unit, { network: mark, certificates: "" }, environmentPath).replace(
          "Type=notify\nRestart=always",
          "Type=oneshot",
        ),
      },
      { path: environmentPath, text: renderEnvironmentFile(variables.secret, mark) ?? "" },
    ]);
    await lab.sh(
      "worker-1",
      `mkdir -p '/root/quote env %n'; node -e '
         const files = JSON.parse(require("fs").readFileSync(0, "utf8"));
         for (const { path, text } of files) require("fs").writeFileSync(path, text);'
       systemctl daemon-reload
       systemctl start $(seq -f 'quote-%g' 0 ${SAMPLES - 1})`,
      { input: JSON.stringify(files) },
    );
    const seen = JSON.parse(
      await lab.sh(
        "worker-1",
        `node -e '
           const fs = require("fs");
           const read = (name) => fs.readFileSync("/root/seen/" + name, "utf8").split("\\0").slice(0, -1);
           const all = [];
           for (let i = 0; i < ${SAMPLES}; i++) all.push([read(i + ".cmdline"), read(i + ".environ")]);
           console.log(JSON.stringify(all));'`,
      ),
    ) as [string[], string[]][];
    for (const [index, [cmdline, environ]] of seen.entries()) {
      const declared = declarations[index];
      // The interpreter of the stand-in comes first.
      expect(cmdline.slice(1), `sample ${index}`).to.deep.equal(declared?.argv);
      const variables = {
        ...declared?.variables.open,
        ...declared?.variables.secret,
        ANSIBLE_FLANNEL_NETWORK: declared?.mark?.open,
        ANSIBLE_FLANNEL_NETWORK_HIDDEN: declared?.mark?.hidden,
      };
      for (const [name, text] of Object.entries(variables)) {
        expect(environ, `sample ${index}`).to.include(`${name}=${text ?? "?"}`);
      }
    }
    expect(seen).to.have.length(SAMPLES);
  });

  it("passes systemd-analyze verify with any of these values", async () => {
    const hostile = { "etcd-username": "%n $HOME \\ \" ' ; é", "kube-annotation-prefix": "a;b" };
    const result = await lab.run(
      lab.daemon({ settings: hostile, environment: { A: '%n $B \\ "' } }),
    );
    expect(result["failed"], result.msg).to.equal(undefined);
    expect(
      (await lab.run(lab.daemon({ settings: hostile, environment: { A: '%n $B \\ "' } }))).changed,
    ).to.equal(false);
  });
});
