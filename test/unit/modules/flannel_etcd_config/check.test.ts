import { expect } from "chai";

import { checkConfig, judge } from "../../../../src/modules/flannel_etcd_config/check";
import { readNetworkText } from "../../../../src/flannel/network-config";
import { parseVersion } from "../../../../src/flannel/version";

const READER = { version: parseVersion("v0.28.9"), architectures: ["amd64"] };

describe("checking a configuration", () => {
  it("tells all faults at once, also as a list", () => {
    const { fault } = checkConfig({ Netwrok: "x", Backend: { Type: "vxlan" } }, READER);
    expect(fault).to.include({ code: "invalid_config", lasting: true });
    expect(fault?.message).to.include("config: 2 faults: Network: missing");
    expect(fault?.result?.["faults"]).to.have.length(2);
  });

  it("refuses what flannel would pass over in silence", () => {
    const { fault } = checkConfig(
      { Network: "10.200.0.0/16", SubnetLenn: 25, Backend: { Type: "vxlan" } },
      READER,
    );
    expect(fault?.message).to.match(/^config: SubnetLenn: unknown key/);
  });

  it("names where the configuration is from", () => {
    const { fault } = judge(readNetworkText("[]", READER), "/net/config in etcd's v2 store");
    expect(fault?.message).to.match(/^\/net\/config in etcd's v2 store: expected a JSON object/);
  });

  it("keeps what is only worth a note", () => {
    const { config, notes, fault } = {
      notes: undefined,
      ...checkConfig({ Network: "10.200.0.0/16" }, READER),
    };
    expect(fault).to.equal(undefined);
    expect(config?.document["Backend"]).to.deep.equal({ Type: "udp" });
    expect(notes?.[0]).to.include('flannel uses {"Type": "udp"}');
  });
});
