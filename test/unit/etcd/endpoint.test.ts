import { expect } from "chai";
import fc from "fast-check";

import { messageOf } from "../../../src/base/errors";
import { parseEndpoints } from "../../../src/etcd/endpoint";
import { findLeak, userinfoForms } from "../../support/userinfo";

describe("endpoints", () => {
  const valid: [string, object][] = [
    ["https://10.8.0.101:2379", { secure: true, host: "10.8.0.101", port: 2379 }],
    ["http://localhost:2379/", { secure: false, host: "localhost", port: 2379 }],
    ["https://etcd.example.org", { host: "etcd.example.org", port: 2379, hasPort: false }],
    ["https://etcd.example.org:443", { host: "etcd.example.org", port: 443, hasPort: true }],
    ["http://etcd.example.org:80", { port: 80, hasPort: true }],
    ["https://[fd00::1]:2379", { host: "fd00::1", port: 2379 }],
    ["HTTPS://10.0.0.1:2379", { secure: true }],
  ];
  for (const [text, expected] of valid) {
    it(`reads ${text}`, () => {
      expect(parseEndpoints([text])[0]).to.include(expected);
    });
  }

  it("names an endpoint once, without the slash at its end", () => {
    const urls = parseEndpoints(["http://a:1/", "http://a:1", "http://b:1"]).map(({ url }) => url);
    expect(urls).to.deep.equal(["http://a:1", "http://b:1"]);
  });

  const faults: [readonly string[], string][] = [
    [[], "the list is empty"],
    [["10.8.0.101:2379"], '"10.8.0.101:2379" does not begin with http:// or https://'],
    [["https://"], '"https://" is not a URL'],
    [["https://a:99999"], "is not a URL"],
    [["https://a:2379/v2"], "has a path"],
    [["https://a:2379?x=1"], "has a path"],
    [
      ["ftp://a", "nonsense"],
      '"ftp://a" does not begin with http:// or https://; "nonsense" does not begin',
    ],
  ];
  for (const [texts, message] of faults) {
    it(`refuses ${JSON.stringify(texts)}`, () => {
      expect(() => parseEndpoints(texts))
        .to.throw(message)
        .with.property("code", "invalid_arguments");
    });
  }

  for (const text of [
    "https://root:hunter2@a:2379",
    "http://:hunter2@a:2379",
    "root:hunter2@a:2379",
    "ftp://root:hunter2@a:2379",
    "http://root:hunter2/@a:2379",
  ]) {
    it(`does not repeat the password in ${text}`, () => {
      expect(() => parseEndpoints([text]))
        .to.throw('"a:2379": give username and password as options')
        .with.property("message")
        .that.does.not.match(/root|hunter2/);
    });
  }

  it("refuses user and password of every form, and quotes nothing of them", () => {
    fc.assert(
      fc.property(userinfoForms, ({ address, user, password }) => {
        let message = "";
        try {
          parseEndpoints([address]);
        } catch (error) {
          message = messageOf(error);
        }
        expect(message).to.include("give username and password as options instead");
        expect(findLeak(message, user, password)).to.equal(undefined);
      }),
      { numRuns: 2000 },
    );
  });
});
