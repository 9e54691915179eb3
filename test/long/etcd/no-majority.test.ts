// The commonest outage, with time enough for several rounds: the reason that etcd gave is kept to the end.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { EtcdCluster, kill } from "../../support/etcd";
import { VXLAN_CONFIG, failureOf } from "../../support/etcd-config";

describe("no majority", function () {
  this.timeout(90_000);

  for (const [api, version] of [
    ["v2", "v0.17.0"],
    ["v3", "v0.28.9"],
  ] as const) {
    for (const timeout of [16, 30]) {
      it(`${api}: in ${timeout} s, which end with less than a round takes`, async () => {
        const cluster = await EtcdCluster.start({ members: 2, flags: ["--enable-v2"] });
        try {
          const [survivor, victim] = cluster.members;
          await kill((victim ?? expect.fail()).process);
          await sleep(1_500); // until the other one has noticed
          const started = performance.now();
          const options = { endpoints: cluster.endpoints, flannel_version: version, timeout };
          const error = await failureOf({ ...options, config: VXLAN_CONFIG });
          expect(performance.now() - started).to.be.below(timeout * 1000 + 500);
          // A member looks into an empty v2 store alone, so there it is the write that fails.
          const told = [error.message, error.result["warnings"]].join();
          expect(told).to.include("more than half of its members must be up");
          if (api === "v2") return;
          const url = String(survivor?.endpoint);
          expect(error.message).to.match(
            new RegExp(`${url}: etcd (gave up on the re|is not ready)`),
          );
        } finally {
          await cluster.stop();
        }
      });
    }
  }
});
