// What the options mean, and which of them are refused.

import { expect } from "chai";

import { declare } from "../../../../src/modules/flannel_install/declare";
import { type Options, optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: what the options mean", () => {
  it("knows where its files are", () => {
    const { paths } = declare(optionsWith({ bin_dir: "/opt/bin" }));
    expect(paths).to.deep.equal({
      directory: "/opt/bin",
      binary: "/opt/bin/flanneld",
      script: "/opt/bin/mk-docker-opts.sh",
      origin: "/opt/bin/.flanneld.origin.json",
      lock: "/opt/bin/.flanneld.lock",
      sent: "/opt/bin/.flanneld.sent",
    });
  });

  it("takes the CPU in the kernel's words, and wants nothing that shall be absent", () => {
    expect(declare(optionsWith({ arch: "aarch64" })).arch).to.equal("arm64");
    expect(declare(optionsWith()).arch).to.equal(undefined);
    expect(declare(optionsWith({ state: "absent" })).wanted).to.equal(undefined);
  });

  const refused: readonly (readonly [string, Options])[] = [
    ['version: "latest" is not a flannel version', { version: "latest" }],
    ["url: ", { url: ["mirror/{asset}"] }],
    ["{tag}: unknown placeholder", { url: ["https://m/{tag}"] }],
    ["url: the list is empty", { url: [] }],
    ["checksum: ", { checksum: "abc" }],
    ["mode: ", { mode: "rwx" }],
    ['mode: "0640": the owner could not run the binary', { mode: "0640" }],
    ["mode: 416", { mode: 0o640 }],
    ["arch: vax: not a CPU flannel is built for", { arch: "vax" }],
    ["bin_dir: sbin: expected an absolute path", { bin_dir: "sbin" }],
    ["dest: cache: expected an absolute path", { state: "downloaded", dest: "cache" }],
    ["src: with state downloaded", { state: "downloaded", dest: "/cache", src: "/srv/flanneld" }],
  ];
  for (const [message, options] of refused) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(() => declare(optionsWith(options))).to.throw(message);
    });
  }

  it("is a file in the directory of its version when it is downloaded for others", () => {
    const declared = declare(
      optionsWith({ state: "downloaded", dest: "/cache", version: "0.28.9" }),
    );
    expect(declared.cache?.directory).to.equal("/cache/v0.28.9");
    expect(declared.wanted).to.equal(undefined);
    expect(declare(optionsWith()).cache).to.equal(undefined);
  });

  it("is the same file, however its path is written", () => {
    const { wanted, paths } = declare(optionsWith({ src: "/usr/local/sbin//.flanneld.sent" }));
    expect(wanted?.source.src).to.equal(paths.sent);
  });
});
