// ansible-doc shows what is there, and comes to an end.

import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");

describe("ansible-doc", function () {
  this.timeout(60_000);

  for (const role of ["nodejs", "etcd"]) {
    it(`shows roles/${role}`, async () => {
      const args = ["--type", "role", "--roles-path", join(ROOT, "roles"), role];
      const { stdout } = await execa("ansible-doc", args, { timeout: 50_000 });
      expect(stdout).to.match(/ENTRY POINT: .*main/);
    });
  }
});
