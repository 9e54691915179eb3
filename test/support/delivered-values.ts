// Whether a process of systemd's gets what was declared: values through rendering, systemd, and a real exec.

import { expect } from "chai";
import fc from "fast-check";

import { type Declared } from "../../src/modules/flannel_unit/declare";
import { renderEnvironmentFile } from "../../src/modules/flannel_unit/environment";
import { renderUnit } from "../../src/modules/flannel_unit/unit-text";
import { declaredBy } from "./flannel-unit";
import { type SystemdLab } from "./systemd-lab";

/** Text that a setting may have: anything but control characters, heavy on what systemd reads. */
const special = fc.constantFrom(
  ...("%$\"'\\ ;#=@-+!:|&{}[]()*?~`<>,./\u00e9\u4e2d\u{1f600}".match(/./gu) ?? []),
);
const printable = fc.string({ unit: "grapheme" }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
export const hostileValue = fc.oneof(
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
/** What a process has got. */
interface Delivery {
  readonly argv: readonly string[];
  readonly environ: readonly string[];
}

/** A stand-in for the daemon that writes down what it was given: only systemd is under test. */
const RECORDER = `#!/usr/bin/node
const fs = require("fs");
for (const file of ["cmdline", "environ"]) {
  const name = process.env.SAMPLE + "." + file;
  fs.writeFileSync("/root/seen/" + name, fs.readFileSync("/proc/self/" + file));
}
`;

/** The declaration of the unit of this number, whose process is the stand-in. */
export function declareRecorder(
  index: number,
  { environment, ...options }: Readonly<Record<string, unknown>>,
): Declared {
  return declaredBy({
    name: `quote-${index}`,
    binary: "/root/recorder",
    options_dir: "/root/quote env %n",
    environment: { SAMPLE: index, ...(environment as object) },
    ...options,
  });
}

/** Starts a process for each declaration, numbered from 0, and compares what it got. */
export async function expectDelivered(
  lab: SystemdLab,
  declarations: readonly Declared[],
): Promise<void> {
  await writeUnits(lab, declarations);
  await lab.sh("worker-1", `systemctl start $(seq -f 'quote-%g' 0 ${declarations.length - 1})`);
  const seen = await readDeliveries(lab, declarations.length);
  declarations.forEach((declared, index) => {
    const { argv = [], environ = [] } = seen[index] ?? {};
    expect(argv, `sample ${index}`).to.deep.equal(declared.argv);
    const variables = {
      ...declared.variables.open,
      ...declared.variables.secret,
      ...(declared.mark === undefined
        ? {}
        : {
            ANSIBLE_FLANNEL_NETWORK: declared.mark.open,
            ANSIBLE_FLANNEL_NETWORK_HIDDEN: declared.mark.hidden,
          }),
    };
    for (const [name, text] of Object.entries(variables)) {
      expect(environ, `sample ${index}`).to.include(`${name}=${text}`);
    }
  });
}

async function writeUnits(lab: SystemdLab, declarations: readonly Declared[]): Promise<void> {
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
  await lab.sh("worker-1", "mkdir -p /root/seen; cat > /root/recorder; chmod 755 /root/recorder", {
    input: RECORDER,
  });
  await lab.sh(
    "worker-1",
    `mkdir -p '/root/quote env %n'; node -e '
       const files = JSON.parse(require("fs").readFileSync(0, "utf8"));
       for (const { path, text } of files) require("fs").writeFileSync(path, text);'
     systemctl daemon-reload`,
    { input: JSON.stringify(files) },
  );
}

async function readDeliveries(lab: SystemdLab, count: number): Promise<readonly Delivery[]> {
  const output = await lab.sh(
    "worker-1",
    `node -e '
       const fs = require("fs");
       const read = (name) => fs.readFileSync("/root/seen/" + name, "utf8").split("\\0").slice(0, -1);
       const all = [];
       // The interpreter of the stand-in comes first.
       for (let i = 0; i < ${count}; i++) all.push({ argv: read(i + ".cmdline").slice(1), environ: read(i + ".environ") });
       console.log(JSON.stringify(all));'`,
  );
  return JSON.parse(output) as Delivery[];
}
