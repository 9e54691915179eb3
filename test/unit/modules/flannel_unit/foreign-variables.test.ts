import { expect } from "chai";

import { findForeignVariables } from "../../../../src/modules/flannel_unit/foreign-variables";
import { declaredBy } from "../../../support/flannel-unit";

describe("flannel_unit foreign variables", () => {
  const find = (texts: readonly string[], files: Readonly<Record<string, string>> = {}) =>
    [...findForeignVariables(texts, (path) => files[path])].sort();

  it("are those of drop-ins, of further directives, and of the environment files they name", () => {
    const extra = { Service: { Environment: "FLANNELD_V=2", EnvironmentFile: "-/etc/default/f" } };
    const { unit } = declaredBy({ extra_directives: extra });
    const dropIn =
      '[Service]\nEnvironment="A=1" "FLANNELD_IFACE=eth1"\nPassEnvironment=FLANNELD_X\n';
    const files = { "/etc/default/f": "FLANNELD_ETCD_USERNAME=me\n" };
    expect(find([unit.head, dropIn], files)).to.deep.equal([
      "FLANNELD_ETCD_USERNAME",
      "FLANNELD_IFACE",
      "FLANNELD_V",
      "FLANNELD_X",
    ]);
  });

  it("are none where nobody sets one", () => {
    const { unit } = declaredBy({ settings: { "etcd-password": "x" } });
    expect(find([unit.head, "[Service]\nEnvironmentFile=/gone\n"])).to.deep.equal([]);
  });
});
