import { expect } from "chai";

import { parseVersion } from "../../../../src/flannel/version";
import { mergeSettings, takesNetConfPath } from "../../../../src/modules/flannel_unit/settings";

type Settings = Readonly<Record<string, unknown>>;

interface Given {
  readonly settings?: Settings;
  readonly settings_user?: Settings;
  readonly endpoints?: readonly string[];
  readonly net_conf_path?: string;
}

function merged(given: Given, version?: string): Settings {
  const options = { settings: {}, settings_user: {}, endpoints: [], ...given };
  return mergeSettings(options, version === undefined ? undefined : parseVersion(version)).settings;
}

const ENDPOINTS = ["https://10.0.0.1:2379", "https://10.0.0.2:2379"];
const NET_CONF = "/etc/flannel/net-conf.json";

describe("flannel_unit settings", () => {
  const cases: readonly (readonly [string, Given, Settings])[] = [
    [
      "take the user's for more than the others, null included",
      { settings: { iface: "wg0", "ip-masq": true }, settings_user: { iface: null, v: 2 } },
      { iface: null, "ip-masq": true, v: 2 },
    ],
    ["have the endpoints", { endpoints: ENDPOINTS }, { "etcd-endpoints": ENDPOINTS }],
    [
      "have the endpoints in the place of an empty flag",
      { settings: { "etcd-endpoints": "" }, endpoints: ENDPOINTS },
      { "etcd-endpoints": ENDPOINTS },
    ],
    [
      "keep endpoints that they have",
      { settings: { "etcd-endpoints": "https://e:1" }, endpoints: ENDPOINTS },
      { "etcd-endpoints": "https://e:1" },
    ],
    [
      "keep endpoints of the user's",
      { settings_user: { "etcd-endpoints": ["https://e:1"] }, endpoints: ENDPOINTS },
      { "etcd-endpoints": ["https://e:1"] },
    ],
    [
      "do without endpoints where the user says so",
      { settings_user: { "etcd-endpoints": null }, endpoints: ENDPOINTS },
      { "etcd-endpoints": null },
    ],
    [
      "have nothing of etcd with kube-subnet-mgr, but what the user wants",
      {
        settings: { "etcd-prefix": "/n", "etcd-cafile": "/ca", iface: "wg0" },
        settings_user: { "kube-subnet-mgr": "true", "etcd-username": "u" },
        endpoints: ENDPOINTS,
      },
      { iface: "wg0", "kube-subnet-mgr": "true", "etcd-username": "u" },
    ],
    [
      "lead kube-subnet-mgr to its network configuration",
      { settings: { "kube-subnet-mgr": true }, net_conf_path: NET_CONF },
      { "kube-subnet-mgr": true, "net-config-path": NET_CONF },
    ],
    [
      "lead it elsewhere, or nowhere, where they say so",
      {
        settings: { "kube-subnet-mgr": true, "net-config-path": "/else.json" },
        settings_user: { "net-config-path": null },
        net_conf_path: NET_CONF,
      },
      { "kube-subnet-mgr": true, "net-config-path": null },
    ],
    [
      "need no network configuration without kube-subnet-mgr",
      { settings: { "kube-subnet-mgr": false }, net_conf_path: NET_CONF },
      { "kube-subnet-mgr": false },
    ],
    [
      "are those of etcd again when the user switches kube-subnet-mgr off",
      {
        settings: { "kube-subnet-mgr": true, "etcd-prefix": "/n" },
        settings_user: { "kube-subnet-mgr": null },
      },
      { "kube-subnet-mgr": null, "etcd-prefix": "/n" },
    ],
  ];
  for (const [what, given, expected] of cases) {
    it(what, () => {
      expect(merged(given)).to.deep.equal(expected);
    });
  }

  it("name no path to a release that takes none", () => {
    const given = { settings: { "kube-subnet-mgr": true }, net_conf_path: NET_CONF };
    expect(merged(given, "v0.11.0")).to.deep.equal({ "kube-subnet-mgr": true });
    expect(merged(given, "v0.12.0")).to.have.property("net-config-path", NET_CONF);
    expect(takesNetConfPath(undefined)).to.equal(true);
  });
});
