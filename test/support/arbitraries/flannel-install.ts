// Tasks for flannel_install: whatever is fetched comes from a folder or from loopback.

import fc from "fast-check";

import { spec } from "../../../src/generated/flannel_install";
import { type Case, ECHO, type Part, ROOT, caseOf, optionsOf, sometimes } from "./case";
import { type Secret, anySecret, longSecret, nastySecret, spelling } from "./secret";
import { addressOf, userinfoOf } from "./urls";

const own = (id: number | undefined): string => String(id ?? 0);

const DEEDS = ["program", "garbage", "missing", "redirect/program", "echo"];
const addresses = [
  ...["program", "program", ...DEEDS].map((deed) => `http://${ECHO}/${deed}/{version}/{asset}`),
  ...[
    `file://${ROOT}/releases/{asset}`,
    `file://${ROOT}/sbin/flanneld`,
    "http://127.0.0.1:1/{asset}",
  ],
];

const options = optionsOf(spec.options, {
  good: {
    version: fc.constantFrom("v0.28.9", "0.28.9", "v0.16.1", "v0.22.3+ck1"),
    state: fc.constantFrom("present", "present", "present", "absent"),
    mode: fc.constantFrom<unknown>("0750", "0755", 488),
    src: fc.constantFrom(undefined, undefined, undefined, `${ROOT}/src`, `${ROOT}/nothing`),
    checksum: fc.constantFrom(
      ...[undefined, undefined, undefined, `sha256:${"0".repeat(64)}`],
      ...["sums/{version}/{asset}", "echo"].map((deed) => `sha256:http://${ECHO}/${deed}`),
    ),
    headers: fc.constantFrom<unknown>({ "X-Tier": "a" }, {}, { [ECHO]: { "X-Tier": "b" } }),
    mk_docker_opts: fc.constantFrom<unknown>(false, "no", undefined, true),
  },
  bad: {
    version: fc.constantFrom("latest", "28", "v1.2.3"),
    state: fc.constant("gone"),
    mode: fc.constantFrom("0644", "rwx", "u+x"),
    src: fc.constant(ROOT),
    checksum: fc.constantFrom("md5:0", "sha256:", "sha256:0"),
    arch: fc.constantFrom("sparc", "arm64"),
    ca_file: fc.constantFrom(`${ROOT}/ca.pem`, "/dev/null"),
  },
  // Never the Internet, never long.
  needed: ["version"],
  forced: {
    bin_dir: fc.constantFrom(`${ROOT}/sbin`, `${ROOT}/new/sbin`),
    url: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<unknown>(...addresses) },
      {
        weight: 3,
        arbitrary: fc.array(fc.constantFrom(...addresses), { minLength: 1, maxLength: 3 }),
      },
      fc.constantFrom(
        "ftp://127.0.0.1/x",
        "http://",
        "releases/{asset}",
        "http://127.0.0.1:1/{it}",
      ),
    ),
    retries: fc.constantFrom<unknown>(0, "0"),
    timeout: fc.constantFrom<unknown>(2, "2"),
    owner: fc.constantFrom(own(process.getuid?.()), own(process.getuid?.()), "nobody-such"),
    group: fc.constant(own(process.getgid?.())),
  },
  left: ["arch", "ca_file"],
});

const hostFiles: fc.Arbitrary<Part> = fc
  .record(
    {
      [`${ROOT}/sbin/flanneld`]: fc.constantFrom(
        "@PROGRAM v0.28.9@",
        "@PROGRAM v0.16.1@",
        "#!/bin/sh\n",
      ),
      [`${ROOT}/sbin/.flanneld.previous-v0.10.0`]: fc.constant("@PROGRAM v0.10.0@"),
      [`${ROOT}/sbin/.flanneld.new-999999`]: fc.constant("left behind"),
      [`${ROOT}/sbin/.flanneld.origin.json`]: fc.constantFrom("{}", "garbage", '{"sha256": 1}'),
      [`${ROOT}/src`]: fc.constantFrom("@PROGRAM v0.28.9@", "no program"),
      [`${ROOT}/releases/flanneld-amd64`]: fc.constantFrom("@PROGRAM v0.28.9@", "cut"),
    },
    { requiredKeys: [] },
  )
  .map((files) => ({ files }));

