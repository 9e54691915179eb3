import { expect } from "chai";

import { tryObserveStranger } from "../../../../src/modules/flannel_unit/adoption";
import { UnitHost, given } from "../../../support/flannel-unit";

const RUNNING = UnitHost.running();

describe("flannel_unit adoption", () => {
  const allowed: [string, string, Record<string, unknown>][] = [
    ["v0.22.3", "v0.22.3", {}],
    ["v0.22.3+ck1", "v0.22.3", {}],
    ["v0.22.3", "v0.28.9", {}],
    ["v0.10.0", "v0.17.0", {}],
    ["v0.10.0", "v0.28.9", { adopt: true }],
    ["v0.28.9", "v0.10.0", { adopt: true }],
    ["v0.12.0", "v0.28.9", { settings: { "kube-subnet-mgr": true } }],
  ];
  for (const [running, declared, more] of allowed) {
    it(`lets ${declared} take the place of ${running} with ${JSON.stringify(more)}`, () => {
      given({ flannel_version: declared, ...more })
        .on(RUNNING.adopted(running))
        .refuses();
    });
  }

  const refused: [string, string, readonly string[]][] = [
    ["v0.16.1", "v0.10.0", ["replace it with an older release;"]],
    [
      "v0.16.1",
      "v0.28.9",
      ["etcd's v3 store, which has nothing of what it keeps in the v2 store;"],
    ],
    ["v0.28.9", "v0.10.0", ["replace it with an older release and have it read etcd's v2 store"]],
    ["v0.17.0", "v0.18.0", ["etcd's v3 store"]],
  ];
  for (const [running, declared, parts] of refused) {
    it(`does not let ${declared} take the place of ${running} unasked`, () => {
      for (const state of ["query", "started", "restarted"]) {
        const task = { flannel_version: declared, state };
        const scene = given(task)
          .on(RUNNING.adopted(running))
          .refuses(...parts);
        const [obstacle] = scene.plan.obstacles ?? [];
        expect(obstacle).to.include({ code: "conflict", lasting: true });
        expect(obstacle?.message)
          .to.contain(`set flannel_version: ${running}, as it runs, or flannel_adopt: true`)
          .and.contain(`this host runs flanneld ${running}`);
      }
    });
  }

  it("is no matter where the daemon keeps its leases elsewhere, tells no release, or none is declared", () => {
    const kube = RUNNING.adopted("v0.12.0", { isKube: true });
    given({ flannel_version: "v0.28.9" }).on(kube).refuses();
    given({ flannel_version: "v0.28.9" }).on(RUNNING.adopted(undefined)).refuses();
    given({}).on(RUNNING.adopted("v0.28.9")).refuses();
  });

  it("warns of the units that stop with the daemon", () => {
    const host = RUNNING.adopted("v0.28.9", { dependents: ["docker.service"] });
    const warning = "restarting flanneld.service stops docker.service, which requires it";
    given({ flannel_version: "v0.28.9" }).on(host).warns(warning);
    given({ flannel_version: "v0.28.9", state: "query" }).on(host).warns(warning);
  });

  const PROCESS = {
    pid: 2 ** 22 + 1, // more than there can be
    argv: ["/flanneld", "-kube-subnet-mgr=true"],
    environment: new Map<string, string>(),
    executable: { device: 1, inode: 1 },
  };

  it("looks at what this module has not started, and only at that", () => {
    const isActive = (unit: string) => unit === "docker.service";
    const requiredBy = ["docker.service", "other.service"];
    expect(tryObserveStranger(PROCESS, requiredBy, isActive)).to.deep.equal({
      version: undefined,
      isKube: true,
      dependents: ["docker.service"],
    });
    const other = { ...PROCESS, argv: ["/flanneld", "-kube-subnet-mgr=false"] };
    expect(tryObserveStranger(other, [], isActive)).to.include({ isKube: false });
    const own = { ...PROCESS, environment: new Map([["ANSIBLE_FLANNEL_UNIT", "1"]]) };
    expect(tryObserveStranger(own, requiredBy, isActive)).to.equal(undefined);
    expect(tryObserveStranger(undefined, requiredBy, isActive)).to.equal(undefined);
  });
});
