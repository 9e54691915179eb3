// Texts that may stand at flannel's key in etcd, with a liking for what readers of JSON disagree about.

import fc from "fast-check";

type Text = fc.Arbitrary<string>;

/** Every spelling of a number that somebody's template has made. */
const number: Text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("24", "26", "30", "0", "64", "1", "124") },
  { weight: 2, arbitrary: fc.integer({ min: -2, max: 130 }).map(String) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...["24.0", "2.4e1", "24E0", "-0", "-1", "0.0", "1e400", "-1e400", "1e-400", "6.4E+1"],
      ...["9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808"],
      ...["18446744073709551615", "18446744073709551616", "4294967296"],
    ),
  },
);

const odd: Text = fc.oneof(
  fc.constantFrom(
    "null",
    "null",
    "true",
    "false",
    '""',
    '"24"',
    "{}",
    "[]",
    "[null]",
    '{"a":[1e400]}',
  ),
  number,
);

const ipv4Network: Text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("10.200.0.0/16", "10.0.0.0/8", "10.200.0.0/24") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...["10.200.3.4/16", "10.200.0.0/28", "10.200.0.0/29", "10.200.0.0/31", "10.200.0.0/32"],
      ...["0.0.0.0/0", "0.0.0.0/1", "255.255.0.0/16", "10.200.0.0/016", "10.200.0.0/0000016"],
      ...["010.200.0.0/16", "10.200.0/16", "10.200.0.0/33", "10.200.0.0", " 10.200.0.0/16", ""],
      ...["::ffff:10.200.0.0/112", "::ffff:10.200.0.0/16", "::ffff:a00:0/104", "fd00::/48"],
      ...["10.200.0.0/16/16", "10.200.0.0/+16", "10.200.0.0/1e1", "1.2.3.4.5/8", "10.200.0.0/"],
    ),
  },
);

const ipv6Network: Text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("fd00:200::/48", "FD00::/56", "fd00:0:0:1::/64") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...["fd00::/124", "fd00::/125", "fd00::1/48", "::/0", "::/1", "fd00::/048", "fd00::/129"],
      ...["::ffff:1.2.3.4/120", "::ffff:0:0/96", "10.200.0.0/16", "1.2.3.0/24", "0.0.0.0/0"],
      ...[
        "fd00::%eth0/48",
        "fd00:::/48",
        "fd00::1.2.3.4/48",
        "1:2:3:4:5:6:7::/112",
        "::1.2.3.4/120",
      ],
      ...["fd00:00000::/48", "12345::/48", "::fd00::/48", "ffff:ffff::/32", "fd00::01.2.3.4/64"],
    ),
  },
);

const ipv4Address: Text = fc.constantFrom(
  ...["10.200.1.0", "10.200.9.0", "10.200.255.0", "10.200.0.0", "10.200.1.64", "10.200.1.1"],
  ...["0.0.0.0", "10.201.0.0", "::ffff:10.200.9.0", "fd00::", "::", "10.200.01.0", "10.200.9", ""],
);

const ipv6Address: Text = fc.constantFrom(
  ...["fd00:200:0:9::", "fd00:200:0:1::", "fd00::9:0:0:0:0", "fd00:200::1", "::", "::0.0.0.0"],
  ...["10.200.9.0", "::ffff:10.200.9.0", "fd00:200:0:9::%eth0", "0.0.0.0", "fd00:0:0:1::10", ""],
);

/** JSON of a text, of which some characters are escaped in one way or another. */
function quoted(text: Text): Text {
  const escape = fc.constantFrom<(character: string) => string>(
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    (character) => (character === "/" ? "\\/" : character),
  );
  const where = fc.option(fc.tuple(fc.nat(20), escape), { freq: 9 });
  return fc.tuple(text, where).map(([given, spice]) => {
    const index = spice === null ? -1 : spice[0] % (given.length + 1);
    const characters = given
      .split("")
      .map((one, at) => (spice !== null && (at === index || one === "/") ? spice[1](one) : one));
    return `"${characters.join("")}"`;
  });
}

const word: Text = fc.constantFrom(
  ...['""', '"x"', '"aes128"', '"\\ud800"', '"\\u0000"', '"\u2028"', '"\u00e9\\n"', '"\\"}"'],
  ...['"auto"', '"separate"', '"rtb-1"', `"${"p".repeat(96)}"`, `"${"p".repeat(95)}"`],
);

const boolean: Text = fc.constantFrom("true", "false", "true", "null", "1", '"true"');

const TOP: Readonly<Record<string, Text>> = {
  EnableIPv4: boolean,
  EnableIPv6: boolean,
  EnableNFTables: boolean,
  Network: quoted(ipv4Network),
  SubnetLen: number,
  SubnetMin: quoted(ipv4Address),
  SubnetMax: quoted(ipv4Address),
  IPv6Network: quoted(ipv6Network),
  IPv6SubnetLen: number,
  IPv6SubnetMin: quoted(ipv6Address),
  IPv6SubnetMax: quoted(ipv6Address),
  Networks: fc.constantFrom("[]", "null", '["10.0.0.0/8"]', '"x"', "[null]", '["fd00::/48"]', "{}"),
  IPv6Networks: fc.constantFrom("[]", '["fd00::/48"]', '["10.0.0.0\\/8"]', "7", '["10.0.0.0/8"]'),
  BackendType: word,
};

