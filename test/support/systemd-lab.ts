// A lab of its own for one test file: systemd hosts with the shipped module, an etcd that answers
// both APIs over TLS, and the real flanneld.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { buildModule } from "./build-module";
import { Lab } from "./lab";
import { parseLine } from "./run-module";

const CACHE = join(
  process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"] ?? ""}/.cache`,
  "ansible-role-flanneld",
);

/** The two generations of flannel the tests run: etcd's v3 API and its v2 API. */
export const NEW_FLANNEL = "v0.28.9";
export const OLD_FLANNEL = "v0.15.1";

/** Both, each with the options that make a daemon of it. */
export const GENERATIONS: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  [NEW_FLANNEL, {}],
  [OLD_FLANNEL, { flannel_version: OLD_FLANNEL, binary: `/opt/flanneld-${OLD_FLANNEL}` }],
];

export const PREFIX = "/test/network";
export const NETWORK = "10.200.0.0/16";
const CERTS = "/var/lib/kubernetes";

export type Result = Readonly<Record<string, unknown>> & {
  readonly changed: boolean;
  readonly changes: readonly string[];
  readonly restart_reasons: readonly string[];
  readonly msg: string;
};

interface ExecOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Hosts `worker-1`, `worker-2` and `etcd-1`. */
export class SystemdLab {
  private readonly lab: Lab;

  private constructor(suite: string) {
    this.lab = new Lab(`unit-${suite}-${process.pid}`, {
      LAB_WORKERS: "2",
      LAB_ETCD: "1",
      LAB_FLANNEL_VERSIONS: `${NEW_FLANNEL} ${OLD_FLANNEL}`,
    });
  }

  /** The lab of the suite that is being described: started before its tests, removed after them. */
  static forSuite(suite: string): SystemdLab {
    const started = new SystemdLab(suite);
    before(async () => {
      await started.lab.up();
      await started.prepare();
    });
    after(async () => {
      await started.lab.down();
    });
    return started;
  }

  private get etcdUrl(): string {
    return `https://${this.lab.addressOf("etcd-1")}:2379`;
  }

  /** Runs a shell command on a host; throws when it fails. */
  async sh(host: string, command: string, options: ExecOptions = {}): Promise<string> {
    return await this.exec(host, ["bash", "-ec", command], options);
  }

  /** Runs the shipped module on a host, with the declared daemon's options completed. */
  async run(args: Readonly<Record<string, unknown>> = {}, host = "worker-1"): Promise<Result> {
    const input = JSON.stringify({ ANSIBLE_MODULE_ARGS: args });
    const { stdout } = await this.podman(
      ["exec", "-i", this.container(host), "/root/flannel_unit.cjs"],
      {
        input,
        reject: false,
      },
    );
    return parseLine(stdout) as Result;
  }

  /** Options of a daemon that works here, changed by `overrides` (settings are merged). */
  daemon(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const { settings, ...rest } = overrides;
    return {
      flannel_version: NEW_FLANNEL,
      settings: {
        "etcd-endpoints": this.etcdUrl,
        "etcd-prefix": PREFIX,
        "etcd-cafile": `${CERTS}/ca-etcd.pem`,
        "etcd-certfile": `${CERTS}/cert-etcd.pem`,
        "etcd-keyfile": `${CERTS}/cert-etcd-key.pem`,
        iface: "lab-eth0",
        "ip-masq": true,
        ...(settings as Record<string, unknown> | undefined),
      },
      exec_start_pre: "/bin/mkdir -p /run/flannel",
      restart_on: [`${CERTS}/ca-etcd.pem`],
      network: NETWORK,
      backend: { Type: "vxlan" },
      restart_sec: "1",
      settle_time: 0,
      wait_timeout: 30,
      ...rest,
    };
  }

  /** Writes the network configuration to both stores of etcd. */
  async writeNetworkConfig(config: unknown, prefix = PREFIX): Promise<void> {
    const value = JSON.stringify(config);
    const flags = `--endpoints ${this.etcdUrl} `;
    const v3 = `${flags} --cacert ca-etcd.pem --cert cert-etcd.pem --key cert-etcd-key.pem`;
    const v2 = `${flags} --ca-file ca-etcd.pem --cert-file cert-etcd.pem --key-file cert-etcd-key.pem`;
    await this.sh(
      "etcd-1",
      `cd ${CERTS}; ETCDCTL_API=3 etcdctl ${v3} put ${prefix}/config '${value}' >/dev/null
       ETCDCTL_API=2 etcdctl ${v2} set ${prefix}/config '${value}' >/dev/null`,
    );
  }

  async startEtcd(): Promise<void> {
    const tls = `--cert-file ${CERTS}/cert-etcd.pem --key-file ${CERTS}/cert-etcd-key.pem --trusted-ca-file ${CERTS}/ca-etcd.pem --client-cert-auth`;
    await this.sh(
      "etcd-1",
      `systemd-run --quiet --unit test-etcd --property=Type=notify etcd --enable-v2 --data-dir /var/lib/test-etcd \
        --listen-client-urls https://0.0.0.0:2379 --advertise-client-urls ${this.etcdUrl} ${tls}`,
    );
  }

  async stopEtcd(): Promise<void> {
    await this.sh("etcd-1", "systemctl stop test-etcd");
  }

  /** Copies a file of the machine to a host. */
  async copy(from: string, host: string, to: string): Promise<void> {
    await this.podman(["cp", from, `${this.container(host)}:${to}`]);
  }

  private async prepare(): Promise<void> {
    const library = buildModule("flannel_unit");
    for (const host of ["worker-1", "worker-2", "etcd-1"]) {
      await this.sh(host, `mkdir -p ${CERTS}`);
      for (const file of ["ca-etcd.pem", "cert-etcd.pem", "cert-etcd-key.pem"]) {
        await this.copy(join(this.lab.directory, "certs", file), host, `${CERTS}/${file}`);
      }
    }
    for (const host of ["worker-1", "worker-2"]) {
      await this.copy(join(library, "flannel_unit.cjs"), host, "/root/flannel_unit.cjs");
      for (const version of [NEW_FLANNEL, OLD_FLANNEL]) {
        const binary = join(CACHE, "releases", version, "flanneld-amd64");
        await this.copy(binary, host, `/opt/flanneld-${version}`);
      }
      await this.sh(host, `install -m 0750 /opt/flanneld-${NEW_FLANNEL} /usr/local/sbin/flanneld`);
    }
    rmSync(library, { recursive: true });
    await this.startEtcd();
    await this.writeNetworkConfig({ Network: NETWORK, Backend: { Type: "vxlan" } });
  }

  private container(host: string): string {
    return `${this.lab.name}-${host}`;
  }

  private async exec(
    host: string,
    command: readonly string[],
    options: ExecOptions,
  ): Promise<string> {
    const env = Object.entries(options.env ?? {}).flatMap(([key, value]) => [
      "-e",
      `${key}=${value}`,
    ]);
    const interactive = options.input === undefined ? [] : ["-i"];
    const { stdout } = await this.podman(
      ["exec", ...interactive, ...env, this.container(host), ...command],
      options.input === undefined ? {} : { input: options.input },
    );
    return stdout;
  }

  private async podman(
    args: readonly string[],
    options: Readonly<{ input?: string; reject?: boolean }> = {},
  ) {
    return await execa("podman", args, {
      stripFinalNewline: false,
      ...options,
      env: { CONTAINERS_CONF: join(this.lab.directory, "containers.conf") },
    });
  }
}
