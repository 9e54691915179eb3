// Who may do what in an etcd with authentication on, on every way to it; and no password is shown.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { type Json, VXLAN_CONFIG, resultOf } from "../../support/etcd-config";

const V3 = { flannel_version: "v0.28.9", config: VXLAN_CONFIG };
const WAYS = [
  ["v2", { flannel_version: "v0.17.0", config: VXLAN_CONFIG }],
  ["v3 gateway", { ...V3, transport: "gateway" }],
  ["v3 etcdctl", { ...V3, transport: "etcdctl" }],
] as const;

/** What passwords are made of, and what may be taken for something else on the way. */
const PASSWORDS = [
  "with:colon",
  'with"quote',
  "with\\back",
  "with blank",
  "wïth-é",
  "with$HOME%41",
];

const PASSWORD = "s3cret-s3cret";

interface User {
  readonly name: string;
  readonly username?: string;
  readonly password?: string;
  /** The error's code for v3, and for v2, which says less; undefined: it works. */
  readonly refused?: readonly [v3: string, v2: string];
}

const USERS: readonly User[] = [
  { name: "nobody", refused: ["auth", "auth"] },
  {
    name: "a wrong password",
    username: "writer",
    password: "wr0ng-wr0ng",
    refused: ["auth", "permission"],
  },
  {
    name: "an unknown user",
    username: "stranger",
    password: PASSWORD,
    refused: ["auth", "permission"],
  },
  {
    name: "a user without a role",
    username: "bare",
    password: PASSWORD,
    refused: ["permission", "permission"],
  },
  {
    name: "a user who may read only",
    username: "reader",
    password: PASSWORD,
    refused: ["permission", "permission"],
  },
  {
    name: "a user who may do with the configuration alone",
    username: "narrow",
    password: PASSWORD,
    refused: ["permission", "permission"],
  },
  { name: "a user who may", username: "writer", password: PASSWORD },
  ...PASSWORDS.map((password, index) => ({
    name: `a password such as ${password}`,
    username: `odd${index}`,
    password,
  })),
];

describe("etcd's users", function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let open: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    // A cheap hash: each run checks a password.
    cluster = await EtcdCluster.start({ flags: ["--enable-v2", "--bcrypt-cost=4"] });
    open = await EtcdCluster.start({ flags: ["--enable-v2"] });
    prepareV3();
    prepareV2();
  });
  after(() => Promise.all([cluster.stop(), open.stop()]));

  function prepareV3(): void {
    const run = (...args: string[]): string => cluster.etcdctl(...args);
    const grant = (role: string, right: string, ...key: string[]): string =>
      run("role", "grant-permission", role, right, ...key);
    for (const role of ["writer", "reader", "narrow"]) run("role", "add", role);
    grant("writer", "readwrite", "--prefix=true", "/users/");
    grant("reader", "read", "--prefix=true", "/users/");
    grant("narrow", "readwrite", "/users/narrow/config");
    const odd = PASSWORDS.map((password, index) => [`odd${index}`, password, "writer"] as const);
    for (const [name, password, role] of [
      ["root", "rootpw", "root"],
      ["bare", PASSWORD, undefined],
      ["writer", PASSWORD, "writer"],
      ["reader", PASSWORD, "reader"],
      ["narrow", PASSWORD, "narrow"],
      ...odd,
    ] as const) {
      run("user", "add", name, `--new-user-password=${password}`);
      if (role !== undefined) run("user", "grant-role", name, role);
    }
    run("auth", "enable");
  }

  function prepareV2(): void {
    const run = (...args: string[]): string => cluster.etcdctlWith({}, ...args);
    const asRoot = (...args: string[]): string => run("--username=root:rootpw", ...args);
    run("user", "add", "root:rootpw");
    run("auth", "enable");
    asRoot("role", "revoke", "guest", "--path=/*", "--readwrite");
    for (const [role, path, right] of [
      ["writer", "/users/*", "--readwrite"],
      ["reader", "/users/*", "--read"],
      ["narrow", "/users/narrow/config", "--readwrite"],
    ] as const) {
      asRoot("role", "add", role);
      asRoot("role", "grant", role, `--path=${path}`, right);
    }
    const odd = PASSWORDS.map((password, index) => [`odd${index}`, password, "writer"] as const);
    for (const [name, password, role] of [
      ["bare", PASSWORD, undefined],
      ["writer", PASSWORD, "writer"],
      ["reader", PASSWORD, "reader"],
      ["narrow", PASSWORD, "narrow"],
      ...odd,
    ] as const) {
      asRoot("user", "add", `${name}:${password}`);
      if (role !== undefined) asRoot("user", "grant", `--roles=${role}`, name);
    }
  }

  for (const [name, way] of WAYS) {
    for (const user of USERS) {
      it(`${name}: ${user.name}`, async () => {
        const { username, password, refused } = user;
        const prefix = username === "narrow" ? "/users/narrow" : `/users/${++prefixes}`;
        const options: Json = { ...way, username, password, prefix, endpoints: cluster.endpoints };
        const first = await resultOf(options);
        const second = await resultOf(options);
        for (const result of [first, second]) {
          if (password !== undefined) expect(JSON.stringify(result)).to.not.include(password);
        }
        if (refused === undefined) {
          expect([first["changed"], second["changed"]]).to.deep.equal([true, false]);
        } else {
          expect(second).to.include({ failed: true, changed: false });
          expect(first["error_code"]).to.equal(refused[name === "v2" ? 1 : 0]);
        }
      });
    }

    it(`${name}: a user who may read only looks`, async () => {
      const result = await resultOf({
        ...way,
        config: undefined,
        state: "query",
        username: "reader",
        password: PASSWORD,
        prefix: "/users/query",
        endpoints: cluster.endpoints,
      });
      expect(result).to.include({ changed: false, config: null }).and.not.have.property("failed");
    });

    it(`${name}: credentials do no harm where authentication is off`, async () => {
      const user = { username: "writer", password: PASSWORD };
      const result = await resultOf({
        ...way,
        ...user,
        prefix: `/users/${++prefixes}`,
        endpoints: open.endpoints,
      });
      expect(result).to.include({ changed: true });
    });
  }
});
