import { expect } from "chai";

import { end, remove, serve } from "../../../../src/modules/flannel_overlay/changes";

const post = (place: "host" | "pod", address: string) =>
  ({ family: "ipv4", place, address, isLent: false }) as const;

describe("flannel_overlay changes", () => {
  it("name what is ended and removed", () => {
    expect(end([7, 8]).summary).to.equal("end the echo (process 7, 8)");
    const both = remove({ processes: [], namespace: true, link: true }).summary;
    expect(both).to.match(/^remove network namespace \S+ and interface \S+$/);
    expect(remove({ processes: [], namespace: false, link: true }).summary).to.match(
      /^remove interface \S+$/,
    );
  });

  it("name every address that is served, and which of them like a pod", () => {
    const { summary } = serve([post("pod", "10.200.1.254"), post("host", "10.200.1.0")], [], 1450);
    expect(summary).to.include("10.200.1.254 like a pod").and.include("10.200.1.0");
    expect(summary).to.not.include("10.200.1.0 like a pod");
  });
});
