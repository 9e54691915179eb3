import { expect } from "chai";

import { digestOf } from "../../../src/host/digest";

describe("digestOf", () => {
  it("is that of sha256sum", async () => {
    const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    expect(await digestOf("/dev/null")).to.equal(empty);
  });

  it("names the file that cannot be read", async () => {
    const error = await digestOf("/nowhere/ca.pem").catch((reason: unknown) => reason);
    expect(String(error)).to.contain("/nowhere/ca.pem: ");
  });
});
