// flannel's own reading of a network configuration: its config.go, its ip package and the structs of its
// backends, of any release, compiled apart from the rest. The sources come from a clone ($FLANNEL_GIT) or
// from the Go module proxy; programs are kept in the cache of the lab.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What flannel makes of a text: why it refuses it, or its settings; addresses as decimal numbers. */
export type Answer = Readonly<Record<string, unknown>>;

/** One for each change that flannel made to config.go, to its ip package or to a backend's options. */
export const RELEASES: readonly string[] = [
  "v0.9.1",
  "v0.10.0",
  "v0.11.0",
  "v0.12.0",
  "v0.13.0",
  "v0.14.0",
  "v0.15.1",
  "v0.16.3",
  "v0.17.0",
  "v0.18.1",
  "v0.19.1",
  "v0.19.2",
  "v0.20.2",
  "v0.21.5",
  "v0.22.3",
  "v0.24.4",
  "v0.25.7",
  "v0.26.7",
  "v0.27.4",
  "v0.28.9",
  "v0.28.10",
];

const CACHE = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const READERS = join(CACHE, "ansible-role-flanneld", "readers");
const TEMPLATE = readFileSync(join(__dirname, "flannel-reader.go.txt"), "utf8");
const SELF = createHash("sha256").update(TEMPLATE).update(readFileSync(__filename)).digest("hex");

/** What is needed of a release's sources. */
const NEEDED = /^(?:pkg\/)?(?:subnet\/config|ip\/\w+|backend\/\w+\/\w+)\.go$/;

/** Stand-ins for what config.go of v0.21 to v0.24 needs beyond reading. */
const STUBS: Readonly<Record<string, string>> = {
  "klog/go.mod": "module k8s.io/klog/v2\n\ngo 1.16\n",
  "klog/klog.go": "package klog\n\nfunc Warningf(string, ...interface{}) {}\n",
  "utils/go.mod": "module k8s.io/utils\n\ngo 1.16\n",
  "utils/net/net.go":
    'package net\n\nimport "net"\n\nfunc IsIPv4CIDR(*net.IPNet) bool { return false }\n\nfunc IsIPv6CIDR(*net.IPNet) bool { return false }\n',
};

const GO_MOD = `module reader

go 1.16

require (
	k8s.io/klog/v2 v2.0.0
	k8s.io/utils v0.0.0
)

replace k8s.io/klog/v2 => ./klog

replace k8s.io/utils => ./utils
`;

/** The program for a release; undefined where neither it nor its sources can be had. */
export function tryProvideReader(tag: string): string | undefined {
  const program = join(READERS, `${tag}-${SELF.slice(0, 12)}`);
  if (existsSync(program)) return program;
  const work = mkdtempSync(join(tmpdir(), "flannel-reader-"));
  try {
    const sources = tryProvideSources(tag, work);
    if (sources === undefined) return undefined;
    mkdirSync(READERS, { recursive: true });
    renameSync(build(sources, work), program);
    return program;
  } finally {
    execFileSync("chmod", ["-R", "u+w", work]);
    rmSync(work, { recursive: true, force: true });
  }
}

/** Asks flannel about texts, given as bytes. */
export function askReader(program: string, texts: readonly Buffer[]): readonly Answer[] {
  const input = texts.map((text) => `${text.toString("base64")}\n`).join("");
  const output = execFileSync(program, { input, maxBuffer: 2 ** 30 }).toString();
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

/** From the clone, or as a module. */
function tryProvideSources(tag: string, work: string): string | undefined {
  for (const provide of [copyFromClone, downloadModule]) {
    try {
      return provide(tag, work);
    } catch {
      // the other way
    }
  }
  return undefined;
}

function downloadModule(tag: string, work: string): string {
  const args = ["mod", "download", "-json", `github.com/flannel-io/flannel@${tag}`];
  return String((JSON.parse(run("go", args, work)) as { Dir: unknown }).Dir);
}

/** Not by git archive: a clone may lack the larger files of vendor. */
function copyFromClone(tag: string, work: string): string {
  const git = (...args: string[]): string =>
    run("git", ["-C", process.env["FLANNEL_GIT"] ?? "/nowhere", ...args], work);
  const folder = join(work, "sources");
  const paths = git("ls-tree", "-r", "--name-only", tag).split("\n");
  for (const path of paths.filter((name) => NEEDED.test(name))) {
    put(folder, path, git("show", `${tag}:${path}`));
  }
  return folder;
}

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, stdio: "pipe", maxBuffer: 2 ** 28 }).toString();
}

