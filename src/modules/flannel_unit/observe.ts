// What is on the host now. Reads only; the programs it starts (systemctl show) only answer.

import { type NetworkMark, type OverlayNetwork, ofMark } from "../../flannel/overlay-network";
import { type FlannelVersion } from "../../flannel/version";
import { type FileState, tryReadFile } from "../../host/atomic-file";
import { toWallClockMs } from "../../host/clock";
import { listNames } from "../../host/directory";
import { type FileInfo, tryInspect } from "../../host/file-info";
import { type FileIdentity, type ProcessState, tryIdentify, tryReadProcess } from "../../host/proc";
import { type UnitState, tryShowUnit } from "../../host/systemd";
import { type Stranger, tryObserveStranger } from "./adoption";
import { certificateMarkOf } from "./certificate-mark";
import { type CertificateState, observeCertificates } from "./certificates";
import { type CniPlugin, observePlugins } from "./cni-plugins";
import { type ConfFileState, observeConfFiles } from "./conf-files";
import { type Declared } from "./declare";
import { type Expiry, observeExpiry } from "./expiry";
import { type HostNetwork, observeNetwork } from "./host-network";
import { type HostSettings, hostNeedsOf, observeHostSettings } from "./host-settings";
import { findHostLacks } from "./host-lacks";
import { type Lack, findLacks } from "./lacks";
import { type PreviousFile, observePreviousFiles } from "./previous-files";
import { type Answers, observeAnswers } from "./query";
import { UNOBSERVED } from "./rendered";
import { type Residue, observeResidue, tryFindKeyFile } from "./residue";
import { tryAskRunningVersion } from "./running-version";
import { type SwitchState, observeSwitch } from "./switch-state";
import { type Touched, observeTouched } from "./touched";
import { type DropIn, findLinks, readDropIns } from "./unit-files";
import { type Marks, findMark, markOfProcess } from "./unit-marks";

/** The process of the unit as /proc shows it. */
export interface RunningDaemon extends ProcessState {
  /** Wall clock, milliseconds. */
  readonly startedAtMs: number;
}

/** The files that the daemon and this module have written. */
export interface UnitFiles {
  readonly unit: FileState | undefined;
  readonly environment: FileState | undefined;
  readonly subnet: FileState | undefined;
  /** Drop-ins in `<unit_dir>/<unit>.d`, looked for when they are to be removed. */
  readonly dropIns: readonly DropIn[];
}

export interface Observed {
  /** undefined where systemd does not run (a bare host or an image, in check mode). */
  readonly systemd: UnitState | undefined;
  readonly files: UnitFiles;
  /** "multi-user.target.wants" and so on: where links to the unit are. */
  readonly links: readonly string[];
  readonly daemon: RunningDaemon | undefined;
  /** Only asked for by a query; undefined where none runs, or it does not tell. */
  readonly runningVersion: FlannelVersion | undefined;
  /** The daemon, if it was not started by this module, and is to be. */
  readonly stranger: Stranger | undefined;
  readonly binary: FileIdentity | undefined;
  readonly touched: Touched;
  readonly settings: HostSettings;
  /** What a start would lack; nothing is looked for where none is declared. */
  readonly lacks: readonly Lack[];
  /** Only looked for when it is to be purged. */
  readonly residue: Residue | undefined;
  readonly network: HostNetwork;
  readonly confFiles: readonly ConfFileState[];
  /** Of the CNI configuration that is to be written. */
  readonly plugins: readonly CniPlugin[];
  /** Only where they are to be put in place. */
  readonly certificates: CertificateState | undefined;
  /** Of the client certificate, where the daemon is to have one. */
  readonly expiry: Expiry | undefined;
  /** Only looked at when it is to go. */
  readonly optionsDir: Folder | undefined;
  /** What an earlier run has left of its way back; undefined: nothing. */
  readonly switch: SwitchState | undefined;
  /** What the files that this play has replaced were before. */
  readonly previousFiles: readonly PreviousFile[];
  /** undefined unless the state is query. */
  readonly answers: Answers | undefined;
}

/** A directory with the names of what is in it. */
export interface Folder {
  readonly info: FileInfo;
  readonly names: readonly string[];
}

