// Tasks for flannel_unit, in check mode only: a unit of no host, in a folder of its own.

import fc from "fast-check";

import { spec } from "../../../src/generated/flannel_unit";
import { type Case, type Part, ROOT, caseOf, optionsOf, sometimes } from "./case";
import { documentWith } from "./network-documents";
import { type Secret, anySecret, nastySecret } from "./secret";

const NAME = "flannel-props-test";
const UNIT = `${ROOT}/units/${NAME}.service`;
const ENVIRONMENT_FILE = `${ROOT}/options/${NAME}.env`;

const word = fc.constantFrom<unknown>([], "a.service,network.target", ["x.target"]);

const options = optionsOf(spec.options, {
  good: {
    state: fc.constantFrom("started", "stopped", "restarted", "absent"),
    binary: fc.constantFrom(`${ROOT}/flanneld`, "/bin/true"),
    flannel_version: fc.constantFrom("v0.28.9", "v0.10.0", "0.16.1"),
    settings: fc.constantFrom<unknown>(
      { "etcd-prefix": "/x", "ip-masq": true, "subnet-file": `${ROOT}/subnet.env` },
      { iface: ["eth0", "nosuch0"], v: 2 },
      { "etcd-endpoints": ["http://127.0.0.1:1"], "etcd-cafile": `${ROOT}/ca.pem` },
      "etcd-prefix=/x,ip-masq=true",
    ),
    secret_settings: fc.constantFrom<unknown>([], ["etcd-username"], "kube-api-url"),
    environment: fc.constantFrom<unknown>({}, { A: "b" }, { FLANNELD_V: 1, B: null }),
    exec_start_pre: fc.constantFrom<unknown>("/bin/true", ["/bin/true", "/bin/echo %n"]),
    exec_start_post: fc.constantFrom<unknown>("/bin/true", []),
    after: word,
    wants: word,
    before: word,
    wanted_by: word,
    required_by: word,
    extra_directives: fc.constantFrom<unknown>(
      { Service: { CPUWeight: 200, Environment: ["A=b", "C=d"] } },
      { Install: {} },
    ),
    restart_on: fc.constantFrom<unknown>([`${ROOT}/ca.pem`], [], `${ROOT}/ca.pem,${UNIT}`),
    network: fc.constantFrom("10.200.0.0/16", undefined),
    ipv6_network: fc.constantFrom("fd00:200::/48", undefined),
    backend: fc.constantFrom<unknown>({ Type: "vxlan", VNI: "7" }, {}),
    network_config: fc.oneof(documentWith({ text: "none", isShort: true }), fc.constant({})),
    previous_binary: fc.constant(`${ROOT}/previous`),
    timeout_start_sec: fc.constantFrom("30", "infinity"),
    restart_sec: fc.constantFrom("5", "1min"),
    limit_nofile: fc.constantFrom("40000", 40000),
    limit_nproc: fc.constantFrom("infinity", 1000),
  },
  bad: {
    state: fc.constant("gone"),
    binary: fc.constantFrom("flanneld", ""),
    flannel_version: fc.constant("newest"),
    settings: fc.constantFrom<unknown>(
      { "etcd-prefx": 1 },
      { "etcd-prefix": "a\nb" },
      "etcd-prefix",
    ),
    secret_settings: fc.constant(["nonsense"]),
    environment: fc.constantFrom<unknown>({ "1": "b" }, { A: ["b"] }),
    exec_start_pre: fc.constantFrom<unknown>([1], { a: 1 }, "a\nb"),
    after: fc.constantFrom<unknown>([""], ["x y"], { a: 1 }),
    extra_directives: fc.constantFrom<unknown>({ Service: "CPUWeight=1" }, { "[": {} }),
    network: fc.constantFrom("10.200.0.0", "fd00::/48"),
  },
  needed: [],
  forced: {
    name: fc.constantFrom(NAME, `${NAME}.service`),
    unit_dir: fc.constant(`${ROOT}/units`),
    options_dir: fc.constant(`${ROOT}/options`),
    purge: fc.constant(false),
  },
  left: [],
});
const CHECK_MODE = fc.constant(true);

const FLAGS_WITH_SECRETS = ["etcd-password", "kube-api-url", "etcd-username"] as const;

/** Settings and variables that carry the secret to the daemon. */
function declaredPlaces(secret: Secret): fc.Arbitrary<Part["options"]> {
  const { text, isShort } = secret;
  const flag = fc.constantFrom(...FLAGS_WITH_SECRETS);
  const variable = (name: string): string => `FLANNELD_${name.toUpperCase().replaceAll("-", "_")}`;
  return fc.oneof(
    flag.chain((name) =>
      fc
        .constantFrom<unknown>(
          { settings: { [name]: text } },
          { environment: { [variable(name)]: text } },
          { environment: { [variable(name)]: text, A: text } },
          ...(isShort
            ? []
            : [
                { settings: { [name]: [text] } },
                { settings: { [name]: { deep: text } } },
                { settings: `${name}=${JSON.stringify(text)}` },
                { settings: `{${name}: ${text}` },
                { environment: { [variable(name)]: [text] } },
                { environment: `${variable(name)}=${JSON.stringify(text)}` },
              ]),
        )
        .map((given) => ({ secret_settings: [...FLAGS_WITH_SECRETS], ...(given as object) })),
    ),
    fc
      .constantFrom<unknown>({ "etcd-password": text }, { "etcd-password": text, v: text })
      .map((settings) => ({ settings })),
    documentWith(secret).map((network_config) => ({ network_config })),
    documentWith(secret).map((backend) => ({ backend })),
  );
}

