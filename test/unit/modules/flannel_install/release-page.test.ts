// The page of a release, played by a server.

import { expect } from "chai";

import { declare } from "../../../../src/modules/flannel_install/declare";
import { askPage } from "../../../../src/modules/flannel_install/release-page";
import { type Options, digest, optionsWith } from "../../../support/flannel-install-scenes";
import { type Handler, Mirror, answer } from "../../../support/mirror";

describe("flannel_install: the page of a release", () => {
  const mirror = new Mirror();
  before(() => mirror.start());
  after(() => mirror.close());

  const ask = async (handler: Handler, more: Options = {}) => {
    mirror.behave(handler);
    const { page } = declare(
      optionsWith({
        state: "published",
        release_page: `${mirror.origin}/tags/{version}`,
        retries: 0,
        ...more,
      }),
    );
    if (page === undefined) throw new Error("no page");
    return askPage(page);
  };
  const page = (...assets: unknown[]): Handler => answer(200, {}, JSON.stringify({ assets }));

  it("tells the SHA-256 of the files that have one, and is asked once", async () => {
    const { digests, fault } = await ask(
      page(
        { name: "flanneld-amd64", digest: `sha256:${digest("a")}` },
        { name: "flanneld-arm64", digest: null },
      ),
    );
    expect(fault).to.equal(undefined);
    expect(digests).to.deep.equal({ "flanneld-amd64": digest("a") });
    expect(mirror.seen.map(({ url }) => url)).to.deep.equal(["/tags/v0.28.9"]);
  });

  it("gets the headers of its own host only", async () => {
    const { host } = new URL(mirror.origin);
    await ask(page(), { headers: { [host]: { Authorization: "Bearer x" } } });
    expect(mirror.seen[0]?.headers["authorization"]).to.equal("Bearer x");
    await ask(page(), { headers: { "X-Token": "of the mirror" } });
    expect(mirror.seen[0]?.headers["x-token"]).to.equal(undefined);
  });

  for (const [what, handler, code, reason] of [
    [
      "is of an old release",
      page({ name: "a", digest: null }),
      "not_found",
      "publishes no SHA-256",
    ],
    [
      "is something else",
      answer(200, {}, "<html>"),
      "not_found",
      "publishes no SHA-256 of v0.28.9",
    ],
    ["is not there", answer(404), "not_found", "HTTP 404"],
    ["was asked too often", answer(429), "network", "too many requests"],
  ] as const) {
    it(`is no reason to stop by itself when it ${what}`, async () => {
      const { digests, fault } = await ask(handler);
      expect(digests).to.deep.equal({});
      expect(fault).to.include({ code });
      expect(fault?.message).to.include(reason);
    });
  }
});
