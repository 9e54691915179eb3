// Faults in what is known about flannel, etcd, the host and addresses.

import { type Mutant, mutantsOf } from "./mutant";

const FLANNEL = [
  ...mutantsOf("src/flannel/config-difference.ts", [
    ["a list is never the same one", "JSON.stringify(one) === JSON.stringify(other)", "false"],
  ]),
  ...mutantsOf("src/flannel/lease-fate.ts", [
    [
      "IPv6 switched off keeps the subnet",
      'return "IPv6 is switched off, and flannel gives up the IPv4 subnet with it";',
      "return undefined;",
    ],
    [
      "nobody crashes with IPv6",
      "if (ipv6 && withoutIpv6.size > (hasOwn ? 1 : 0)) return CRASHES;",
      "",
    ],
    ["a daemon without IPv4 finds a subnet", "return SEARCHES;", "return KEEPS;"],
    [
      "all find room that one finds",
      'fate.subnet === "other" && left-- <= 0n',
      'fate.subnet === "other" && left <= 0n',
    ],
    [
      "every lease of a host is used",
      "return !seen.has(address) && seen.add(address).size > 0;",
      "return true;",
    ],
  ]),
  ...mutantsOf("src/flannel/limits.ts", [
    [
      "IPv6 is expected of etcd's manager too early",
      'before: "0.17.0",\n    level: "harmful",\n    says: "EnableIPv6: flannel {release} does not lease IPv6 subnets from etcd and',
      'before: "0.16.3",\n    level: "harmful",\n    says: "EnableIPv6: flannel {release} does not lease IPv6 subnets from etcd and',
    ],
    ["a value at the limit does not work", "value < below", "value <= below"],
    [
      "Kubernetes is taken for etcd",
      "if (manager !== undefined && manager !== used) return false;",
      "",
    ],
  ]),
  ...mutantsOf("src/flannel/disruption.ts", [
    [
      "the old text counts more than the lease",
      "lease.backendType ?? (before === undefined ? undefined : typeOf(before))",
      "before === undefined ? lease.backendType : typeOf(before)",
    ],
    ["a lease that nobody uses is damage", 'fate.subnet !== "unused" && ', ""],
  ]),
  ...mutantsOf("src/flannel/subnet-supply.ts", [
    [
      "a smaller block leaves its subnet free",
      "(end - min + size - 1n) / size",
      "(end - min) / size",
    ],
  ]),
  ...mutantsOf(
    "src/flannel/subnet-range.ts",
    [["a range of one subnet is refused", "if (min > max) {", "if (min >= max) {"]],
    ["test/unit/flannel/network-config.test.ts"],
  ),
  ...mutantsOf("src/flannel/go-value.ts", [
    ["-0 is a prefix length", "raw, /^\\d+$/, 0n", "raw, /^-?\\d+$/, 0n"],
    ["an escaped slash is a slash", "given.raw.slice(1, -1)", "String(given.value)"],
    ["a number too large for a float is taken", "Number.isFinite(Number(number))", "true"],
  ]),
  ...mutantsOf("src/flannel/network-keys.ts", [
    ["a null takes the value before it away", "&& keepsOnNull(known.type)", "&& false"],
    ["a bad value before a good one is taken", "if (!isHarmless) findings", "if (false) findings"],
  ]),
  ...mutantsOf(
    "src/flannel/backends.ts",
    [["the first of two spellings counts", "options[name] = value;", "options[name] ??= value;"]],
    ["test/unit/flannel/network-config.test.ts"],
  ),
  ...mutantsOf("src/flannel/devices.ts", [
    [
      "wireguard in mode separate shares one device",
      'backend.Mode !== undefined && backend.Mode !== "separate"',
      "backend.Mode !== undefined",
    ],
    ["a VNI of 0 is 1", "backend.VNI ?? 1", "backend.VNI || 1"],
  ]),
  ...mutantsOf("src/flannel/causes.ts", [
    [
      "a cause is named where another explains it",
      "!lines.some((line) => unless?.test(line))",
      "true",
    ],
    ["the first cause counts, not the last", ".at(-1) ?? found.at(-1)", ".at(0) ?? found.at(0)"],
    ["a consequence hides its cause", "isConsequence !== true", "true"],
  ]),
  ...mutantsOf("src/flannel/version.ts", [
    [
      "a release candidate counts as the release",
      "comparePrereleases(a.prerelease, b.prerelease)",
      "0",
    ],
    [
      "a distribution's suffix is no difference",
      "wanted.build === undefined || wanted.build === installed.build",
      "true",
    ],
  ]),
  ...mutantsOf("src/flannel/etcd-layout.ts", [
    ["v0.18.0 is looked for in v2", 'isAtLeast(version, "0.18.0")', 'isAtLeast(version, "0.18.1")'],
    ["a key of v3 gets a slash in front", 'api === "v2" || prefix.startsWith("/")', "true"],
  ]),
  ...mutantsOf("src/flannel/lease.ts", [
    ["0.0.0.0-0 is a subnet", "subnet.length === 0 ? undefined : subnet", "subnet"],
    [
      "the roomiest family limits the hosts",
      "value < least ? value : least",
      "value > least ? value : least",
    ],
  ]),
  ...mutantsOf("src/flannel/subnet-env.ts", [
    [
      "a subnet outside its network fits",
      "outer.some((block) => contains(block, inner))",
      "outer.length > 0",
    ],
  ]),
];

