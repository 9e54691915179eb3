// The modules that the properties are tried on, each with its generated tasks.

import { rmSync } from "node:fs";

import type fc from "fast-check";

import { type Module, type Plan } from "../../src/ansible/module";
import { type Case } from "./arbitraries/case";
import { buildModule } from "./build-module";
import { buildProbe } from "./probe";
import { nastyProbes, secretProbes } from "./arbitraries/contract-probe";
import { nastyEtcdConfigs, secretEtcdConfigs } from "./arbitraries/flannel-etcd-config";
import { nastyInstalls, secretInstalls } from "./arbitraries/flannel-install";
import { nastyOverlays, secretOverlays } from "./arbitraries/flannel-overlay";
import { nastyUnits, secretUnits } from "./arbitraries/flannel-unit";
import { module as contractProbe } from "../fixtures/contract_probe/module";
import { module as flannelInstall } from "../../src/modules/flannel_install/module";
import { module as flannelOverlay } from "../../src/modules/flannel_overlay/module";
import { module as flannelUnit } from "../../src/modules/flannel_unit/module";
import { module as flannelEtcdConfig } from "../../src/modules/flannel_etcd_config/module";
import { type InProcessAnswer, runInProcess } from "./run-case";
import { type World, withoutEtcd } from "./world";

export interface Subject {
  readonly name: string;
  /** Tasks whose secrets spell words of the contract, or that have none. */
  readonly nasty: fc.Arbitrary<Case>;
  /** Tasks with secrets in every place where one may be. */
  readonly secret: fc.Arbitrary<Case>;
  /** Its part of all cases, in percent. */
  readonly share: number;
  /** Keys that every result has. */
  readonly returned: readonly string[];
  /** Returns the directory with its bundle, which is there until this process ends. */
  build(): string;
  /** What it can know of the world. */
  worldOf(world: World): World;
  run(given: Case, world: World): Promise<InProcessAnswer>;
}

function subjectOf<Options, Declared, Observed, P extends Plan, Outcome>(
  module: Module<Options, Declared, Observed, P, Outcome>,
  tasks: Pick<Subject, "nasty" | "secret" | "share">,
): Subject {
  const { name, returned } = module.spec;
  const worldOf = name === "flannel_etcd_config" ? (world: World) => world : withoutEtcd;
  const run: Subject["run"] = (given, world) => runInProcess(module, given, worldOf(world));
  const build = buildingOnce(name === "contract_probe" ? buildProbe : () => buildModule(name));
  return { ...tasks, name, returned, build, worldOf, run };
}

function buildingOnce(build: () => string): () => string {
  let library: string | undefined;
  return () => {
    if (library !== undefined) return library;
    const built = build();
    process.once("exit", () => {
      rmSync(built, { recursive: true, force: true });
    });
    return (library = built);
  };
}

export const SUBJECTS: readonly Subject[] = [
  subjectOf(contractProbe, { nasty: nastyProbes, secret: secretProbes, share: 30 }),
  subjectOf(flannelInstall, { nasty: nastyInstalls, secret: secretInstalls, share: 20 }),
  subjectOf(flannelUnit, { nasty: nastyUnits, secret: secretUnits, share: 20 }),
  subjectOf(flannelEtcdConfig, { nasty: nastyEtcdConfigs, secret: secretEtcdConfigs, share: 20 }),
  subjectOf(flannelOverlay, { nasty: nastyOverlays, secret: secretOverlays, share: 10 }),
];
