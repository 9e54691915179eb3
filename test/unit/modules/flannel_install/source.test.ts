// Which file is meant, for one CPU: addresses, names, headers.

import { expect } from "chai";

import { declare } from "../../../../src/modules/flannel_install/declare";
import { type Source, sourceFor } from "../../../../src/modules/flannel_install/source";
import { type Options, digest, optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: the source", () => {
  const resolve = (more: Options = {}): Source => {
    const { wanted } = declare(optionsWith(more));
    if (wanted === undefined) throw new Error("nothing is wanted");
    return sourceFor(wanted.source, "arm64");
  };

  it("is the bare binary of the official release by default", () => {
    const source = resolve();
    expect(source.urls.map(String)).to.deep.equal([
      "https://github.com/flannel-io/flannel/releases/download/v0.28.9/flanneld-arm64",
    ]);
    expect(source.assetNames[0]).to.equal("flanneld-arm64");
  });

  it("is the archive when mk-docker-opts.sh is wanted", () => {
    const [url] = resolve({ mk_docker_opts: true, url: ["https://m/{asset}"] }).urls;
    expect(String(url)).to.equal("https://m/flannel-v0.28.9-linux-arm64.tar.gz");
  });

  it("looks for a file's checksum under the name the file has", () => {
    expect(resolve({ url: ["https://m/my%20flanneld?x=1"] }).assetNames).to.deep.equal([
      "my flanneld",
      "flanneld-arm64",
    ]);
    expect(resolve({ url: ["https://m/100%/flanneld"] }).assetNames[0]).to.equal("flanneld");
    expect(resolve({ src: "/srv/daemon" }).assetNames[0]).to.equal("daemon");
  });

  it("fills the placeholders of a list of checksums", () => {
    const { checksum } = resolve({ checksum: "sha256:https://m/{version}/{asset}.sha256" });
    expect(checksum).to.deep.equal({
      ...{ kind: "list", algorithm: "sha256" },
      url: "https://m/v0.28.9/flanneld-arm64.sha256",
    });
  });

  describe("that is known of the release", () => {
    const archive = "flannel-v0.28.9-linux-arm64.tar.gz";
    const known = { "flanneld-arm64": digest("a"), [archive]: digest("b") };
    const onlyArchive = { [archive]: digest("b") };
    const hexOf = ({ checksum }: Source): string | undefined =>
      checksum?.kind === "digest" ? checksum.digest.hex : undefined;

    it("is verified by its name, wherever it comes from", () => {
      expect(hexOf(resolve({ known_checksums: known }))).to.equal(digest("a"));
      expect(hexOf(resolve({ known_checksums: known, mk_docker_opts: true }))).to.equal(
        digest("b"),
      );
      const url = ["https://m/a/{asset}?x=1", "file:///srv/flanneld-arm64"];
      expect(hexOf(resolve({ known_checksums: known, url }))).to.equal(digest("a"));
      expect(hexOf(resolve({ known_checksums: known, src: "/srv/flanneld-arm64" }))).to.equal(
        digest("a"),
      );
    });

    it("is the archive where nothing else is known", () => {
      const source = resolve({ known_checksums: onlyArchive });
      expect(source.asset).to.equal(archive);
      expect(String(source.urls[0])).to.match(/linux-arm64.tar.gz$/);
      expect(hexOf(source)).to.equal(digest("b"));
      expect(source.isLenient).to.equal(true);
    });

    it("is nothing else than what was meant", () => {
      for (const more of [
        { checksum: `sha256:${digest("c")}` },
        { checksum: "none" },
        { url: ["https://m/flanneld"] },
        { url: ["https://m/{asset}", "https://m/flanneld"] },
        { src: "/srv/flanneld" },
      ]) {
        const source = resolve({ known_checksums: onlyArchive, ...more });
        expect(source.asset, JSON.stringify(more)).to.equal("flanneld-arm64");
        expect(hexOf(source)).to.not.equal(digest("b"));
      }
      expect(hexOf(resolve({ known_checksums: known, checksum: "none" }))).to.equal(undefined);
      expect(hexOf(resolve({ known_checksums: known, src: "/srv/flanneld" }))).to.equal(undefined);
    });
  });

  it("takes times in seconds", () => {
    expect(resolve({ timeout: 7 }).download).to.include({ timeoutMs: 7000 });
  });

  describe("headers", () => {
    const headersOf = (headers: Record<string, unknown>, url: string[]): unknown =>
      resolve({ headers, url }).download.headers;

    it("without a host are for the only host there is", () => {
      const urls = ["https://m:8443/a", "https://m:8443/b"];
      expect(headersOf({ "X-Token": "t", "X-Level": 5 }, urls)).to.deep.equal([
        { host: "m:8443", headers: { "X-Token": "t", "X-Level": "5" } },
      ]);
    });

    it("must name their host when there are several", () => {
      const urls = ["https://m/a", "https://n/a"];
      expect(() => headersOf({ "X-Token": "t" }, urls)).to.throw("url names 2 hosts");
      expect(headersOf({ n: { "X-Token": "t" } }, urls)).to.deep.equal([
        { host: "n", headers: { "X-Token": "t" } },
      ]);
    });

    it("know their host in every way to write it", () => {
      for (const [host, url] of [
        ["mirror.example:443", "https://mirror.example/x"],
        ["Mirror.Example", "https://mirror.example/x"],
        ["b\u00fccher.example", "https://b\u00fccher.example/x"],
        ["[::1]:80", "http://[::1]/x"],
      ] as const) {
        expect(headersOf({ [host]: { "X-Token": "t" } }, [url])).to.have.length(1);
      }
    });

    it("are refused for a host that is asked for nothing", () => {
      for (const host of ["mirror.exmaple", "mirror.example:80", "mirror.example:8443", "a/b"]) {
        expect(() => headersOf({ [host]: { X: "t" } }, ["https://mirror.example/x"])).to.throw(
          `headers: ${host}: no address is at that host, expected one of mirror.example`,
        );
      }
    });

    it("may be for the host of the list of checksums, and of the page of the release", () => {
      const checksum = "sha256:https://sums.example/{version}";
      const headers = { "sums.example": { X: "t" }, "api.example": { X: "t" } };
      expect(resolve({ checksum, headers }).download.headers).to.have.length(2);
    });

    for (const headers of [
      { "X Y": "t" },
      { X: "a\r\nHost: b" },
      { X: ["a"] },
      { X: true },
      { "": "x" },
    ]) {
      it(`cannot be ${JSON.stringify(headers)}`, () => {
        expect(() => headersOf(headers, ["https://m/"])).to.throw("headers: ");
      });
    }
  });
});
