import { expect } from "chai";

import { findPrefixFault } from "../../../src/flannel/etcd-prefix";

describe("a prefix of flannel's keys", () => {
  // What Go's regexp.Compile(prefix + `/([^/]*)(/|/config)?$`) says.
  const compiles = [
    "/coreos.com/network",
    "/kubernetes-cluster/network/",
    "relative/network",
    "",
    "/",
    "/c+/net",
    "/a b/net",
    "/k8s(prod)/net",
    "/k8s[prod]/net",
    "/{site}/net",
    "/50%/$x/é",
    "/a{3}/net",
  ];
  for (const prefix of compiles) {
    it(`may be ${JSON.stringify(prefix)}`, () => {
      expect(findPrefixFault(prefix)).to.equal(undefined);
    });
  }

  const panics = [
    "/c++/network",
    "/k8s(prod/net",
    "/k8s)prod/net",
    "/k8s[prod/net",
    "*/net",
    "/a**/net",
    "/net\\y",
    "/(?=a)net",
    "/a{1001}/net",
    "/(a{100}){100}/net",
    "/[]/net",
    "/[[:x:]]/net",
  ];
  for (const prefix of panics) {
    it(`must not be ${JSON.stringify(prefix)}, with which flannel panics`, () => {
      expect(findPrefixFault(prefix)).to.include("crashes");
    });
  }

  for (const prefix of [" /net", "/net ", "/net\t", "/net\u00a0"]) {
    it(`must not be ${JSON.stringify(prefix)}`, () => {
      expect(findPrefixFault(prefix)).to.include("no leading or trailing blank");
    });
  }
});
