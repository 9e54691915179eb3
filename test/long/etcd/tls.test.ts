// TLS material of every kind against real servers, through both APIs.

import { expect } from "chai";

import { VXLAN_CONFIG, failureOf, runEtcdConfig } from "../../support/etcd-config";
import { TLS_CASES } from "../../support/tls-cases";
import { TlsLab } from "../../support/tls-lab";

describe("TLS material", function () {
  this.timeout(60_000);
  let lab: TlsLab;
  let prefixes = 0;

  before(async () => {
    lab = await TlsLab.start();
  });
  after(() => lab.stop());

  for (const [api, version] of [
    ["v2", "v0.17.0"],
    ["v3", "v0.28.9"],
  ] as const) {
    for (const given of TLS_CASES) {
      it(`${api}: ${given.name}${given.refused === undefined ? "" : " (refused)"}`, async () => {
        const options = {
          ...lab.optionsOf(given),
          flannel_version: version,
          config: VXLAN_CONFIG,
          prefix: `/tls/${++prefixes}`,
          transport: api === "v3" ? "gateway" : "auto",
        };
        if (given.refused === undefined) {
          expect(await runEtcdConfig(options)).to.include({ changed: true });
          expect(await runEtcdConfig(options)).to.include({ changed: false });
          return;
        }
        const [code, words] = given.refused;
        const error = await failureOf(options);
        expect(error.message).to.include(words);
        expect(error.code).to.equal(code);
      });
    }
  }
});
