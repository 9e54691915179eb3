import { expect } from "chai";

import { ModuleError } from "../../../src/base/errors";
import { EndpointError } from "../../../src/etcd/endpoint-error";
import { reasonIn } from "../../../src/etcd/v3-etcdctl";
import { endOfPrefix, gatewayPathOf } from "../../../src/etcd/v3-gateway";
import { translateRefusal } from "../../../src/etcd/v3-refusals";
import { TransportRefusedError } from "../../../src/etcd/v3-transport";

const REFUSED = { where: "https://a:1", withCredentials: true };

describe("etcd's refusals", () => {
  type Class = new (...args: never[]) => Error;
  const refusals: [string, Class, string][] = [
    ["etcdserver: permission denied", ModuleError, "the user's role does not cover the keys"],
    [
      "etcdserver: authentication failed, invalid user ID or password",
      ModuleError,
      "wrong username or password",
    ],
    ["etcdserver: user name is empty", ModuleError, "authentication is on"],
    ["etcdserver: mvcc: database space exceeded", ModuleError, "its database is full"],
    [
      "CommonName of client sending a request against gateway will be ignored and not used as expected",
      TransportRefusedError,
      "client certificate that has a CommonName",
    ],
    [
      'all SubConns are in TransientFailure, latest connection error: connection error: desc = "transport: authentication handshake failed: remote error: tls: bad certificate"',
      TransportRefusedError,
      "lacks the clientAuth usage",
    ],
    ["connection closed", TransportRefusedError, "lacks the clientAuth usage"],
    [
      "write tcp 127.0.0.1:57062->127.0.0.1:33431: write: broken pipe",
      TransportRefusedError,
      "lacks the clientAuth usage",
    ],
    ["etcdserver: no leader", EndpointError, "has no leader at the moment"],
    ["etcdserver: request timed out", EndpointError, "is a majority of its members up?"],
    ["etcdserver: request is too large", ModuleError, "larger than etcd takes"],
    [
      "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2097201 vs. 2097152)",
      ModuleError,
      "larger than etcd takes",
    ],
    ["something new", EndpointError, "etcd refused the request (something new)"],
  ];
  for (const [reason, kind, message] of refusals) {
    it(reason.slice(0, 70), () => {
      const error = translateRefusal(reason, REFUSED);
      expect(error).to.be.instanceOf(kind);
      expect(error.message).to.include(message);
    });
  }

  it("permission denied without a user means that one is needed", () => {
    const error = translateRefusal("etcdserver: permission denied", {
      ...REFUSED,
      withCredentials: false,
    });
    expect(error).to.include({ code: "auth" });
    expect(error.message).to.include("give the username and password");
  });

  const fates: [string, boolean, boolean][] = [
    ["etcdserver: no leader", true, false],
    ["etcdserver: request timed out", true, true],
    ["etcdserver: too many requests", true, false],
    ["something new", false, true],
  ];
  for (const [reason, transient, sent] of fates) {
    it(`${reason}: may be repeated: ${transient}, may have been carried out: ${sent}`, () => {
      expect(translateRefusal(reason, REFUSED)).to.include({ transient, sent });
    });
  }
});

describe("a refusal that nobody knows", () => {
  it("is an answer where the server has looked at the request: it was not carried out", () => {
    expect(translateRefusal("duplicate key", { ...REFUSED, answered: true })).to.include({
      message: "etcd refused the request (duplicate key)",
      code: "refused",
      sent: false,
      transient: false,
    });
  });
});

describe("etcdctl", () => {
  const LOG =
    '{"level":"warn","msg":"retrying of unary invoker failed","error":"rpc error: code = DeadlineExceeded desc = latest balancer error: connection error: desc = \\"transport: Error while dialing dial tcp 127.0.0.1:1: connect: connection refused\\""}';
  const outputs: readonly (readonly [string, string])[] = [
    [`${LOG}\nError: context deadline exceeded`, "connection refused"],
    ["Error: context deadline exceeded", "Error: context deadline exceeded"],
    [`${LOG}\nError: etcdserver: permission denied`, "Error: etcdserver: permission denied"],
    ["something else", "something else"],
    ["", "etcdctl ended with exit code 1"],
  ];
  for (const [stderr, reason] of outputs) {
    it(`says why: ${reason}`, () => {
      expect(reasonIn({ stderr, stdout: "", exitCode: 1 }).endsWith(reason)).to.equal(true);
    });
  }
});

describe("v3 gateway", () => {
  for (const [version, path] of [
    ["3.2.32", "/v3alpha"],
    ["3.3.27", "/v3beta"],
    ["3.4.0", "/v3"],
    ["3.6.1", "/v3"],
    ["4.0.0", "/v3"],
  ] as const) {
    it(`of etcd ${version} is at ${path}`, () => {
      expect(gatewayPathOf(version)).to.equal(path);
    });
  }

  it("ends a prefix behind its last key", () => {
    expect(endOfPrefix("/a/").toString()).to.equal("/a0");
    expect(endOfPrefix("a\u00ff")).to.deep.equal(Buffer.from([0x61, 0xc3, 0xc0]));
    expect(endOfPrefix("")).to.deep.equal(Buffer.from([0]));
  });
});
