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
  ];
  for (const [message, options] of refused) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(() => declare(optionsWith(options))).to.throw(message);
    });
  }
});
