import { expect } from "chai";

import { coerce } from "../../../src/ansible/coerce";
import { convertTemplated } from "../../../src/flannel/templated";

describe("a network configuration out of templates", () => {
  const cases: [unknown, unknown][] = [
    [
      { SubnetLen: "26", EnableIPv6: "True" },
      { SubnetLen: 26, EnableIPv6: true },
    ],
    [{ subnetlen: "26" }, { subnetlen: 26 }],
    [{ Backend: { VNI: "7", Type: "vxlan" } }, { Backend: { VNI: 7, Type: "vxlan" } }],
    [{ Network: null, Backend: { VNI: null } }, { Backend: {} }],
    [
      { SubnetLen: "many", Network: "26" },
      { SubnetLen: "many", Network: "26" },
    ],
    ["26", "26"],
    [[{ VNI: "7" }], [{ VNI: "7" }]],
  ];
  for (const [given, expected] of cases) {
    it(`turns ${JSON.stringify(given)} into ${JSON.stringify(expected)}`, () => {
      expect(convertTemplated(given, coerce)).to.deep.equal(expected);
    });
  }
});
