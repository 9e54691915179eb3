import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import { renderEnvironmentFile } from "../../../../src/modules/flannel_unit/environment";
import { renderUnit } from "../../../../src/modules/flannel_unit/unit-text";
import { declaredBy } from "../../../support/flannel-unit";

function unitOf(given: Record<string, unknown>): string {
  const { unit, mark, environmentPath } = declaredBy(given);
  return renderUnit(unit, { network: mark, certificates: "" }, environmentPath);
}

function faultOf(given: Record<string, unknown>): string {
  try {
    declaredBy(given);
  } catch (error) {
    if (error instanceof ModuleError && error.code === "invalid_arguments") return error.message;
    throw error;
  }
  return "";
}

describe("flannel_unit declare", () => {
  it("keeps secrets out of unit and arguments, and in the environment file", () => {
    const options = {
      settings: {
        "etcd-password": 'p"w$`\\ %',
        "etcd-username": "u",
        "kube-api-url": "https://t:s@k",
      },
      secret_settings: ["kube-api-url", "ACCESS_KEY_SECRET"],
      environment: { FLANNELD_ETCD_USERNAME: "x", GODEBUG: "a=1", ACCESS_KEY_SECRET: "sk" },
    };
    const declared = declaredBy(options);
    const text = unitOf(options);
    expect(text).to.contain("EnvironmentFile=/etc/flannel/flanneld.env\n");
    expect(text).to.contain("Environment=GODEBUG=a=1\n");
    expect(text)
      .not.to.contain('p"w')
      .and.not.to.contain("kube-api-url")
      .and.not.to.contain("ACCESS");
    expect(declared.argv).to.deep.equal(["/usr/local/sbin/flanneld", "-etcd-username=u"]);
    expect(renderEnvironmentFile(declared.variables.secret, declared.mark)).to.equal(
      "# Written by Ansible (flannel_unit): secrets of flanneld.\n" +
        'ACCESS_KEY_SECRET="sk"\n' +
        'FLANNELD_ETCD_PASSWORD="p\\"w\\$\\`\\\\ %"\nFLANNELD_KUBE_API_URL="https://t:s@k"\n',
    );
  });

  it("takes single options for more than the same in network_config", () => {
    const config = { Network: "10.1.0.0/16", SubnetLen: 26, Backend: { Type: "udp" } };
    const { network, mark, ready } = declaredBy({
      network_config: config,
      network: "10.2.0.0/16",
      backend: { Type: "vxlan", VNI: 7 },
    });
    expect(network.networks).to.deep.equal({ network: "10.2.0.0/16" });
    expect(mark?.open).to.equal(
      "Backend.Type=vxlan Backend.VNI=7 Network=10.2.0.0/16 SubnetLen=26",
    );
    expect(ready.devices).to.deep.equal(["flannel.7"]);
    expect(declaredBy({}).mark).to.equal(undefined);
  });

  it("takes an empty network for one that is not given", () => {
    const given = { network: "", ipv6_network: "", network_config: { Network: null } };
    expect(declaredBy({ ...given, state: "absent" }).network.networks).to.deep.equal({});
    const config = { Network: "10.1.0.0/16" };
    const { network } = declaredBy({ ...given, network_config: config });
    expect(network.networks).to.deep.equal({ network: "10.1.0.0/16" });
  });

  it("restarts for every file that a flag of the side in use names, each once", () => {
    const etcd = { "etcd-cafile": "/ca.pem", "kubeconfig-file": "/kubeconfig" };
    const restart_on = ["/ca.pem", "/more.pem"];
    const options = { settings: etcd, restart_on };
    expect(declaredBy(options).restartOn).to.deep.equal(["/ca.pem", "/more.pem"]);
    const kube = { ...options, settings_user: { "kube-subnet-mgr": true } };
    expect(declaredBy(kube).restartOn).to.deep.equal(["/kubeconfig", "/ca.pem", "/more.pem"]);
  });

  const urls: [Record<string, unknown>, string | undefined][] = [
    [{}, undefined],
    [{ "healthz-port": 0 }, undefined],
    [{ "healthz-port": 8080 }, "http://127.0.0.1:8080/healthz"],
    [{ "healthz-port": 1, "healthz-ip": "0.0.0.0" }, "http://127.0.0.1:1/healthz"],
    [{ "healthz-port": 1, "healthz-ip": "::" }, "http://[::1]:1/healthz"],
    [{ "healthz-port": 1, "healthz-ip": "10.0.0.1" }, "http://10.0.0.1:1/healthz"],
    [{ "healthz-port": 1, "healthz-ip": "localhost" }, "http://localhost:1/healthz"],
  ];
  for (const [settings, expected] of urls) {
    it(`asks healthz of ${JSON.stringify(settings)} at ${expected ?? "no address"}`, () => {
      expect(declaredBy({ settings }).ready.healthUrl).to.equal(expected);
    });
  }

  it("asks readyz of releases that have it", () => {
    const askedBy = (flannel_version: string) =>
      declaredBy({ flannel_version, settings: { "healthz-port": 1 } }).ready.healthUrl;
    expect(askedBy("v0.28.8")).to.equal("http://127.0.0.1:1/healthz");
    expect(askedBy("v0.28.9")).to.equal("http://127.0.0.1:1/readyz");
  });

  const faults: [Record<string, unknown>, string][] = [
    [{ name: "a/b" }, "is not a unit name"],
    [{ binary: "flanneld" }, "is not an absolute path"],
    [{ network: "10.0.0.0" }, "expected an IPv4 CIDR"],
    [{ ipv6_network: "10.0.0.0/8" }, "expected an IPv6 CIDR"],
    [{ flannel_version: "latest" }, "flannel_version"],
    [{ exec_start_pre: "/bin/true\nUser=evil" }, "newline"],
    [{ exec_start_pre: "/bin/true \\" }, "backslash"],
    [{ exec_start_pre: { a: 1 } }, "command lines as text"],
    [{ restart_sec: "5\nUser=x" }, "newline"],
    [{ options_dir: "/etc\nExecStartPre=/x", settings: { "etcd-password": "a" } }, "options_dir: "],
    [
      { options_dir: "/etc\nExecStartPre=/x", network_config: { Backend: { PSK: "a" } } },
      "options_dir: ",
    ],
    [{ environment: { "A B": "1" } }, "not a name"],
    [{ environment: { A: "x\ny" } }, "newline"],
    [{ environment: { A: {} } }, "expected text"],
    [{ extra_directives: { Sevice: { A: 1 } } }, "Unit, Service or Install"],
    [{ extra_directives: { Service: { "A=B": 1 } } }, "name of a directive"],
    [{ extra_directives: { Service: { A: "x\ny" } } }, "newline"],
    [{ secret_settings: ["no-such-flag"] }, "no-such-flag"],
    [
      { secret_settings: ["ACCES_KEY"], environment: { ACCESS_KEY: "x" } },
      'nor a variable in environment, did you mean "ACCESS_KEY"?',
    ],
    [
      { settings: { "etcd-password": "a" }, environment: { FLANNELD_ETCD_PASSWORD: "b" } },
      "given again",
    ],
    [{ settings: { iface: ["a", "b"] }, secret_settings: ["iface"] }, "one value only"],
  ];
  for (const [given, expected] of faults) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      expect(faultOf(given)).to.contain(expected);
    });
  }
});
