import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { netrcAuthorization, parseNetrc, readNetrc } from "../../../../src/host/download/netrc";

describe("a netrc", () => {
  const ENTRY = { host: "m.example", login: "me", password: "secret" };
  const texts: readonly (readonly [string, string])[] = [
    ["on one line", "machine m.example login me password secret"],
    ["on several", "machine m.example\n\tlogin me\n\tpassword secret\n"],
    ["with Windows line ends", "machine m.example\r\nlogin me\r\npassword secret\r\n"],
    ["in a different order", "machine m.example password secret login me"],
    ["with an account", "machine m.example login me account machine password secret"],
    ["with user for login", "machine m.example user me password secret"],
    ["in capitals", "machine M.Example login me password secret"],
    ["in quotes", 'machine "m.example" login "me" password "sec\\ret"'],
    [
      "behind comments",
      "# machine x login y password z\n#\nmachine m.example login me password secret",
    ],
    ["before a comment", "machine m.example login me password secret # machine x password y"],
    [
      "behind a macro",
      "macdef init\nmachine x password y\n\nmachine m.example login me password secret",
    ],
    [
      "before a macro without end",
      "machine m.example login me password secret\nmacdef x\nmachine y",
    ],
    ["with words nobody knows", "machine m.example port 21 login me password secret"],
    [
      "before one without a password",
      "machine m.example login me password secret machine x login y",
    ],
    [
      "before the one for all",
      "machine m.example login me password secret default login x password y",
    ],
    [
      "behind the one for all",
      "default login x password y machine m.example login me password secret",
    ],
  ];
  for (const [what, text] of texts) {
    it(`is read ${what}`, () => {
      expect(parseNetrc(text)).to.deep.equal([ENTRY]);
    });
  }

  it("may have a password with spaces, quotes and a hash, and no login", () => {
    const [{ login, password } = { login: "?", password: "" }] = parseNetrc(
      'machine m password "a \\"b\\" \\\\ c"',
    );
    expect([login, password]).to.deep.equal(["", 'a "b" \\ c']);
    expect(parseNetrc("machine m login me password #1")[0]?.password).to.equal("#1");
  });

  for (const text of ["", "machine", "machine m", "password x", "machine m password", "\0\xff"]) {
    it(`may be damaged: ${JSON.stringify(text)}`, () => {
      expect(parseNetrc(text)).to.deep.equal([]);
    });
  }

  it("tells the first entry of a host, on any port, and nothing to others", () => {
    const entries = parseNetrc(
      "machine m login a password 1 machine m login b password 2 machine ::1 login c password 3",
    );
    const sent = (url: string): string | undefined => {
      const [, basic] = netrcAuthorization(new URL(url), entries)?.split(" ") ?? [];
      return basic && Buffer.from(basic, "base64").toString();
    };
    expect(sent("http://M:8080/x")).to.equal("a:1");
    expect(sent("https://[::1]/x")).to.equal("c:3");
    expect(sent("https://m.example/x")).to.equal(undefined);
  });

  it("need not be there, nor be a file", () => {
    const directory = mkdtempSync(join(tmpdir(), "netrc-"));
    try {
      const path = join(directory, "netrc");
      writeFileSync(path, "machine m password x");
      expect(readNetrc(path)).to.have.length(1);
      truncateSync(path, 2 ** 30);
      mkdirSync(join(directory, "d"));
      for (const other of [path, join(directory, "d"), "/no/such", "/dev/zero", undefined])
        expect(readNetrc(other)).to.deep.equal([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