/** Texts of the unit and of its drop-ins that hold a secret of an earlier time. */
const olderTexts = (text: string): readonly string[] => [
  `[Service]\nExecStart=/x \\\n  -etcd-password=${text}\n`,
  `[Service]\nExecStart=/x --etcd-password=${text} -v=1\nUser=root\n`,
  `[Service]\nExecStart=/x -etcd-password ${text}\n`,
  `[Service]\nExecStart=/x "-etcd-password=${text}" \\\n  -ip-masq\n`,
  `[Service]\nExecStart=/x -etcd-password="${text}"\n`,
  `[Service]\nExecStart=/x -etcd-password \\\n  ${text}\n`,
  `[Service]\nEnvironment="FLANNELD_ETCD_PASSWORD=${text}"\n`,
  `[Service]\nEnvironment=FLANNELD_ETCD_PASSWORD=${text} A=b\n`,
  `[Service]\nEnvironment='A=b' 'FLANNELD_ETCD_PASSWORD=${text}'\n`,
];

/** Files of the host that hold the secret, which no option names. */
function hostPlaces({ text }: Secret): fc.Arbitrary<Part["files"]> {
  const line = text.replace(/[\n\\"' \t]/g, "");
  return fc.oneof(
    fc
      .tuple(
        fc.constantFrom(UNIT, `${UNIT}.d/10-own.conf`, `${UNIT}.d/50-other.conf`),
        fc.constantFrom(...olderTexts(line)),
      )
      .map(([path, content]) => ({ [path]: content })),
    fc
      .constantFrom(
        `FLANNELD_ETCD_PASSWORD="${line}"\n`,
        `FLANNELD_ETCD_PASSWORD=${line}\nOTHER='${line}'\n`,
        `export FLANNELD_ETCD_PASSWORD=${line}`,
        `# ${line}\n FLANNELD_ETCD_PASSWORD = ${line}\n`,
        `${line}\n`,
        `A="b\n${line}"\n`,
      )
      .map((content) => ({ [ENVIRONMENT_FILE]: content })),
  );
}

const hostFiles: fc.Arbitrary<Part> = fc
  .record(
    {
      [`${ROOT}/flanneld`]: fc.constant("@PROGRAM v0.28.9@"),
      [`${ROOT}/subnet.env`]: fc.constantFrom(
        "FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.31.1/24\nFLANNEL_MTU=1450\n",
        "garbage",
      ),
      [UNIT]: fc.constantFrom("[Service]\nExecStart=/x\n", "", "garbage \ufffd"),
      [ENVIRONMENT_FILE]: fc.constantFrom("A=b\n", ""),
    },
    { requiredKeys: [] },
  )
  .map((files) => ({ files }));

/** What else the task says with the same words. */
const echo: readonly ((secret: Secret) => Part["options"])[] = [
  ({ text }) => ({ state: text }),
  ({ text }) => ({ flannel_version: text }),
  ({ text }) => ({ after: [text] }),
  ({ text }) => ({ exec_start_pre: `/bin/login ${text}` }),
  ({ text }) => ({ extra_directives: { Service: { Environment: `A=${text}` } } }),
  ({ text }) => ({ setings: { "etcd-password": text } }),
];

const placed: fc.Arbitrary<Part> = anySecret.chain((secret) =>
  fc.oneof<fc.Arbitrary<Part>[]>(
    fc
      .tuple(
        declaredPlaces(secret),
        sometimes(
          2,
          fc.constantFrom(...echo).map((say) => say(secret) ?? {}),
        ),
      )
      .map(([given, more]) => ({ options: { ...given, ...more }, secrets: [secret] })),
    hostPlaces(secret).map((files = {}) => ({ files, secrets: [secret] })),
  ),
);

/** Tasks with secrets that must not be shown. */
export const secretUnits: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(hostFiles, placed, sometimes(2, placed)),
  CHECK_MODE,
);

const nasty: fc.Arbitrary<Part> = fc.tuple(nastySecret, nastySecret).map(([word1, word2]) => ({
  options: {
    settings: { "etcd-password": word1 },
    environment: { FLANNELD_ETCD_USERNAME: word2 },
    secret_settings: ["etcd-username"],
  },
}));

/** Tasks whose secrets spell words of the contract. */
export const nastyUnits: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(hostFiles, sometimes(1, nasty)),
  CHECK_MODE,
);
