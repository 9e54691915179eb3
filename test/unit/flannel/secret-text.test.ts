import { expect } from "chai";
import fc from "fast-check";

import {
  hideSecrets,
  isTooDeep,
  presentName,
  presentText,
  secretsIn,
  secretsInText,
  layOutText,
  tryParseDocument,
} from "../../../src/flannel/secret-text";

const SECRET = "correct-horse-battery-staple";
const NO_JSON =
  /^\(\d+ bytes? that (is|are) not a JSON object; not shown, because they may hold secrets\)$/;

/** Texts that a person or a template may have left in etcd, with a secret in each. */
function textsWith(secret: string): [string, string][] {
  const document = { Network: "10.0.0.0/16", Backend: { Type: "ipsec", PSK: secret } };
  const json = JSON.stringify(document);
  return [
    ["JSON", json],
    ["JSON with a comma too many", json.replace("}}", ",}}")],
    ["JSON behind a byte order mark", `\uFEFF${json}`],
    ["JSON that was cut", json.slice(0, -2)],
    ["JSON that was cut inside of the secret", json.slice(0, -4)],
    ["two documents", json + json],
    ["JSON in JSON", JSON.stringify(json)],
    ["JSON in JSON in JSON", JSON.stringify(JSON.stringify(json))],
    [
      "Backend as a string",
      JSON.stringify({ ...document, Backend: JSON.stringify(document.Backend) }),
    ],
    [
      "a string in a string",
      JSON.stringify({ Backend: { x: JSON.stringify(JSON.stringify(document)) } }),
    ],
    ["JSON5", `{Backend: {PSK: '${secret}'}}`],
    ["YAML", `Backend:\n  PSK: ${secret}\n`],
    ["a setting", `PSK=${secret}`],
    ["JSON as a key", JSON.stringify({ [json]: 1 })],
    ["a list", JSON.stringify([document])],
    ["other spelling", json.replace("PSK", "AccessKeySecret")],
    ["a name with a typo", json.replace("PSK", "PSKs")],
  ];
}

describe("secrets in text", () => {
  for (const [name, text] of textsWith(SECRET)) {
    it(`are not shown: ${name}`, () => {
      expect(JSON.stringify(presentText(text))).not.to.match(/correct|horse|battery|staple/);
    });

    it(`are found: ${name}`, () => {
      const found = secretsInText(text).map(String);
      expect(found.some((secret) => SECRET.startsWith(secret) && secret.length > 20)).to.equal(
        true,
      );
    });
  }

  it("are not shown, whatever they are", () => {
    const secrets = fc.stringMatching(/^[a-z0-9+/="'\\{},:[\]-]{16,40}$/);
    fc.assert(
      fc.property(secrets, fc.nat(16), (secret, pick) => {
        const [name, text] = textsWith(secret)[pick] ?? ["", ""];
        expect(JSON.stringify(presentText(text)), name).not.to.include(secret.slice(2, 14));
      }),
      { numRuns: 2_000 },
    );
  });

  it("are as they are meant and as they are written", () => {
    expect(secretsInText('{"PSK": "a\\"b\\u0063",}')).to.include.members(['a"bc', 'a\\"b\\u0063']);
    expect(secretsInText('"{\\"PSK\\": \\"abc\\",}"')).to.include("abc");
  });

  it("are in text that names one, and only there", () => {
    expect(secretsInText('{"Network": "10.0.0.0/16"}')).to.deep.equal([]);
    expect(secretsInText("10.0.0.0/16")).to.deep.equal([]);
  });
});

describe("text from etcd", () => {
  it("is shown as the object it is", () => {
    const document = {
      Network: "10.0.0.0/16",
      SubnetLen: 24,
      Backend: { Type: "vxlan", x: [1, null] },
    };
    expect(presentText(JSON.stringify(document))).to.deep.equal(document);
  });

  it("has its secrets masked in any spelling, at any depth", () => {
    expect(
      presentText('{"psk":"a","Backend":{"PSK":["b"],"x":[{"accessKeyId":{"y":1}}]}}'),
    ).to.deep.equal({
      psk: "********",
      Backend: { PSK: "********", x: [{ accessKeyId: "********" }] },
    });
  });

  const others: [string, string][] = [
    ["no JSON", "hello"],
    ["nothing", ""],
    ["one byte", "x"],
    ["a list", "[1]"],
    ["a string", '"a"'],
    ["null", "null"],
    ["too deep", `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
  ];
  for (const [name, text] of others) {
    it(`is described where it is ${name}`, () => {
      expect(presentText(text)).to.match(NO_JSON).and.include(`(${text.length} byte`);
    });
  }

  it("keeps what an extension does, and masks it where it may hold a secret", () => {
    const shown = presentText(
      '{"a":"ip route add $SUBNET via $PUBLIC_IP","b":"wg set wg0 preshared-key /x"}',
    );
    expect(shown).to.deep.equal({ a: "ip route add $SUBNET via $PUBLIC_IP", b: "********" });
  });
});

describe("documents that nobody can have meant", () => {
  let deep: unknown = "end";
  for (let level = 0; level < 20_000; level++) deep = { a: deep };

  it("are too deep", () => {
    expect(isTooDeep(deep)).to.equal(true);
    expect(isTooDeep({ Backend: { RouteTableID: ["a"] } })).to.equal(false);
    expect(tryParseDocument(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)).to.equal(undefined);
  });

  it("are searched for secrets all the same", () => {
    const many = Array.from({ length: 300_000 }, () => ({ PSK: "a" }));
    expect(secretsIn(many)).to.have.length(300_000);
    expect(secretsIn(JSON.stringify(many)).length).to.be.at.least(300_000);
    expect(secretsIn([deep, { PSK: deep }])).to.deep.equal(["end"]);
  });
});

describe("names", () => {
  it("are shown, unless they hide something", () => {
    expect(["PSK", "SubnetLenn", "a b", "é"].map(presentName)).to.deep.equal([
      "PSK",
      "SubnetLenn",
      "a b",
      "é",
    ]);
    expect(presentName('{"PSK":"x"}')).to.equal("********");
    expect(presentName("PSK = x")).to.equal("********");
  });

  it("keep what changed apart from what did not", () => {
    const hide = (secret: unknown, before: unknown): string =>
      secret === before ? "same" : "other";
    const old = { PSK: "a", b: { PSK: "b" } };
    expect(hideSecrets({ PSK: "a", b: { PSK: "c" } }, hide, old)).to.deep.equal({
      PSK: "same",
      b: { PSK: "other" },
    });
  });

  it("lays out text as it is written, but for its secrets", () => {
    const text = '{"SubnetLen":24.0,"a":"\\/","a":[{"PSK":"s","psk":1},"psk=s",[]],"b":{"c":null}}';
    expect(layOutText(text)).to.equal(`{
  "SubnetLen": 24.0,
  "a": "\\/",
  "a": [
    {
      "PSK": "********",
      "psk": "********"
    },
    "********",
    []
  ],
  "b": {
    "c": null
  }
}`);
    expect(layOutText("[1]")).to.match(/^\(3 bytes that are not a JSON object/);
  });
});
