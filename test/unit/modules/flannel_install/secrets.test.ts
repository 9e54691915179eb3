// Where secrets are looked for.

import { expect } from "chai";

import { secretsOf } from "../../../../src/modules/flannel_install/secrets";
import { type Options, optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: secrets", () => {
  const PROXIES = ["http_proxy", "https_proxy", "all_proxy"].flatMap((name) => [
    name,
    name.toUpperCase(),
  ]);
  let saved: NodeJS.ProcessEnv;

  beforeEach(() => {
    saved = { ...process.env };
    for (const name of PROXIES) Reflect.deleteProperty(process.env, name);
  });
  afterEach(() => {
    process.env = saved;
  });

  const found = (options: Options = {}): string => JSON.stringify(secretsOf(optionsWith(options)));

  const cases: readonly (readonly [string, Options])[] = [
    ["url", { url: ["https://m/x", "https://user:hunter2@m/x"] }],
    ["a url that is none", { url: ["https://user:hunter2/x@m:port/x"] }],
    ["a user that is a token", { url: ["https://hunter2@m/x"] }],
    ["the fragment of a url", { url: ["https://m/x#hunter2hunter2"] }],
    ["the query of a url", { url: ["https://m/x?signature=hunter2hunter2"] }],
    ["checksum", { checksum: "sha256:https://user:hunter2@m/sums" }],
    ["a checksum of another kind", { checksum: "sha512:https://user:hunter2@m/sums" }],
    ["headers", { headers: { "X-Token": "hunter2" } }],
    ["headers of one host", { headers: { m: { "X-Token": "hunter2" } } }],
  ];
  for (const [where, options] of cases) {
    it(`are found in ${where}`, () => {
      expect(found(options)).to.include("hunter2");
    });
  }

  it("are found in each of the two that a comma makes of a user", () => {
    expect(secretsOf({ url: "hunter2hunter2,a://x@m" })).to.include("hunter2hunter2");
  });

  it("are found in headers that are numbers", () => {
    expect(secretsOf(optionsWith({ headers: { "X-Pin": 4711 } }))).to.include(4711);
  });

  for (const name of PROXIES) {
    it(`are found in ${name}`, () => {
      process.env[name] = "http://user:hunter2@proxy:3128";
      expect(found()).to.include("hunter2");
    });
  }

  for (const [what, options] of Object.entries({
    "text instead of a list": { url: "https://m/x,https://user:hunter2@m/x" },
    "a list in a list": { url: [["https://user:hunter2@m/x"]] },
    "text instead of a dictionary": { headers: "X-Token=hunter2" },
    "a list instead of text": { checksum: ["sha256:https://user:hunter2@m/x"] },
  })) {
    it(`are found in ${what}, before it is refused`, () => {
      expect(JSON.stringify(secretsOf(options))).to.include("hunter2");
    });
  }

  it("are none where there are none", () => {
    expect(secretsOf(optionsWith()).filter((secret) => secret !== undefined)).to.deep.equal([]);
  });
});
