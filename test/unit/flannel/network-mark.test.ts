import { expect } from "chai";

import {
  describeMarkChange,
  parseNetworkMark,
  renderNetworkMark,
} from "../../../src/flannel/network-mark";

const CONFIG = { Network: "10.200.0.0/16", SubnetLen: 26, Backend: { Type: "vxlan", VNI: 7 } };

describe("network mark", () => {
  it("is one line of words, whatever the order of the keys", () => {
    const mark = "Backend.Type=vxlan Backend.VNI=7 Network=10.200.0.0/16 SubnetLen=26";
    expect(renderNetworkMark(CONFIG)).to.equal(mark);
    const backend = { VNI: "7", Type: "vxlan" };
    const turned = { SubnetLen: "26", Backend: backend, Network: CONFIG.Network };
    expect(renderNetworkMark({ ...turned, SubnetMin: null })).to.equal(mark);
  });

  it("can be read back", () => {
    expect([...parseNetworkMark(renderNetworkMark(CONFIG))]).to.deep.equal([
      ["Backend.Type", "vxlan"],
      ["Backend.VNI", "7"],
      ["Network", "10.200.0.0/16"],
      ["SubnetLen", "26"],
    ]);
    expect([...parseNetworkMark("")]).to.deep.equal([]);
  });

  const hidden: [string, unknown, unknown][] = [
    ["a secret", { Backend: { PSK: "hunter2" } }, { Backend: { PSK: "hunter3" } }],
    ["a part of a secret", { PSK: { key: "hunter2" } }, { PSK: { key: "hunter3" } }],
    ["a masked secret", { PSK: "******** (0a)" }, { PSK: "******** (0b)" }],
    ["a command", { Backend: { SubnetAddCommand: "a b" } }, { Backend: { SubnetAddCommand: "a" } }],
    ["a long text", { Key: "x".repeat(65) }, { Key: "y".repeat(65) }],
    ["a list", { Key: ["x"] }, { Key: ["y"] }],
    ["a strange name", { 'k"\n=x': 1 }, { 'k"\n=y': 1 }],
    ["a quote", { Key: '"' }, { Key: "'" }],
  ];
  for (const [what, one, other] of hidden) {
    it(`tells ${what} from another one without showing it`, () => {
      const marks = [one, other].map((value) => renderNetworkMark(value as typeof CONFIG));
      expect(marks[0]).to.not.equal(marks[1]);
      expect(marks.join("")).to.match(/^[\w.:/+=# -]+$/);
      expect(marks.join("")).to.not.match(/hunter|xxx/);
    });
  }

  it("says what was and what is", () => {
    const after = { Network: "10.200.0.0/16", Backend: { Type: "wireguard", PSK: "k".repeat(44) } };
    const change = describeMarkChange(renderNetworkMark(CONFIG), renderNetworkMark(after));
    expect(change).to.equal(
      "Backend.PSK was not set, is a value not shown; Backend.Type was vxlan, is wireguard; " +
        "Backend.VNI was 7, is not set; SubnetLen was 26, is not set",
    );
    const rotated = { ...after, Backend: { ...after.Backend, PSK: "l".repeat(44) } };
    expect(describeMarkChange(renderNetworkMark(after), renderNetworkMark(rotated))).to.equal(
      "Backend.PSK was another one",
    );
  });
});