const OVERLAY = [
  ...mutantsOf("src/flannel/waves.ts", [
    ["a percentage is rounded up", "Math.max(1, Math.floor((hosts", "Math.max(1, Math.ceil((hosts"],
    [
      "v0.20 is started everywhere at once",
      '!isAtLeast(version, "0.21.0")',
      '!isAtLeast(version, "0.20.0")',
    ],
  ]),
  ...mutantsOf("src/modules/flannel_overlay/plan.ts", [
    ["an address is lent that the host has", "isLent: own === undefined", "isLent: true"],
    ["a trial from the host counts as one from a pod", "...(isPartial ? [NOT_LIKE_POD] : [])", ""],
    [
      "processes of a trial stay",
      "...(remains.processes.length > 0 ? [end(remains.processes)] : []),",
      "",
    ],
  ]),
];

const ETCD = [
  ...mutantsOf("src/etcd/failover.ts", [
    ["a read counts as lost", "if (error.sent && !repeatable) throw", "if (error.sent) throw"],
    ["a write is sent twice", "if (error.sent && !repeatable) throw", "if (false) throw"],
    ["every request begins at the first endpoint", "this.#preferred = index;", ""],
    [
      "the first endpoint gets all the time",
      "const left = this.endpoints.length - tried;",
      "const left = 1;",
    ],
  ]),
];

const HOST = [
  ...mutantsOf("src/host/systemd-quote.ts", [
    ["a dollar is a variable", '.replace(/\\$/g, "$$$$")', ""],
    ["a percent in a path is a specifier", 'return value.replace(/%/g, "%%");', "return value;"],
    ["a percent in quotes is a specifier", '"\\\\$&").replace(/%/g, "%%");', '"\\\\$&");'],
  ]),
  ...mutantsOf("src/host/checksum.ts", [
    [
      "different digests under one name are no matter",
      "digest !== undefined && digests.size === 1",
      "digest !== undefined",
    ],
  ]),
];

const BASE = [
  ...mutantsOf("src/base/userinfo.ts", [
    [
      "a user that only the parser finds is shown",
      'url === undefined || url.username !== "" || url.password !== ""',
      "url === undefined",
    ],
    ["a user before a scheme that is none is shown", " && !mayBeUser(scheme)", ""],
    ["the middle of a password is shown in small letters", ", whole.toLowerCase()];", "];"],
  ]),
];

export const KNOWLEDGE: readonly Mutant[] = [...FLANNEL, ...OVERLAY, ...ETCD, ...HOST, ...BASE];
