import { expect } from "chai";

import { type NetworkMark } from "../../../../src/flannel/overlay-network";
import { renderEnvironmentFile } from "../../../../src/modules/flannel_unit/environment";
import {
  findMark,
  fingerprintOf,
  markOfProcess,
  withoutMarks,
} from "../../../../src/modules/flannel_unit/unit-marks";
import { renderUnit } from "../../../../src/modules/flannel_unit/unit-text";
import { declaredBy } from "../../../support/flannel-unit";

const ENV = "/etc/flannel/flanneld.env";
const MARKS: readonly (NetworkMark | undefined)[] = [
  undefined,
  { open: "", hidden: "" },
  { open: "Network=10.200.0.0/16", hidden: "" },
  { open: "Backend.PSK=@15 Network=10.200.0.0/16", hidden: "Backend.SubnetAddCommand=#01234567" },
];

describe("flannel_unit marks", () => {
  for (const mark of MARKS) {
    const options = { settings: { "etcd-password": "x", v: 1 } };
    const { unit, variables } = declaredBy(options);
    const text = renderUnit(unit, { network: mark, certificates: "" }, ENV);

    it(`${JSON.stringify(mark)} are found again in the files they were written to`, () => {
      const environment = renderEnvironmentFile(variables.secret, mark);
      expect(findMark(text, environment)).to.deep.equal(mark);
    });

    it(`${JSON.stringify(mark)} are no part of the fingerprint, nor of what a unit does`, () => {
      expect(fingerprintOf(text, ENV)).to.equal(unit.digest);
      expect(withoutMarks(text, ENV)).to.equal(
        renderUnit(unit, { network: undefined, certificates: "" }, ENV),
      );
    });
  }

  it("are found in a process, in an old one all in one variable", () => {
    const [open, hidden] = ["Network=10.200.0.0/16", "Backend.PSK=#01234567"];
    const NETWORK = "ANSIBLE_FLANNEL_NETWORK";
    const now = new Map([
      [NETWORK, open],
      [`${NETWORK}_HIDDEN`, hidden],
    ]);
    expect(markOfProcess(now)).to.deep.equal({ open, hidden });
    expect(markOfProcess(new Map([[NETWORK, `${hidden} ${open}`]]))).to.deep.equal({
      open,
      hidden,
    });
    expect(markOfProcess(new Map())).to.equal(undefined);
  });

  it("let every other environment file count", () => {
    const digest = (file: string) =>
      declaredBy({ extra_directives: { Service: { EnvironmentFile: file } } }).unit.digest;
    expect(digest("-/etc/default/a")).to.not.equal(digest("-/etc/default/b"));
  });
});
