import { expect } from "chai";

import {
  type Cluster,
  type ListedMember,
  type MemberStatus,
  type Sight,
  judgeCluster,
  reportCluster,
} from "../../../src/etcd/cluster";
import { parseEndpoints } from "../../../src/etcd/endpoint";

const ENDPOINTS = parseEndpoints(["http://a:1", "http://b:1", "http://c:1"]);

const status = (memberId: string, given: Partial<MemberStatus> = {}): MemberStatus => ({
  clusterId: "255",
  memberId,
  version: "3.4.23",
  leaderId: "1",
  isLearner: false,
  alarms: [],
  ...given,
});

/** The endpoints in order; a text is what was wrong with one. */
const sightsOf = (...seen: readonly (MemberStatus | string)[]): readonly Sight[] =>
  seen.map((what, index) => {
    const endpoint = ENDPOINTS[index] ?? ENDPOINTS[0];
    return typeof what === "string" ? { endpoint, fault: what } : { endpoint, status: what };
  });

const member = (id: string, given: Partial<ListedMember> = {}): ListedMember => ({
  id,
  name: `m${id}`,
  clientUrls: [`http://m${id}:2379`],
  isLearner: false,
  ...given,
});

const THREE = [member("1"), member("2"), member("3")];
const ALL = sightsOf(status("1"), status("2"), status("3"));

describe("a cluster", () => {
  const judged: readonly (readonly [string, Cluster, readonly string[], readonly string[]])[] = [
    ["all members, all well", { sights: ALL, members: THREE }, [], []],
    ["nobody has answered", { sights: [], members: undefined }, [], []],
    [
      "three that know nothing of each other",
      {
        sights: sightsOf(
          status("1"),
          status("1", { clusterId: "16" }),
          status("2", { clusterId: "16" }),
        ),
        members: undefined,
      },
      ["belong to 2 separate clusters: ff (http://a:1), 10 (http://b:1, "],
      [],
    ],
    [
      "without a leader",
      { sights: sightsOf(status("1", { leaderId: undefined }), "no answer"), members: undefined },
      ["has no leader: more than half of its members must be up"],
      ["http://b:1: no answer"],
    ],
    [
      "a leader that only one knows",
      { sights: sightsOf(status("1", { leaderId: undefined }), status("2")), members: undefined },
      [],
      [],
    ],
    [
      "alarms",
      {
        sights: sightsOf(
          status("1", { alarms: ["NOSPACE", "OTHER"] }),
          status("2", { alarms: ["NOSPACE", "CORRUPT"] }),
        ),
        members: undefined,
      },
      ["CORRUPT is raised: members hold", "NOSPACE is raised: its database is full", "alarm list"],
      [],
    ],
    [
      "a learner",
      {
        sights: sightsOf(status("1"), status("2", { isLearner: true })),
        members: [member("1"), member("2", { isLearner: true })],
      },
      [],
      ["http://b:1 is a learner, which serves no reads"],
    ],
    [
      "members that are not listed",
      { sights: sightsOf(status("1")), members: [...THREE, member("4", { isLearner: true })] },
      [],
      ["2 of 4 members not listed: m2 (http://m2:2379), m3 (http://m3:2379)"],
    ],
    [
      "a silent endpoint, which may be the one that seems to lack",
      { sights: sightsOf(status("1"), "no answer"), members: THREE },
      [],
      ["http://b:1: no answer"],
    ],
  ];
  for (const [what, cluster, severe, notes] of judged) {
    it(`is judged: ${what}`, () => {
      const found = judgeCluster(cluster);
      expect(found.severe).to.have.length(severe.length);
      expect(found.notes).to.have.length(notes.length);
      severe.forEach((words, index) => expect(found.severe[index]).to.include(words));
      notes.forEach((words, index) => expect(found.notes[index]).to.include(words));
    });
  }

  it("is reported with ids as etcdctl shows them", () => {
    const sights = sightsOf(status("1"), status("26", { leaderId: undefined }), "no answer");
    const members = [member("1"), member("13813528830322000157")];
    expect(reportCluster({ sights, members })).to.deep.equal({
      ids: ["ff"],
      has_leader: true,
      alarms: [],
      endpoints: [
        {
          endpoint: "http://a:1",
          cluster_id: "ff",
          member_id: "1",
          etcd_version: "3.4.23",
          leader: true,
          learner: false,
          msg: null,
        },
        {
          endpoint: "http://b:1",
          cluster_id: "ff",
          member_id: "1a",
          etcd_version: "3.4.23",
          leader: false,
          learner: false,
          msg: null,
        },
        {
          endpoint: "http://c:1",
          cluster_id: null,
          member_id: null,
          etcd_version: null,
          leader: false,
          learner: false,
          msg: "no answer",
        },
      ],
      members: [
        {
          id: "1",
          name: "m1",
          client_urls: ["http://m1:2379"],
          learner: false,
          listed: true,
        },
        {
          id: "bfb38348b1f5c11d",
          name: "m13813528830322000157",
          client_urls: ["http://m13813528830322000157:2379"],
          learner: false,
          listed: false,
        },
      ],
    });
    expect(reportCluster({ sights, members: undefined })).to.include({ members: null });
  });
});
