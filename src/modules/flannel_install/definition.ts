// flannel_install: the flanneld binary of this version, for this CPU, verified, is in place.

import { type ModuleDefinition } from "../../ansible/module";
import { type FlannelInstallOptions, spec } from "../../generated/flannel_install";
import { secretsOfUrl } from "../../host/download/address";
import { type Outcome, applyPlan } from "./apply";
import { completeDiff } from "./diff";
import { type Observation, observe } from "./observe";
import { type InstallPlan, planInstall } from "./plan";
import { report } from "./report";

export const definition: ModuleDefinition<
  FlannelInstallOptions,
  Observation,
  InstallPlan,
  Outcome
> = {
  spec,
  secretsOf,
  observe,
  plan: planInstall,
  apply: applyPlan,
  completeDiff: (diff, outcome) =>
    outcome === undefined ? diff : completeDiff(diff, outcome.digests),
  report,
};

/** Credentials in URLs, also in those of the proxies, which a message might quote. */
function secretsOf(options: FlannelInstallOptions): readonly unknown[] {
  const proxies = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"].map(
    (name) => process.env[name] ?? "",
  );
  const checksumUrl = options.checksum?.replace(/^sha256:/, "") ?? "";
  return [...options.url, checksumUrl, ...proxies].flatMap(secretsOfUrl);
}