function build(sources: string, work: string): string {
  const config = readSource(sources, "subnet/config.go");
  const ipFiles = ["ipnet.go", "ip6net.go", "endianess.go"];
  const ip = Object.fromEntries(
    ipFiles.map((name) => [name, readSource(sources, `pkg/ip/${name}`)]),
  );
  put(work, "go.mod", GO_MOD);
  for (const [path, text] of Object.entries(STUBS)) put(work, path, text);
  const own = /"github\.com\/[\w-]+\/flannel\/pkg\/ip"/g;
  put(work, "subnet/config.go", config.replace(own, '"reader/ip"'));
  for (const [name, text] of Object.entries(ip)) if (text !== "") put(work, `ip/${name}`, text);
  put(work, "main.go", fillTemplate(config, readBackends(sources)));
  run("go", ["build", "-o", "reader", "."], work);
  return join(work, "reader");
}

function put(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A file of a release, which may be below pkg; empty where the release has none. */
function readSource(sources: string, path: string): string {
  const found = [path, join("pkg", path)].map((name) => join(sources, name)).find(existsSync);
  return found === undefined ? "" : readFileSync(found, "utf8");
}

function fillTemplate(config: string, backends: string): string {
  const has = (word: string): boolean => config.includes(word);
  const family = (v: "" | "IPv6", format: (field: string) => string): string =>
    [
      `out["${v}Network"] = ${format(`cfg.${v}Network.IP`)} + "/" + fmt.Sprint(cfg.${v}Network.PrefixLen)`,
      `out["${v}SubnetLen"] = cfg.${v}SubnetLen`,
      `out["${v}SubnetMin"] = ${format(`cfg.${v}SubnetMin`)}`,
      `out["${v}SubnetMax"] = ${format(`cfg.${v}SubnetMax`)}`,
    ].join("; ");
  const ipv4 = family("", (field) => `ip4(${field})`);
  const ipv6 = family("IPv6", (field) => `ip6(${field})`);
  const values = [
    has("EnableIPv4") ? `out["EnableIPv4"] = cfg.EnableIPv4; if cfg.EnableIPv4 { ${ipv4} }` : ipv4,
    has("EnableIPv6") ? `out["EnableIPv6"] = cfg.EnableIPv6; if cfg.EnableIPv6 { ${ipv6} }` : "",
    has("EnableNFTables") ? `out["EnableNFTables"] = cfg.EnableNFTables` : "",
  ];
  const parts: Readonly<Record<string, string>> = {
    BACKENDS: backends,
    IP6: has("EnableIPv6") ? "func ip6(a *ip.IP6) string { return (*big.Int)(a).String() }" : "",
    CHECK: has("func CheckNetworkConfig")
      ? "if err == nil { err = subnet.CheckNetworkConfig(cfg) }"
      : "",
    VALUES: values.join("\n\t"),
  };
  return TEMPLATE.replace(/@([A-Z\d]+)@/g, (_, name: string) => parts[name] ?? "");
}

/** A Go map entry for each backend that registers itself on Linux. */
function readBackends(sources: string): string {
  const root = [join(sources, "backend"), join(sources, "pkg/backend")].find(existsSync) ?? "";
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => readBackend(join(root, name))).join("\n");
}

function readBackend(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => /(?<!_windows|_test)\.go$/.test(name));
  const text = files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  const names = [...text.matchAll(/backend\.Register\((\w+|"[\w-]+"), New\)/g)];
  return names.slice(0, 1).map(([, name = ""]) => {
    const read = text.includes("json.Unmarshal(config") ? `${readerOf(text, folder)},` : "nil,";
    return `\t${valueOf(name, text)}: ${read}`;
  });
}

/** The variable into which the backend reads, copied from its source. */
function readerOf(text: string, folder: string): string {
  const literal = /\bcfg := (struct \{[\s\S]*?\n\t*\}\{[\s\S]*?\})\n/.exec(text)?.[1];
  const name = /\b(?:var cfg (\w+)|cfg := (\w+)\{)/.exec(text)?.slice(1).find(Boolean);
  const type = new RegExp(`\\ntype ${name ?? "-"} (struct \\{[\\s\\S]*?\\n\\})`).exec(text)?.[1];
  const values = new RegExp(`cfg := ${name ?? "-"}(\\{[^}]*\\})`).exec(text)?.[1] ?? "{}";
  const variable = literal ?? (type === undefined ? undefined : `${type}${values}`);
  if (variable === undefined) throw new Error(`${folder}: no struct for its options found`);
  const resolved = variable
    .replace(/be\.extIface\.Iface\.MTU|defaultMTU/g, "0")
    .replace(/\bMode\n/g, "string\n")
    .replace(/(:\s*)([a-zA-Z]\w+)(,?\n)/g, (_, colon: string, word: string, end: string) =>
      /^(?:true|false)$/.test(word) ? colon + word + end : colon + valueOf(word, text) + end,
    );
  return `func(raw json.RawMessage) (interface{}, error) { cfg := ${resolved}; err := json.Unmarshal(raw, &cfg); return cfg, err }`;
}

/** A constant of the package; what is none stays. */
function valueOf(name: string, text: string): string {
  const found = new RegExp(`\\b${name}\\b(?:\\s+Mode)?\\s*=\\s*("[^"]*"|\\d+)`).exec(text);
  return found?.[1] ?? name;
}
