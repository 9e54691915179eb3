// What the role does about hosts in trouble, on hosts that are not there.

import { expect } from "chai";

import { Rig, type RigPlay } from "../support/rig";

const PURGE =
  /Check that no host was lost[^]*?\nok: [^]*?: Write the network configuration to etcd\]/g;
/** Names of tasks that ran on some host. */
const tasksOf = (output: string): readonly string[] =>
  output
    .split("TASK [")
    .filter((text) => /^(ok|changed|included): /m.test(text))
    .map((text) => /^(?:.* : )?(.*?)\]/.exec(text)?.[1] ?? "");

describe("a play with a host in trouble", function () {
  this.timeout(120_000);
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.create();
  });
  afterEach(async () => {
    await rig.remove();
  });

  it("finds Node.js on a host whose shell hangs up without it", async () => {
    await rig.converge({});
    const troubles = { "worker-1": "hangs-up", "worker-2": "hangs-up", "worker-3": "hangs-up" };
    const { isOk, output } = await rig.tryPlay({ workers: 3, troubles });
    expect(isOk, output).to.equal(true);
    expect(output).to.match(/^worker-3 .* unreachable=0 .* ignored=1/m);
    expect(tasksOf(output)).to.include("Run flanneld as a systemd service");
  });

  it("brings Node.js to workers that run etcd themselves", async () => {
    const troubles = { "worker-1": "hangs-up", "worker-2": "hangs-up" };
    const variables = { etcd_ansible_group: "k8s_worker" };
    const { isOk, output } = await rig.tryPlay({ workers: 2, troubles, variables });
    expect(isOk, output).to.equal(true);
    expect(output).to.match(
      /Bring what the host lacks[^]*included: .*prepare.yml for worker-1, worker-2/,
    );
  });

  it("writes from another etcd host when the first cannot be reached", async () => {
    await rig.converge({});
    const { isOk, output } = await rig.tryPlay({ workers: 2, troubles: { "etcd-1": "away" } });
    expect(isOk, output).to.equal(false); // its address is nowhere
    expect(output).to.include("No address on interface lab0 is known of etcd host etcd-1");
    const endpoints = "https://10.78.0.2:2379,https://10.78.0.3:2379";
    const variables = { flannel_settings_user: { "etcd-endpoints": endpoints } };
    const told = await rig.tryPlay({ workers: 2, troubles: { "etcd-1": "away" }, variables });
    expect(told.isOk, told.output).to.equal(true);
    expect(told.output).to.match(
      /Write the network configuration to etcd\] \*+\nok: \[worker-1 -> etcd-2/,
    );
  });

  it("asks hosts of later batches before a network is replaced for them", async () => {
    await rig.converge({});
    const ask = "Ask the hosts of later batches what they would lack";
    const play = { workers: 3, serial: 2, troubles: { "worker-3": "lacks-backend" } };
    const update = { flannel_network_if_exists: "update" };
    const same = await rig.tryPlay({ ...play, variables: update });
    expect(same.isOk, same.output).to.equal(true);
    expect(tasksOf(same.output)).to.not.include(ask);
    const variables = { ...update, flannel_backend_type: "ipip" };
    const other = await rig.tryPlay({ ...play, variables });
    expect(other.isOk, other.output).to.equal(false);
    expect(other.output).to.include("was not written for worker-3");
    expect(tasksOf(other.output)).to.include(ask).and.not.include("Install flanneld");
  });

  const purge = (more: Partial<RigPlay>): Promise<{ isOk: boolean; output: string }> =>
    rig.tryPlay({
      workers: 4,
      variables: {
        flannel_state: "absent",
        flannel_purge_network: true,
        flannel_network_allow_disruptive: true,
      },
      ...more,
    });

  for (const serial of [undefined, 1, 2]) {
    const batches = serial === undefined ? "all at once" : `${serial} at a time`;

    it(`takes the network configuration back once, ${batches}`, async () => {
      const { isOk, output } = await purge({ ...(serial === undefined ? {} : { serial }) });
      expect(isOk, output).to.equal(true);
      expect(output.match(PURGE)).to.have.length(1);
    });

    for (const lost of ["worker-2", "worker-4"]) {
      it(`leaves it in etcd when ${lost} keeps its daemon, ${batches}`, async () => {
        const troubles = { [lost]: "keeps-daemon" };
        const { isOk, output } = await purge({
          troubles,
          ...(serial === undefined ? {} : { serial }),
        });
        expect(isOk, output).to.equal(false);
        expect(output).to.not.match(PURGE);
        // With a batch that is lost as a whole, Ansible ends the play.
        if (serial !== 1) expect(output).to.include(`flanneld may still run on ${lost}.`);
      });
    }
  }
});