const PROXIES = [
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
];

function headerDicts({ text, isShort }: Secret): readonly Readonly<Record<string, unknown>>[] {
  const whole = [{ [ECHO]: { "X-Token": text, "X-Tier": "a" } }, { "X-Token": text }];
  if (isShort) return whole;
  return [
    ...whole,
    { Authorization: `Bearer ${text}` },
    { "X-List": [text] },
    { "X-A": "b", "X-Token": { deep: text } },
  ];
}

/** Places for secrets. */
const places: readonly ((secret: Secret) => fc.Arbitrary<Part>)[] = [
  (secret) =>
    spelling(fc.constantFrom(...headerDicts(secret)), secret.isShort).map((headers) => ({
      options: { headers },
    })),
  (secret) =>
    fc
      .constantFrom(...DEEDS, "nowhere")
      .chain((deed) => addressOf("http://", `${ECHO}/${deed}/{version}/{asset}`, secret))
      .chain((url) => fc.constantFrom<unknown>(url, [url], [url, `http://${ECHO}/program/x`]))
      .map((url) => ({ options: { url } })),
  (secret) =>
    fc
      .tuple(
        fc.constantFrom("sha256:", "SHA256:", "sha512:", "", "sha256: "),
        fc
          .constantFrom("sums/{version}/{asset}", "echo", "missing")
          .chain((deed) => addressOf("http://", `${ECHO}/${deed}`, secret)),
      )
      .map(([prefix, url]) => ({ options: { checksum: `${prefix}${url}` } })),
  (secret) =>
    fc
      .tuple(
        fc.constantFrom(...PROXIES),
        fc.constantFrom("http://", "https://", "socks5://", ""),
        userinfoOf(secret),
        fc.constantFrom(ECHO, "127.0.0.1:1", "not a host"),
      )
      .filter(([, , userinfo]) => !userinfo.includes("\0"))
      .map(([name, scheme, userinfo, host]) => ({
        environment: { [name]: `${scheme}${userinfo}${host}` },
      })),
];

/** What else the task says with the same words. */
const echo: readonly ((secret: Secret) => Part["options"])[] = [
  ({ text }) => ({ mode: text }),
  ({ text }) => ({ owner: text }),
  ({ text }) => ({ version: text }),
  ({ text }) => ({ src: `${ROOT}/${text.replaceAll("/", "")}` }),
  ({ text }) => ({ state: text, keep: text }),
  ({ text }) => ({ haeders: { Authorization: text } }),
];

const placed: fc.Arbitrary<Part> = anySecret.chain((secret) =>
  fc
    .tuple(
      fc.constantFrom(...places).chain((place) => place(secret)),
      sometimes(
        2,
        fc.constantFrom(...echo).map((say) => say(secret) ?? {}),
      ),
    )
    .map(([part, more]) => ({ ...part, options: { ...part.options, ...more }, secrets: [secret] })),
);

/** Tasks with secrets that must not be shown. */
export const secretInstalls: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(hostFiles, placed, sometimes(3, placed)),
);

const nasty: fc.Arbitrary<Part> = fc
  .tuple(nastySecret, nastySecret, longSecret)
  .map(([word, other, { text }]) => ({
    options: { headers: { "X-Tier": word, [other]: text } },
    environment: { https_proxy: `http://u:${encodeURIComponent(word)}@127.0.0.1:1` },
  }));

/** Tasks whose secrets spell words of the contract. */
export const nastyInstalls: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(hostFiles, sometimes(1, nasty)),
);