const OPTIONS: Readonly<Record<string, Text>> = {
  VNI: number,
  Port: number,
  MTU: number,
  GBP: boolean,
  Learning: boolean,
  DirectRouting: boolean,
  PSK: word,
  UDPEncap: boolean,
  ESPProposal: word,
  ListenPort: number,
  ListenPortV6: number,
  PersistentKeepaliveInterval: number,
  Mode: word,
  PreStartupCommand: word,
  SubnetAddCommand: word,
  AccessKeyID: word,
  RouteTableID: fc.constantFrom('"rtb-1"', '["rtb-1"]', "[1e400]", "null", "7", '{"a":-1e999}'),
};

const TYPES = [
  ...["vxlan", "vxlan", "VXLAN", "host-gw", "udp", "ipip", "ipsec", "wireguard", "alloc"],
  ...[
    "extension",
    "tencent-vpc",
    "ali-vpc",
    "aws-vpc",
    "gce",
    "\u0130pip",
    "vxlan ",
    "",
    "\\u0075dp",
  ],
];

/** A key as it is, or in one of the spellings that Go takes for it, or nearly so. */
function spelled(name: string): Text {
  const others = [
    name.toLowerCase(),
    name.toUpperCase(),
    name.replace("S", "\u017f"),
    name.replace(/k/i, "\u212a"),
    name.replace(/^./, (first) => `\\u00${first.charCodeAt(0).toString(16)}`),
    `${name} `,
  ];
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(name) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );
}

/** One member, mostly with a value of its kind. */
function member(kinds: Readonly<Record<string, Text>>, names: readonly string[]): Text {
  return fc.constantFrom(...names).chain((name) => {
    const own = kinds[name] ?? odd;
    const value = fc.oneof({ weight: 7, arbitrary: own }, { weight: 1, arbitrary: odd });
    return fc.tuple(spelled(name), value).map(([key, text]) => `"${key}":${text}`);
  });
}

const space: Text = fc.constantFrom("", "", "", " ", "\n  ", "\t", "\r\n");

/** An object of these members in any order, some of them twice. */
function object(first: fc.Arbitrary<readonly string[]>, more: Text, most: number): Text {
  return fc
    .tuple(first, fc.array(more, { maxLength: most }), space)
    .chain(([given, others, blank]) =>
      fc
        .shuffledSubarray([...given, ...others], { minLength: given.length + others.length })
        .map((members) => `{${blank}${members.join(`,${blank}`)}${blank}}`),
    );
}

const optionNames = [...Object.keys(OPTIONS), "Type", "colour"];

const backend: Text = fc.oneof(
  {
    weight: 12,
    arbitrary: object(
      fc.constantFrom(...TYPES).map((type) => [`"Type":"${type}"`]),
      member({ ...OPTIONS, Type: fc.constantFrom("null", '"vxlan"', "7") }, optionNames),
      4,
    ),
  },
  { weight: 1, arbitrary: odd },
);

const TOP_NAMES = [...Object.keys(TOP), "Backend", "colour", ""];

/** Members that together are mostly a configuration. */
const base: fc.Arbitrary<readonly string[]> = fc
  .tuple(
    fc.constantFrom("10.200.0.0/16", "10.200.0.0/16", "10.200.0.0/20"),
    backend,
    fc.option(fc.constantFrom("fd00:200::/48", "fd00::/56"), { freq: 1 }),
  )
  .map(([network, of, ipv6]) => [
    `"Network":"${network}"`,
    ...(ipv6 === null ? [] : ['"EnableIPv6":true', `"IPv6Network":"${ipv6}"`]),
    `"Backend":${of}`,
  ]);

const document: Text = fc.oneof(
  { weight: 9, arbitrary: object(base, member({ ...TOP, Backend: backend }, TOP_NAMES), 4) },
  {
    weight: 2,
    arbitrary: object(fc.constant([]), member({ ...TOP, Backend: backend }, TOP_NAMES), 6),
  },
  { weight: 1, arbitrary: odd },
);

/** What editors, templates and cut connections do to a text. */
const SPOILERS: readonly ((text: string) => string | Buffer)[] = [
  (text) => `${text} x`,
  (text) => `${text}{}`,
  (text) => `\ufeff${text}`,
  (text) => text.replace(/\}$/, ",}"),
  (text) => text.slice(0, Math.floor(text.length / 2)),
  (text) => text.replace("{", "{ // all pods\n"),
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace(":", ":\u00a0"),
  (text) => text.replace(/"([^"]*)"/, '"$1\n"'),
  (text) => text.replace(/"x"/, '"\u007f"'),
  (text) => text.replace("{", `{"deep":${"[".repeat(9_999)}${"]".repeat(9_999)},`),
  (text) => text.replace("{", `{"deep":${"[".repeat(10_000)}${"]".repeat(10_000)},`),
  (text) => JSON.stringify(text),
  (text) => ` \n${text}\n`,
  (text) => Buffer.from(text.replace(/"(?=[,}])/, '\u00ff"'), "latin1"),
  (text) => Buffer.from(`${text}\u0080`, "latin1"),
];

/** The bytes of a value at flannel's key. */
export const networkText: fc.Arbitrary<Buffer> = fc
  .tuple(document, fc.option(fc.constantFrom(...SPOILERS), { freq: 1, nil: undefined }), fc.nat(9))
  .map(([text, spoil, luck]) => Buffer.from(luck > 1 ? text : (spoil?.(text) ?? text)));
