import { expect } from "chai";

import { parseEndpoints } from "../../../src/etcd/endpoint";
import { EndpointError } from "../../../src/etcd/endpoint-error";
import { entriesOf, nodesBelow, readAnswer } from "../../../src/etcd/v2-answers";

const [ENDPOINT] = parseEndpoints(["http://10.8.0.101:2379"]);
const read = (status: number, body: unknown, withCredentials = false) =>
  readAnswer({ status, body: JSON.stringify(body) }, ENDPOINT, withCredentials);

function failureOf(status: number, body: unknown, withCredentials = false): Error {
  try {
    read(status, body, withCredentials);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was taken for an answer");
}

describe("an answer of etcd's v2 API", () => {
  it("is a tree of nodes, a folder before what is in it", () => {
    const leaf = { key: "/n/config", value: "{}", modifiedIndex: 7 };
    const lease = { key: "/n/subnets/10.1.1.0-24", value: "x", modifiedIndex: 8, ttl: 86_399 };
    const subnets = { key: "/n/subnets", dir: true, modifiedIndex: 5, nodes: [lease, "junk"] };
    const answer = read(200, { node: { key: "/n", dir: true, nodes: [leaf, subnets] } });
    const all = answer.kind === "node" ? nodesBelow(answer.node) : [];
    expect(all.map(({ key }) => key)).to.deep.equal(["/n", leaf.key, subnets.key, lease.key]);
    expect(all.flatMap(entriesOf)).to.deep.equal([
      { key: leaf.key, value: "{}", revision: 7, ttlSeconds: undefined },
      { key: lease.key, value: "x", revision: 8, ttlSeconds: 86_399 },
    ]);
  });

  it("is etcd's own code where a key is not as it was", () => {
    expect(read(404, { errorCode: 100 })).to.deep.equal({ kind: "error", errorCode: 100 });
    expect(read(412, { errorCode: 101 })).to.deep.equal({ kind: "error", errorCode: 101 });
  });

  // Whether another endpoint may do better, and whether a write may have been made all the same.
  const faults: readonly [what: string, status: number, body: unknown, words: string][] = [
    ["an election", 500, { errorCode: 301, message: "During Leader Election" }, "not ready"],
    ["an election told with another status", 400, { errorCode: 300, message: "raft" }, "not ready"],
    ["a proxy that has lost etcd", 503, "no upstream", "not ready: HTTP 503"],
  ];
  for (const [what, status, body, words] of faults) {
    it(`is no answer yet from ${what}: the write may have been made`, () => {
      const error = failureOf(status, body);
      expect(error).to.be.instanceOf(EndpointError);
      expect(error).to.include({ code: "network", transient: true, sent: true });
      expect(error.message).to.include(words);
    });
  }

  it("is none from a server that is no etcd", () => {
    const error = failureOf(200, { hello: "world" });
    expect(error).to.include({ code: "network", transient: false, sent: false });
    expect(error.message).to.include("not etcd's v2 API: it answered HTTP 200");
  });

  it("is a refusal for good, which says who was refused", () => {
    expect(failureOf(401, { errorCode: 110 })).to.include({ code: "auth" });
    expect(failureOf(401, { errorCode: 110 }, true)).to.include({ code: "permission" });
    expect(failureOf(403, {}, true).message).to.include("wrong username or password");
  });
});
