import { expect } from "chai";

import { ModuleError } from "../../../src/base/errors";
import { Deadline } from "../../../src/host/deadline";
import { parseEndpoints } from "../../../src/etcd/endpoint";
import { EndpointError, LostAnswerError } from "../../../src/etcd/endpoint-error";
import { Failover } from "../../../src/etcd/failover";

const ENDPOINTS = parseEndpoints(["http://a:1", "http://b:1", "http://c:1"]);
const REPEATABLE = { repeatable: true };

function refused(): EndpointError {
  return new EndpointError("refused", { code: "network" });
}

/** Answers with the endpoint's name unless an error is scripted for it. */
function scripted(script: Readonly<Record<string, EndpointError[]>>): {
  calls: string[];
  attempt: (endpoint: { readonly host: string }) => Promise<string>;
} {
  const calls: string[] = [];
  return {
    calls,
    attempt: ({ host }) => {
      calls.push(host);
      const error = script[host]?.shift();
      return error === undefined ? Promise.resolve(host) : Promise.reject(error);
    },
  };
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail");
}

describe("failover", () => {
  it("takes the endpoints in order and stays with the one that answered", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(5_000));
    const { calls, attempt } = scripted({ a: [refused()] });
    expect(await failover.run(attempt, REPEATABLE)).to.equal("b");
    expect(await failover.run(attempt, REPEATABLE)).to.equal("b");
    expect(calls).to.deep.equal(["a", "b", "b"]);
    expect(failover.current.url).to.equal("http://b:1");
  });

  it("tells one line for each endpoint when all fail", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(5_000));
    const { attempt } = scripted({
      a: [refused()],
      b: [new EndpointError("expired", { code: "tls", advice: "renew it" })],
      c: [new EndpointError("expired, too", { code: "tls", advice: "renew it" })],
    });
    const error = await failureOf(failover.run(attempt, REPEATABLE));
    expect(error).to.be.instanceOf(ModuleError).with.property("code", "tls");
    expect(error.message.split("\n  ")).to.deep.equal([
      "etcd: no endpoint could serve the request (3 tried):",
      "http://a:1: refused",
      "http://b:1: expired",
      "http://c:1: expired, too",
      "renew it",
    ]);
  });

  it("goes round again while a failure is transient", async () => {
    const failover = new Failover([ENDPOINTS[0]], new Deadline(5_000));
    const election = new EndpointError("no leader", { code: "network", transient: true });
    const { calls, attempt } = scripted({ a: [election, election] });
    expect(await failover.run(attempt, REPEATABLE)).to.equal("a");
    expect(calls).to.have.length(3);
  });

  it("ends at the deadline however hopeful, with no round that is too short for an answer", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(2_900));
    const started = performance.now();
    const error = await failureOf(
      failover.run(
        () => Promise.reject(new EndpointError("no leader", { code: "network", transient: true })),
        REPEATABLE,
      ),
    );
    expect(error.message).to.include("http://c:1: no leader");
    expect(performance.now() - started).to.be.within(400, 1_500);
  });

  it("tells what an endpoint itself has said, whatever comes later", async () => {
    let now = 0;
    const failover = new Failover([ENDPOINTS[0]], new Deadline(20_000, () => now));
    const given = (message: string, told: boolean): EndpointError =>
      new EndpointError(message, { code: "timeout", transient: true, told });
    const { calls, attempt } = scripted({
      a: [given("silent", false), given("gave up", true), given("silent again", false)],
    });
    const error = await failureOf(
      failover.run((endpoint) => {
        now += 6_000;
        return attempt(endpoint);
      }, REPEATABLE),
    );
    expect(error.message).to.include("http://a:1: gave up").and.not.include("silent");
    expect(calls).to.have.length(3);
  });

  it("never repeats a write that may have arrived", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(5_000));
    const { calls, attempt } = scripted({
      a: [new EndpointError("cut", { code: "network", sent: true })],
    });
    const error = await failureOf(failover.run(attempt, { repeatable: false }));
    expect(error).to.be.instanceOf(LostAnswerError);
    expect(calls).to.deep.equal(["a"]);
  });

  it("repeats a read whose answer was lost at the next endpoint", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(5_000));
    const { calls, attempt } = scripted({
      a: [new EndpointError("cut", { code: "network", sent: true })],
    });
    expect(await failover.run(attempt, REPEATABLE)).to.equal("b");
    expect(calls).to.deep.equal(["a", "b"]);
  });

  it("repeats a write that cannot have arrived elsewhere", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(5_000));
    const { attempt } = scripted({ a: [refused()] });
    expect(await failover.run(attempt, { repeatable: false })).to.equal("b");
  });

  it("lets an answer that is final through at once", async () => {
    const failover = new Failover(ENDPOINTS, new Deadline(5_000));
    const denied = new ModuleError("permission", "permission denied");
    expect(await failureOf(failover.run(() => Promise.reject(denied), REPEATABLE))).to.equal(
      denied,
    );
  });

  it("gives each endpoint a fair share of the time", async () => {
    let now = 0;
    const failover = new Failover(ENDPOINTS, new Deadline(6_000, () => now));
    const shares: number[] = [];
    await failureOf(
      failover.run((_, timeoutMs) => {
        shares.push(timeoutMs);
        now += timeoutMs;
        return Promise.reject(refused());
      }, REPEATABLE),
    );
    expect(shares).to.deep.equal([2_000, 2_000, 2_000]);
  });
});
