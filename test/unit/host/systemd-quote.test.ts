// That systemd reads it back as it was is proved in test/systemd/quoting.test.ts.

import { expect } from "chai";

import {
  escapeSpecifiers,
  quoteArgument,
  quoteAssignment,
  quotePath,
  renderEnvironmentLine,
} from "../../../src/host/systemd-quote";

describe("systemd quoting", () => {
  const cases: [string, string, string, string][] = [
    // value, as an argument, as an assignment to A, in an environment file
    ["-iface=wg0", "-iface=wg0", "A=-iface=wg0", 'A="-iface=wg0"'],
    ["a b", '"a b"', '"A=a b"', 'A="a b"'],
    ["", '""', "A=", 'A=""'],
    ["100%", '"100%%"', '"A=100%%"', 'A="100%"'],
    ["$HOME", '"$$HOME"', '"A=$HOME"', 'A="\\$HOME"'],
    ['say "x"', '"say \\"x\\""', '"A=say \\"x\\""', 'A="say \\"x\\""'],
    ["a\\n", '"a\\\\n"', '"A=a\\\\n"', 'A="a\\\\n"'],
    ["`x`", '"`x`"', '"A=`x`"', 'A="\\`x\\`"'],
    [";", '";"', '"A=;"', 'A=";"'],
  ];
  for (const [value, argument, assignment, line] of cases) {
    it(`of ${JSON.stringify(value)}`, () => {
      expect(quoteArgument(value)).to.equal(argument);
      expect(quoteAssignment("A", value)).to.equal(assignment);
      expect(renderEnvironmentLine("A", value)).to.equal(line);
    });
  }

  it("leaves the dollar of a program's path alone", () => {
    expect(quotePath("/opt/a $b/flanneld")).to.equal('"/opt/a $b/flanneld"');
    expect(quotePath("/usr/local/sbin/flanneld")).to.equal("/usr/local/sbin/flanneld");
  });

  it("doubles just the percent of a path that stands alone", () => {
    expect(escapeSpecifiers('/etc/100% "$a"/x')).to.equal('/etc/100%% "$a"/x');
  });
});
