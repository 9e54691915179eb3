import { expect } from "chai";

import {
  cniFileOf,
  cniFileToRemove,
  findRival,
} from "../../../../src/modules/flannel_unit/cni-config";

const PATH = "/etc/cni/net.d/10-flannel.conflist";

describe("flannel_unit's CNI configuration", () => {
  const conf = { name: "cni0", plugins: [{ type: "flannel" }] };

  it("is printed from a dict, in its order", () => {
    expect(cniFileOf(PATH, conf).content).to.equal(`${JSON.stringify(conf, null, 2)}\n`);
  });

  it("stays as it is given as text, but for the end of its last line", () => {
    expect(cniFileOf(PATH, '{"b": 1,   "a": 2}').content).to.equal('{"b": 1,   "a": 2}\n');
    expect(cniFileOf(PATH, '{"b": 1}\n').content).to.equal('{"b": 1}\n');
  });

  it("is to go when it is to be removed", () => {
    expect(cniFileToRemove(PATH)).to.include({ path: PATH, content: undefined });
  });

  const faults: [unknown, string][] = [
    ["", "Unexpected end of JSON input"],
    ["{", "JSON"],
    ["{'name': 'cni0'}", "JSON"],
    ["[]", "got list"],
    ["5", "got int"],
    [[conf], "got list"],
    [5, "got int"],
    [true, "got bool"],
  ];
  for (const [value, reason] of faults) {
    it(`is not ${JSON.stringify(value)}`, () => {
      expect(() => cniFileOf(PATH, value))
        .to.throw("cni_conf: expected a CNI configuration list, a dict or the JSON text of one: ")
        .with.property("message")
        .that.contains(reason);
    });
  }

  const folders: [readonly string[], string | undefined][] = [
    [["10-flannel.conflist"], undefined],
    [["10-flannel.conf", "10-flannel.conflist"], "10-flannel.conf"],
    [["05-calico.conflist", "10-flannel.conf"], "05-calico.conflist"],
    [["00-multus.json"], "00-multus.json"],
    [
      ["87-podman-bridge.conflist", "00-README", ".10-flannel.conf.swp", "10-flannel.conf.bak"],
      undefined,
    ],
    [[], undefined],
  ];
  for (const [names, rival] of folders) {
    it(`${rival === undefined ? "wins" : `loses against ${rival}`} among ${names.join() || "nothing"}`, () => {
      const warning = findRival(PATH, names);
      if (rival === undefined) expect(warning).to.equal(undefined);
      else
        expect(warning).to.contain(
          `/etc/cni/net.d/${rival}: sorts before 10-flannel.conflist, so container runtimes take it`,
        );
    });
  }
});
