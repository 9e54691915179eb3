// A certificate authority for tests, made by openssl.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { WrongClock } from "./wrong-clock";

const DAY = 86_400;

export interface CertificateOptions {
  /** Empty: no CommonName. */
  readonly commonName?: string;
  readonly usage?: string;
  readonly names?: string;
  /** May be negative: a certificate that has expired. */
  readonly days?: number;
  /** From now on, in place of days. */
  readonly seconds?: number;
  readonly algorithm?: "ec" | "ed25519" | "rsa";
}

/** One CA and the certificates it signed, in a folder of their own until `remove`. */
export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), "certificates-test-"));

  /** A root, or an intermediate CA that `parent` has signed. */
  constructor(name = "test CA", parent?: Certificates) {
    this.#newKey("ca");
    if (parent !== undefined) {
      this.#signBy(parent, name);
      return;
    }
    this.#openssl(
      "req",
      "-x509",
      "-new",
      "-key",
      "ca.key",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-out",
      "ca.pem",
    );
  }

  get ca(): string {
    return join(this.folder, "ca.pem");
  }

  certificate(name: string): string {
    return join(this.folder, `${name}.pem`);
  }

  key(name: string): string {
    return join(this.folder, `${name}.key`);
  }

  /** What Node.js needs to be this client. */
  material(name: string): { ca: Buffer; cert: Buffer; key: Buffer } {
    return {
      ca: readFileSync(this.ca),
      cert: readFileSync(this.certificate(name)),
      key: readFileSync(this.key(name)),
    };
  }

  /** Signs a certificate `<name>.pem`, for both usages and loopback unless told otherwise. */
  issue(name: string, options: CertificateOptions = {}): void {
    const { commonName = name, usage = "serverAuth,clientAuth", days = 2 } = options;
    const names = options.names ?? "IP:127.0.0.1,DNS:localhost";
    this.#newKey(name, options.algorithm);
    const subject = commonName === "" ? "/O=test" : `/O=test/CN=${commonName}`;
    this.#openssl("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", `${name}.csr`);
    writeFileSync(
      join(this.folder, `${name}.ext`),
      `subjectAltName=${names}\nextendedKeyUsage=${usage}\n`,
    );
    const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", String(days)];
    const out = ["-extfile", `${name}.ext`, "-out", `${name}.pem`];
    const command = ["x509", "-req", "-in", `${name}.csr`, ...signing, ...out];
    if (options.seconds === undefined) this.#openssl(...command);
    else this.#opensslAt(options.seconds - days * DAY, command);
  }

  #signBy(parent: Certificates, name: string): void {
    this.#openssl("req", "-new", "-key", "ca.key", "-subj", `/CN=${name}`, "-out", "ca.csr");
    writeFileSync(join(this.folder, "ca.ext"), "basicConstraints=critical,CA:true\n");
    const signing = ["-CA", parent.ca, "-CAkey", parent.key("ca"), "-set_serial", "7"];
    this.#openssl(
      "x509",
      "-req",
      "-in",
      "ca.csr",
      ...signing,
      ...["-days", "2", "-extfile", "ca.ext", "-out", "ca.pem"],
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #newKey(name: string, algorithm = "ec"): void {
    const out = ["-out", `${name}.key`];
    if (algorithm === "ec") {
      this.#openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", ...out);
    } else this.#openssl("genpkey", "-algorithm", algorithm, ...out);
  }

  /** openssl knows only whole days, so it does it some days ago. */
  #opensslAt(offsetSeconds: number, args: readonly string[]): void {
    const clock = new WrongClock(offsetSeconds);
    const env = { ...process.env, ...clock.env };
    execFileSync("openssl", args, { cwd: this.folder, stdio: "ignore", env });
    clock.remove();
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { cwd: this.folder, stdio: "ignore" });
  }
}
