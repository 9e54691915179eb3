// Makes and checks the table of checksums (files/checksums): downloads every file of a release, and
// compares what came with what GitHub publishes of it and with what the table says already.
// usage: npm run checksums -- v0.28.9 cni-plugin/v1.9.1-flannel1 ..
//                                            adds what is missing; a pin is never changed
//        npm run checksums                  checks all that is there, and writes nothing

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { messageOf } from "../src/base/errors";
import { isRecord, tryParseRecord } from "../src/base/json";
import { ARCHITECTURE_NAMES } from "../src/flannel/arch";
import {
  CNI_PLUGIN,
  FLANNELD,
  type ReleasedProgram,
  officialPageOf,
} from "../src/flannel/release-assets";
import { parseVersion } from "../src/flannel/version";
import { type DownloadSettings, downloadFile } from "../src/host/download/download";
import { fetchText } from "../src/host/download/fetch-text";

const TABLE = join(__dirname, "..", "files", "checksums");
const PLUGIN = "cni-plugin";

/** One digest, and who has seen it. */
interface Pin {
  readonly sha256: string;
  readonly source: string;
}

type Table = Readonly<Record<string, Pin>>;

/** A file of a release, as its page tells of it. */
interface PublishedFile {
  readonly name: string;
  readonly url: URL;
  readonly sha256: string | undefined;
}

export interface Outcome {
  readonly added: readonly string[];
  readonly confirmed: readonly string[];
  /** What is not as it should be, one sentence each. */
  readonly faults: readonly string[];
}

export interface Places {
  readonly program: ReleasedProgram;
  readonly table: string;
  readonly pages: string;
}

const DAEMONS: Places = placesOf(FLANNELD, TABLE);
const PLUGINS: Places = placesOf(CNI_PLUGIN, join(TABLE, PLUGIN));

function placesOf(program: ReleasedProgram, table: string): Places {
  return { program, table, pages: officialPageOf(program).replace("/{version}", "") };
}

const SETTINGS: DownloadSettings = {
  ...{ timeoutMs: 30_000, retries: 3, deadlineMs: 1_800_000, maxBytes: 256 * 1024 * 1024 },
  ...{
    headers: [],
    environment: process.env,
    validateCerts: true,
    caFile: undefined,
    clientCertificate: undefined,
    netrcFile: undefined,
  },
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** Checks one release, and adds what the table lacks unless `writes` is false. */
export async function checkRelease(tag: string, places: Places, writes: boolean): Promise<Outcome> {
  const path = join(places.table, `${tag}.json`);
  const table = readTable(path);
  const files = await readPage(`${places.pages}/${tag}`, namesOf(places.program, tag));
  const published = new Set(files.map(({ name }) => name));
  const faults = Object.keys(table)
    .filter((name) => !published.has(name))
    .map((name) => `${tag}: ${name} is in the table, and not on the page of the release`);
  const added: Record<string, Pin> = {};
  const confirmed: string[] = [];
  for (const file of files) {
    const pin = table[file.name];
    if (pin === undefined && !writes) continue;
    const found = await tryFile(file, pin);
    if (typeof found === "string") faults.push(`${tag}: ${file.name}: ${found}`);
    else if (pin === undefined) added[file.name] = found;
    else confirmed.push(file.name);
  }
  if (Object.keys(added).length > 0) writeTable(path, { ...table, ...added });
  return { added: Object.keys(added), confirmed, faults };
}

/** The pin of a file, or what is wrong with it. */
async function tryFile(file: PublishedFile, pin: Pin | undefined): Promise<Pin | string> {
  const sha256 = await digestOf(file.url);
  if (file.sha256 !== undefined && file.sha256 !== sha256) {
    return `its SHA-256 is ${sha256}, its page publishes ${file.sha256}`;
  }
  if (pin !== undefined && pin.sha256 !== sha256) {
    return `its SHA-256 is ${sha256}, pinned is ${pin.sha256} (${pin.source}); find out why before you change it`;
  }
  const seen = `${file.url.href}, downloaded on ${new Date().toISOString().slice(0, 10)}`;
  return { sha256, source: file.sha256 === undefined ? seen : `${seen}, as its page publishes` };
}

async function digestOf(url: URL): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "checksums-"));
  try {
    const wanted = { digest: undefined, rejectHead: () => undefined };
    return (await downloadFile([{ url }], join(directory, "file"), wanted, SETTINGS)).sha256;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The files of a release that a host can install from. */
async function readPage(
  url: string,
  names: ReadonlySet<string>,
): Promise<readonly PublishedFile[]> {
  const assets = tryParseRecord(await fetchText(new URL(url), SETTINGS))?.["assets"];
  if (!Array.isArray(assets)) throw new Error(`${url}: is no page of a release`);
  return assets.filter(isRecord).flatMap(({ name, browser_download_url: at, digest }) => {
    if (typeof name !== "string" || typeof at !== "string" || !names.has(name)) return [];
    const sha256 = /^sha256:([0-9a-f]{64})$/.exec(String(digest))?.[1];
    return [{ name, url: new URL(at), sha256 }];
  });
}

function namesOf(program: ReleasedProgram, tag: string): ReadonlySet<string> {
  const version = parseVersion(tag);
  const kinds = ["archive", "binary"] as const;
  return new Set(
    ARCHITECTURE_NAMES.flatMap((arch) =>
      kinds.map((kind) => program.assetName(kind, version, arch)),
    ),
  );
}

function readTable(path: string): Table {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Table) : {};
}

function writeTable(path: string, table: Table): void {
  const sorted = Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `${JSON.stringify(sorted, undefined, 2)}\n`);
}

/** The releases in the table, those of the plugin behind the name of their folder. */
function listReleases(): readonly string[] {
  const files = readdirSync(TABLE, { recursive: true, encoding: "utf8" });
  return files.flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
}

async function main(releases: readonly string[]): Promise<void> {
  for (const release of releases.length > 0 ? releases : listReleases()) {
    const tag = release.replace(`${PLUGIN}/`, "");
    const places = tag === release ? DAEMONS : PLUGINS;
    const outcome = await checkRelease(tag, places, releases.length > 0).catch(
      (error: unknown) => ({ added: [], confirmed: [], faults: [`${tag}: ${messageOf(error)}`] }),
    );
    console.log(`${release}: ${outcome.confirmed.length} confirmed, ${outcome.added.length} added`);
    for (const fault of outcome.faults) console.error(fault);
    if (outcome.faults.length > 0) process.exitCode = 1;
  }
}

if (require.main === module) void main(process.argv.slice(2));
