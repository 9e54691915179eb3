import { expect } from "chai";

import { type FlannelInstallOptions } from "../../../../src/generated/flannel_install";
import {
  type InstallRequest,
  pathsOf,
  resolveRequest,
} from "../../../../src/modules/flannel_install/request";
import { presentOptions } from "./examples";

describe("flannel_install: what the options mean", () => {
  const resolve = (more: Partial<FlannelInstallOptions> = {}): InstallRequest =>
    resolveRequest({ ...presentOptions, ...more }, "arm64");

  it("is the bare binary of the official release by default", () => {
    const request = resolve();
    expect(request.urls.map(String)).to.deep.equal([
      "https://github.com/flannel-io/flannel/releases/download/v0.28.9/flanneld-arm64",
    ]);
    expect(request.assetNames[0]).to.equal("flanneld-arm64");
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
      kind: "list",
      url: "https://m/v0.28.9/flanneld-arm64.sha256",
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

  const refused: readonly (readonly [string, Partial<FlannelInstallOptions>])[] = [
    ['version: "latest" is not a flannel version', { version: "latest" }],
    ["url: ", { url: ["mirror/{asset}"] }],
    ["{tag}: unknown placeholder", { url: ["https://m/{tag}"] }],
    ["url: the list is empty", { url: [] }],
    ["checksum: ", { checksum: "abc" }],
    ["mode: ", { mode: "rwx" }],
    ['mode: "0640": the owner could not run the binary', { mode: "0640" }],
    ["mode: 416", { mode: 0o640 }],
    ["bin_dir: sbin: expected an absolute path", { bin_dir: "sbin" }],
  ];
  for (const [message, options] of refused) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(() => [pathsOf(options.bin_dir ?? "/x"), resolve(options)]).to.throw(message);
    });
  }
});
