// The module's own keys of the result: what is installed once the changes that are told are made.

import { PROGRAM } from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { type Told } from "../../ansible/module";
import { type Outcome } from "./apply";
import { type Change } from "./changes";
import { cachePathsFor } from "./cache";
import { type Declared, type WantedInCache, sourceOf } from "./declare";
import { digestOfBinary, isExpected } from "./expected-digest";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import { type Source } from "./source";

type Keys = Readonly<Record<string, unknown>>;

/** What becomes of the binary. */
type Fate = "removed" | "replaced" | "stays";

export function report(
  declared: Declared,
  observed: Observed,
  _plan: Plan,
  told: Told<Change, Outcome>,
): Keys {
  const { changes, outcome } = told;
  const source = sourceOf(declared, observed);
  if (declared.page !== undefined) {
    return { path: null, known_checksums: observed.published?.digests ?? {} };
  }
  if (declared.cache !== undefined) {
    return source === undefined ? {} : reportCache(declared.cache, source, observed, told);
  }
  const { binary } = declared.paths;
  const before = observed.installed.binary?.version;
  const { current, replaced } = observed.running;
  const fate = fateOf(binary, changes);
  const present = source && reportPresent(source, observed, fate, told);
  return {
    path: binary,
    version_before: before === undefined ? null : tagOf(before),
    version: versionAfter(source, observed, fate, outcome),
    ...present,
    kept: keptAfter(observed, changes),
    restart_required: replaced > 0 || (isAnotherFile(fate, binary, changes) && current > 0),
  };
}

/** Keys that are about an installed binary have no meaning here, and stay null. */
function reportCache(
  { directory }: WantedInCache,
  source: Source,
  { cached, digest }: Observed,
  { changes, outcome }: Told<Change, Outcome>,
): Keys {
  const expected = digest.kind === "known" ? digest.sha256 : undefined;
  const stays = cached?.fault === undefined ? cached?.sha256 : undefined;
  const fetched = outcome?.asset.sha256 ?? (changes.length > 0 ? expected : undefined);
  const sha256 = fetched ?? stays;
  return {
    path: cachePathsFor(directory, source).asset,
    version: tagOf(source.version),
    arch: source.arch,
    asset: source.asset,
    sha256: sha256 ?? null,
    checksum: sha256 === undefined ? null : `sha256:${sha256}`,
    ...reportTransfer(outcome),
    verified: source.checksum !== undefined && sha256 !== undefined,
  };
}

function reportTransfer(outcome: Outcome): Keys {
  return {
    source: outcome?.asset.source ?? null,
    bytes: outcome?.asset.bytes ?? 0,
    attempts: outcome?.asset.attempts ?? 0,
    elapsed_ms: outcome?.elapsedMs ?? 0,
  };
}

function fateOf(binary: string, changes: readonly Change[]): Fate {
  if (changes.some((change) => change.kind === "install" && change.files.includes(PROGRAM))) {
    return "replaced";
  }
  const isRemoved = changes.some((change) => change.kind === "remove" && change.path === binary);
  return isRemoved ? "removed" : "stays";
}

/** A process goes on with the file that it was started from, be its copy the same. */
function isAnotherFile(fate: Fate, binary: string, changes: readonly Change[]): boolean {
  const isCopied = (change: Change): boolean =>
    change.kind === "set-attributes" && change.path === binary && change.isCopied;
  return fate !== "stays" || changes.some(isCopied);
}

/** What is on the host already need not be brought there. */
function needsAsset(change: Change): boolean {
  return change.kind === "install" && change.wayBack === undefined;
}

function versionAfter(
  source: Source | undefined,
  { installed: { binary } }: Observed,
  fate: Fate,
  outcome: Outcome,
): string | null {
  if (fate === "removed") return null;
  const version = fate === "stays" ? binary?.version : (outcome?.version ?? source?.version);
  return version === undefined ? null : tagOf(version);
}

function reportPresent(
  source: Source,
  observed: Observed,
  fate: Fate,
  { changes, outcome }: Told<Change, Outcome>,
): Keys {
  const { digest, installed, wayBack } = observed;
  const { binary, origins } = installed;
  const isReplaced = fate === "replaced";
  const coming = wayBack?.sha256 ?? digestOfBinary(source, digest);
  const planned = isReplaced ? coming : binary?.sha256;
  const isRight = isReplaced || isExpected(binary, origins, digest) === true;
  return {
    arch: source.arch,
    asset: changes.some(needsAsset) ? source.asset : null,
    sha256: outcome?.digests[PROGRAM] ?? planned ?? null,
    ...reportTransfer(outcome),
    verified: source.checksum !== undefined && isRight,
  };
}

function keptAfter({ installed }: Observed, changes: readonly Change[]): readonly string[] {
  const added = changes.flatMap((change) =>
    change.kind === "install" && change.replaced !== undefined ? [change.replaced.path] : [],
  );
  const gone = changes.flatMap((change) => (change.kind === "remove" ? [change.path] : []));
  const older = installed.kept.map(({ path }) => path);
  return [...added, ...older.filter((path) => !added.includes(path) && !gone.includes(path))];
}
