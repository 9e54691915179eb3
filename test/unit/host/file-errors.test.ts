import { expect } from "chai";

import { ModuleError } from "../../../src/base/errors";
import { translateFileError } from "../../../src/host/file-errors";

describe("file system errors", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["EACCES", "permission", "permission denied, run the task with become: true"],
    ["EPERM", "permission", "not permitted"],
    ["ENOENT", "host", "its directory does not exist, create it first"],
    ["ENOSPC", "host", "no space left on the device"],
    ["EBUSY", "host", "it is a mount point"],
    ["EXDEV", "host", "on another file system"],
    ["EWHATEVER", "host", "the system's own words"],
  ];
  for (const [systemCode, code, reason] of cases) {
    it(`${systemCode}: ${reason}`, () => {
      const cause = Object.assign(new Error("the system's own words"), { code: systemCode });
      const error = translateFileError("/etc/x", "write", cause);
      expect(error).to.include({ code, cause });
      expect(error.message)
        .to.match(/^cannot write \/etc\/x: /)
        .and.include(reason);
    });
  }

  it("are told once: what is a sentence already stays as it is", () => {
    const error = new ModuleError("host", "a sentence");
    expect(translateFileError("/etc/x", "write", error)).to.equal(error);
  });
});
