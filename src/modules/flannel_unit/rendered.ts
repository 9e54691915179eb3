// `state: rendered`: the files as they would be written, as texts, from the options alone. For reviews, golden
// files, and whoever brings files to hosts in another way.

import { type Declared } from "./declare";
import { hostNeedsOf } from "./host-settings";
import { hideSecretFlags, maskValues } from "./secrets";

/** What is seen of a host that nobody looks at. */
export const UNOBSERVED = {
  systemd: undefined,
  files: { unit: undefined, environment: undefined, subnet: undefined, dropIns: [] },
  links: [],
  daemon: undefined,
  runningVersion: undefined,
  stranger: undefined,
  binary: undefined,
  touched: {
    nowMs: 0,
    files: [],
    certificates: new Map<string, string>(),
    dropIns: [],
    foreign: new Set<string>(),
  },
  settings: {
    files: [],
    lacksBridgeFilter: false,
    wantsBridgeFilter: false,
    lacksForwarding: false,
    offloading: [],
    missing: [],
  },
  lacks: [],
  residue: undefined,
  network: {
    address: undefined,
    etcdAddress: undefined,
    interfaces: [],
    routes: new Set<string>(),
  },
  confFiles: [],
  plugins: [],
  certificates: undefined,
  expiry: undefined,
  optionsDir: undefined,
  switch: undefined,
  previousFiles: [],
  answers: undefined,
};

/** The files by path, with their secrets masked. */
export function renderFiles(
  declared: Declared,
  texts: { readonly unit: string; readonly environment: string | undefined },
): Readonly<Record<string, string>> {
  const { unitPath, environmentPath, secretNames, confFiles, host, network } = declared;
  const files = [
    { path: unitPath, content: hideSecretFlags(texts.unit, secretNames) },
    { path: environmentPath, content: texts.environment && maskValues(texts.environment) },
    ...confFiles.map(({ path, content, hide }) => ({ path, content: content && hide(content) })),
    ...hostNeedsOf(host, network).files,
  ];
  return Object.fromEntries(
    files.flatMap(({ path, content }) => (content === undefined ? [] : [[path, content]])),
  );
}
