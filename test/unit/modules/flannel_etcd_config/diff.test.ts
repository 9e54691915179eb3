import { expect } from "chai";

import { maskWithFingerprints } from "../../../../src/modules/flannel_etcd_config/diff";

describe("flannel_etcd_config result", () => {
  const shown = (psk: string) =>
    JSON.stringify(maskWithFingerprints({ Network: "10.0.0.0/8", Backend: { PSK: psk } }));

  it("tells another secret from the same one, and shows none", () => {
    expect(shown("hunter2")).to.match(
      /^\{"Network":"10\.0\.0\.0\/8","Backend":\{"PSK":"\*{8} \([0-9a-f]{8}\)"\}\}$/,
    );
    expect(shown("hunter2")).to.equal(shown("hunter2")).and.not.equal(shown("hunter3"));
  });

  it("leaves alone what is no object", () => {
    expect([undefined, "text", ["a"]].map(maskWithFingerprints)).to.deep.equal([
      undefined,
      "text",
      ["a"],
    ]);
  });
});
