// flannel's reading of a text against ours, setting by setting, and the differences that are meant.

import { tryParseRecord } from "../../src/base/json";
import { type NetworkConfig, readNetworkText } from "../../src/flannel/network-config";
import { FAMILIES, type SubnetRange } from "../../src/flannel/subnet-range";
import { parseVersion } from "../../src/flannel/version";
import { type Answer } from "./flannel-reader";

/** How one of the two sees a text: refused, or with these settings. */
export interface View {
  readonly refusals: readonly string[];
  readonly hazards: readonly string[];
  readonly settings: Answer;
}

/** What both make of a text, where they disagree. */
export interface Disagreement {
  readonly text: string;
  readonly tag: string;
  readonly ours: View;
  readonly theirs: Answer;
  /** "verdict", or the setting. */
  readonly about: string;
}

export type Read = (text: string, tag: string) => View;

/** Our reading, in the form of flannel's answers. */
export const readAsWeDo: Read = (text, tag) => {
  const reader = { version: parseVersion(tag), architectures: ["amd64"] };
  const { config, findings } = readNetworkText(text, reader);
  const { refusals, hazards } = findings;
  return { refusals, hazards, settings: config === undefined ? {} : settingsOf(config) };
};

function settingsOf({ settings, ranges }: NetworkConfig): Answer {
  const others = [...settings].filter(([key]) => /^(?:Enable|Backend\.)/.test(key));
  return Object.fromEntries([...others, ...ranges.flatMap(numbersOf)]);
}

function numbersOf({ family, network, subnetLen, min, max }: SubnetRange): [string, unknown][] {
  const { keys } = FAMILIES[family];
  // flannel counts IPv4 in 32 bits; what is past them is warned of here.
  const told = (value: bigint): string => String(family === 4 ? BigInt.asUintN(32, value) : value);
  return [
    [keys.network, `${network.base}/${network.length}`],
    [keys.subnetLen, subnetLen],
    [keys.subnetMin, told(min)],
    [keys.subnetMax, told(max)],
  ];
}

/** Where the two disagree; `read` is ours, or one with a fault in it to try the comparison. */
export function compare(
  bytes: Buffer,
  tag: string,
  theirs: Answer,
  read: Read = readAsWeDo,
): readonly Disagreement[] {
  const text = bytes.toString("utf8"); // as the transports of the module do
  const ours = read(text, tag);
  const isRefused = ours.refusals.length > 0;
  const abouts =
    isRefused !== "error" in theirs
      ? ["verdict"]
      : isRefused
        ? []
        : Object.keys(theirs).filter((key) => !isSame(key, ours, theirs[key]));
  return abouts.map((about) => ({ text, tag, ours, theirs, about }));
}

/** What flannel swallows and we call harmful may have no value on our side. */
function isSame(key: string, { settings, hazards }: View, their: unknown): boolean {
  if (!(key in settings)) return hazards.length > 0 || DEPENDS_ON_HOST.has(key);
  return JSON.stringify(settings[key]) === JSON.stringify(their);
}

/** Settings without a default of their own. */
const DEPENDS_ON_HOST: ReadonlySet<string> = new Set(["Backend.MTU", "Backend.PSK"]);

interface Explanation {
  readonly why: string;
  readonly explains: (disagreement: Disagreement) => boolean;
}

/** What main and the backends look at when the reader has done its work. */
const AFTER_READING: readonly RegExp[] = [
  /^Backend\.PSK: (?:ipsec|wireguard) needs/,
  /^Backend\.Mode: expected one of/,
  /^EnableIPv4: both families are off/, // ipmatch.GetIPFamily
];

/** Every way in which we and flannel's reader may differ, and why that is meant. */
export const EXPLANATIONS: readonly Explanation[] = [
  {
    why: "flanneld has read it, and ends for what it finds in it",
    explains: ({ about, ours }) =>
      about === "verdict" &&
      ours.refusals.length > 0 &&
      ours.refusals.every((refusal) => AFTER_READING.some((pattern) => pattern.test(refusal))),
  },
  {
    why: "0 is the kernel's default port of vxlan",
    explains: ({ about, ours, theirs }) =>
      about === "Backend.Port" && theirs[about] === 0 && ours.settings[about] === 8472,
  },
  {
    why: "no route table is one, too",
    explains: ({ about, ours, theirs }) =>
      about === "Backend.RouteTableID" && theirs[about] === null && ours.settings[about] === "",
  },
];

/** The index of the explanation; undefined where there is none. */
export function explain(disagreement: Disagreement): number | undefined {
  const index = EXPLANATIONS.findIndex(({ explains }) => explains(disagreement));
  return index < 0 ? undefined : index;
}

/** A disagreement as a person reads it. */
export function describe({ text, tag, about, ours, theirs }: Disagreement): string {
  const told = text.length > 400 ? `${text.slice(0, 400)}...` : text;
  return [
    `${tag}, ${about}: ${JSON.stringify(told)}`,
    `  ours:    ${JSON.stringify(ours)}`,
    `  flannel: ${JSON.stringify(theirs)}`,
  ].join("\n");
}

/** How this module once read: through JSON.parse. For trying whether the comparison finds a fault. */
export const readAsJavaScript: Read = (text, tag) => {
  const parsed = tryParseRecord(text);
  return readAsWeDo(parsed === undefined ? text : JSON.stringify(parsed), tag);
};
