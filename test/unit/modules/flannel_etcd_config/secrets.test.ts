import { expect } from "chai";
import fc from "fast-check";

import { tryParseDocument } from "../../../../src/flannel/secret-text";
import {
  hideByRevision,
  printText,
  secretsOf,
} from "../../../../src/modules/flannel_etcd_config/secrets";
import { type Json, type Scene, etcdOf, runInMemory } from "../../../support/etcd-config";

describe("secrets of flannel_etcd_config", () => {
  it("are found in a dict, in text and in a single option", () => {
    expect(secretsOf({ config: { Backend: { PSK: "a" } } })).to.deep.equal(["a"]);
    expect(secretsOf({ config: '{"Backend": {"PSK": "a"}}' })).to.include("a");
    expect(secretsOf({ config: "{Backend: {PSK: 'a', }" })).to.include("a");
    expect(secretsOf({ backend: { accessKeySecret: "a" } })).to.deep.equal(["a"]);
    expect(secretsOf({ config: { Network: "10.0.0.0/8" } })).to.deep.equal([]);
    expect(secretsOf({})).to.deep.equal([]);
  });

  it("are found in addresses, as a list and as text", () => {
    for (const endpoints of [["http://a:1", "http://u:pass@b:1"], "http://a:1,http://u:pass@b:1"]) {
      expect(secretsOf({ endpoints })).to.include("pass");
    }
    expect(secretsOf({ endpoints: ["http://u:pa", "ss@b:1"] })).to.include("pa,ss");
    expect(secretsOf({ endpoints: ["http://a:1", "http://b:1"] })).to.deep.equal([]);
  });

  it("tell by their revision whether they are the same, and nothing else", () => {
    expect(hideByRevision(15)("a", undefined)).to.equal("******** (revision 15)");
    expect(hideByRevision(undefined)("a", "a")).to.equal("******** (known after the write)");
  });

  it("that change are told from those that stay", () => {
    const text = (psk: string): string => JSON.stringify({ Backend: { PSK: psk } });
    expect(printText(text("new"), text("old"))).to.include('"PSK": "******** (another one)"');
    expect(printText(text("old"), text("old"))).to.include('"PSK": "********"');
    expect(printText(text("old"))).to.equal('{\n  "Backend": {\n    "PSK": "********"\n  }\n}\n');
  });

  it("are nothing where there is nothing", () => {
    expect(printText(undefined)).to.equal("");
    expect(printText("hello")).to.match(/^\(5 bytes that are not a JSON object; not shown.*\)\n$/);
  });
});

/** What a template, an editor or a person may have done to a configuration. */
const MISHAPS: Readonly<Record<string, (text: string) => string>> = {
  "as Backend": (text) => JSON.stringify({ Backend: text, Network: "10.1.0.0/16" }),
  "as type": (text) => JSON.stringify({ Network: "10.1.0.0/16", Backend: { Type: text } }),
  "as other values": (text) =>
    JSON.stringify({ SubnetMin: text, Backend: { Type: "vxlan", VNI: text } }),
  "in a list": (text) => `[${text}]`,
  "as a string": (text) => JSON.stringify(text),
  "a comma too many": (text) => text.replace(/}$/, ",}"),
  "the end cut off": (text) => text.slice(0, -3),
  "a byte order mark": (text) => `\uFEFF${text}`,
};

const anyMishaps = fc.array(fc.constantFrom(...Object.values(MISHAPS)), { maxLength: 4 });
const anyName = fc.constantFrom("PSK", "psk", "AccessKeyID", "accesskeysecret");
const anySecret = fc
  .oneof(
    fc.string({ minLength: 12, maxLength: 40 }),
    fc.stringMatching(/^[a-z0-9+/="'\\{},: [\]-]{12,40}$/),
  )
  .filter((secret) => secret.trim().length >= 12);
const anyText = fc
  .tuple(anyName, anySecret, anyMishaps, fc.boolean())
  .map(([name, secret, mishaps, isAtTop]) => {
    const backend = { Type: "vxlan", ...(isAtTop ? {} : { [name]: secret }) };
    const document = {
      Network: "10.0.0.0/16",
      ...(isAtTop ? { [name]: secret } : {}),
      Backend: backend,
    };
    return { secret, text: mishaps.reduce((text, spoil) => spoil(text), JSON.stringify(document)) };
  });

/** Runs of eight characters of the secret that anybody could read in a value; punctuation tells nothing. */
function leaksIn(value: unknown, secret: string): string[] {
  if (typeof value === "string") {
    const runs = Array.from({ length: secret.length - 7 }, (_, start) =>
      secret.slice(start, start + 8),
    );
    return runs.filter((run) => /[^\s"'\\{}:,[\]*]/.test(run) && value.includes(run));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((item) => leaksIn(item, secret));
}

describe("a secret anywhere", function () {
  this.timeout(60_000);
  const config = { Network: "10.2.0.0/16", Backend: { Type: "vxlan" } };
  const anyOptions = fc.constantFrom<Json>(
    { state: "query" },
    { state: "absent" },
    { migrate_from_v2: true },
    ...["keep", "update", "fail"].map((if_exists) => ({ config, if_exists })),
  );

  async function check(text: string, secret: string, scene: Scene, options: Json): Promise<void> {
    const result = await runInMemory(etcdOf(scene), scene, options, { _ansible_diff: true });
    expect(leaksIn(result, secret), text).to.deep.equal([]);
    expect(result["error_code"], String(result["msg"])).not.to.equal("internal");
  }

  it("in etcd is in no result", async () => {
    const property = fc.asyncProperty(anyText, anyOptions, ({ text, secret }, options) =>
      check(text, secret, { stored: text }, options),
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("in the declared configuration is in no result", async () => {
    const property = fc.asyncProperty(anyText, fc.boolean(), async ({ text, secret }, asDict) => {
      const document = asDict ? tryParseDocument(text) : undefined;
      await check(text, secret, {}, { config: document ?? text });
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
