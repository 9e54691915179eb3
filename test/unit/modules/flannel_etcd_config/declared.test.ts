import { expect } from "chai";

import {
  checkDeclared,
  readDeclaredDocument,
} from "../../../../src/modules/flannel_etcd_config/declared";
import { parseVersion } from "../../../../src/flannel/version";
import { type FlannelEtcdConfigOptions } from "../../../../src/generated/flannel_etcd_config";

const READER = { version: parseVersion("v0.28.9"), architectures: ["amd64"] };

async function read(options: Partial<FlannelEtcdConfigOptions>): Promise<unknown> {
  return await readDeclaredDocument(options as FlannelEtcdConfigOptions);
}

describe("the declared configuration", () => {
  it("is nothing when nothing is given", async () => {
    expect(await read({})).to.equal(undefined);
  });

  it("comes from single options", async () => {
    const options = {
      network: "10.200.0.0/16",
      subnet_len: 25,
      subnet_min: "10.200.16.0",
      subnet_max: "10.200.31.0",
      backend: { Type: "vxlan", VNI: "7", GBP: "True" },
    };
    expect(await read(options)).to.deep.equal({
      Network: "10.200.0.0/16",
      SubnetLen: 25,
      SubnetMin: "10.200.16.0",
      SubnetMax: "10.200.31.0",
      Backend: { Type: "vxlan", VNI: 7, GBP: true },
    });
  });

  it("as a dict may hold numbers and truth values as templates make them", async () => {
    const config = {
      network: "10.200.0.0/16",
      SubnetLen: "25",
      enableipv6: "no",
      SubnetMin: null,
      Backend: { Type: "wireguard", ListenPort: "51999", PSK: "12345", MTU: "fast", Mode: null },
    };
    expect(await read({ config })).to.deep.equal({
      network: "10.200.0.0/16",
      SubnetLen: 25,
      enableipv6: false,
      Backend: { Type: "wireguard", ListenPort: 51999, PSK: "12345", MTU: "fast" },
    });
  });

  const texts: [string, string][] = [
    ["JSON", '{"Network": "10.200.0.0/16", "SubnetLen": 25}'],
    ["JSON5", "{Network: '10.200.0.0/16', // all pods\n SubnetLen: +25, /* each host */ }"],
  ];
  for (const [name, config] of texts) {
    it(`may be ${name}`, async () => {
      expect(await read({ config })).to.deep.equal({ Network: "10.200.0.0/16", SubnetLen: 25 });
    });
  }

  it("as text is taken as it is: a number in quotes stays text", async () => {
    expect(await read({ config: '{"SubnetLen": "25"}' })).to.deep.equal({ SubnetLen: "25" });
  });

  it("that cannot be read fails with the place, and without the text", async () => {
    const failure = await read({ config: '{Backend: {PSK: "hunter2" "x"}}' }).then(
      () => expect.fail("it did not fail"),
      (error: unknown) => error as Error,
    );
    expect(failure).to.include({ code: "invalid_config" });
    expect(failure.message).to.include("neither JSON nor JSON5").and.include("1:27");
    expect(failure.message).not.to.include("hunter2");
  });

  it("is checked, and all faults told", () => {
    expect(() => checkDeclared({ Netwrok: "x", Backend: { Type: "vxlan" } }, READER))
      .to.throw("config: 2 faults: Network: missing")
      .with.property("result")
      .that.has.property("faults")
      .with.length(2);
  });

  it("keeps what is only worth a note", () => {
    const { config, notes } = checkDeclared({ Network: "10.200.0.0/16" }, READER);
    expect(config.document["Backend"]).to.deep.equal({ Type: "udp" });
    expect(notes[0]).to.include('flannel takes {"Type": "udp"}');
  });
});