/** Looks at unit, files and process. */
export async function observe(declared: Declared): Promise<Observed> {
  if (declared.state === "rendered") return UNOBSERVED;
  const { unitName, unitPath, network } = declared;
  // First of all, as it may be about to change the rest.
  const switchState = await observeSwitch(declared.switchFolder, unitName);
  const systemd = tryShowUnit(unitName);
  const files = readFiles(declared);
  const settings = observeHostSettings(hostNeedsOf(declared.host, networkOf(declared, files)));
  const daemon = readDaemon(systemd);
  const stranger = observeStranger(declared, daemon);
  return {
    systemd,
    files: declared.state === "absent" ? { ...files, dropIns: readDropIns(unitPath) } : files,
    links: findLinks(unitName),
    daemon,
    runningVersion:
      declared.query && daemon && (stranger?.version ?? tryAskRunningVersion(daemon.pid)),
    stranger,
    binary: tryIdentify(declared.binary),
    touched: observeTouched(declared, systemd?.dropInPaths ?? []),
    settings,
    lacks: observeLacks(declared, files, settings),
    residue: declared.isPurged
      ? observeResidue(
          network.networks,
          files.subnet?.content,
          tryFindKeyFile(daemon?.environment, files),
        )
      : undefined,
    network: observeNetwork(declared),
    confFiles: observeConfFiles(declared.confFiles),
    plugins: observePlugins(declared.cniConf ?? {}, declared.cniBinDir),
    certificates: declared.certificates && (await observeCertificates(declared.certificates)),
    expiry: declared.state === "absent" ? undefined : observeExpiry(declared.flags),
    optionsDir: declared.state === "absent" ? tryReadFolder(declared.optionsDir) : undefined,
    switch: switchState,
    previousFiles: observePreviousFiles(declared.previousFiles),
    answers:
      declared.query === undefined
        ? undefined
        : await observeAnswers(declared.query, tryReadNetwork(daemon)),
  };
}

function observeStranger(
  { state, isEnabled, unit: { links } }: Declared,
  daemon: RunningDaemon | undefined,
): Stranger | undefined {
  if (!["query", "restarted", "started"].includes(state)) return undefined;
  const requiredBy = links.flatMap((link) => /^(.*)\.requires$/.exec(link)?.[1] ?? []);
  const isActive = (unit: string) => tryShowUnit(unit)?.activeState === "active";
  return tryObserveStranger(daemon, isEnabled ? requiredBy : [], isActive);
}

function observeLacks(
  declared: Declared,
  files: UnitFiles,
  settings: HostSettings,
): readonly Lack[] {
  if (!["query", "restarted", "started"].includes(declared.state)) return [];
  const { flags, host, query, takeover, variables } = declared;
  // Who names no release asks about the host, on which there need not be a daemon.
  if (query !== undefined && host.version === undefined) return [];
  return [
    ...findLacks({
      ...declared,
      brought: broughtBy(declared),
      certificates: query?.certificates,
    }),
    ...findHostLacks({
      version: host.version,
      flags,
      isKube: takeover.isKube,
      variables: { ...variables.open, ...variables.secret },
      network: query?.network ?? networkOf(declared, files),
      isNetworkKnown: (query?.network ?? wantedMark(declared, files)) !== undefined,
      loadsBridgeFilter: host.loadsBridgeFilter,
      settings,
      subnet: files.subnet?.content,
    }),
  ];
}

/** What a daemon will find that is not there yet. */
function broughtBy({ replaced, confFiles }: Declared): ReadonlySet<string> {
  return new Set([...replaced, ...confFiles.map(({ path }) => path)]);
}

/** What the daemon was started for; undefined where it does not tell. */
function tryReadNetwork(daemon: RunningDaemon | undefined): OverlayNetwork | undefined {
  const mark = daemon === undefined ? undefined : markOfProcess(daemon.environment);
  return mark === undefined ? undefined : ofMark(mark);
}

function tryReadFolder(path: string): Folder | undefined {
  const info = tryInspect(path);
  return info === undefined ? undefined : { info, names: listNames(path) };
}

/** The mark that the process is to carry: as declared, or else as the unit file says already. */
export function wantedMark(
  { mark }: Pick<Declared, "mark">,
  { unit, environment }: Pick<UnitFiles, "environment" | "unit">,
): NetworkMark | undefined {
  return mark ?? findMark(unit?.content, environment?.content);
}

/** All that the process is to carry. */
export function wantedMarks(
  declared: Declared,
  { files, touched }: Pick<Observed, "files" | "touched">,
): Marks {
  return {
    network: wantedMark(declared, files),
    certificates: certificateMarkOf(declared, touched.certificates),
  };
}

function networkOf(declared: Declared, files: UnitFiles): OverlayNetwork {
  const mark = wantedMark(declared, files);
  return declared.mark !== undefined || mark === undefined ? declared.network : ofMark(mark);
}

function readFiles({ unitPath, environmentPath, subnetFile }: Declared): UnitFiles {
  return {
    unit: tryReadFile(unitPath),
    environment: tryReadFile(environmentPath),
    subnet: tryReadFile(subnetFile),
    dropIns: [],
  };
}

function readDaemon(systemd: UnitState | undefined): RunningDaemon | undefined {
  if (systemd === undefined || systemd.mainPid === 0) return undefined;
  const process = tryReadProcess(systemd.mainPid);
  if (process === undefined) return undefined;
  return { ...process, startedAtMs: toWallClockMs(systemd.startedAtUs) };
}
