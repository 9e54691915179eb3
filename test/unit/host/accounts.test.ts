import { execFileSync } from "node:child_process";

import { expect } from "chai";

import { tryResolveAccount } from "../../../src/host/accounts";

describe("accounts", () => {
  it("given by number need not exist", async () => {
    expect(await tryResolveAccount("passwd", "54321")).to.equal(54321);
  });

  it("called root are number 0 everywhere", async () => {
    expect(await tryResolveAccount("passwd", "root")).to.equal(0);
    expect(await tryResolveAccount("group", "root")).to.equal(0);
  });

  it("have the numbers the host gives them", async () => {
    for (const [database, name] of [
      ["passwd", "nobody"],
      ["passwd", "daemon"],
      ["group", "daemon"],
      ["group", "tty"],
    ] as const) {
      const expected = execFileSync("getent", [database, name], { encoding: "utf8" }).split(":")[2];
      expect(await tryResolveAccount(database, name), name).to.equal(Number(expected));
    }
  });

  it("that nobody knows are undefined, even those that look like a pattern", async () => {
    for (const name of ["no-such-account", "roo", "", "x:0", "no.*"]) {
      expect(await tryResolveAccount("passwd", name), name).to.equal(undefined);
    }
  });
});
