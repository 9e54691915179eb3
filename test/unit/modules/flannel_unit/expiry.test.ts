import { expect } from "chai";

import { observeExpiry, warnOfExpiry } from "../../../../src/modules/flannel_unit/expiry";
import { Certificates } from "../../../support/certificates";
import { NOW_MS, UnitHost, declaredBy, given } from "../../../support/flannel-unit";

describe("flannel_unit expiry", () => {
  const DAY_MS = 86_400_000;
  const settings = { "etcd-certfile": "/c.pem" };
  const warningsAt = (endsAtMs: number, replaced: readonly string[] = []) =>
    warnOfExpiry({ path: "/c.pem", endsAtMs }, new Set(replaced), 0);

  it("is looked for in the client certificate, where the daemon reads one", () => {
    const authority = new Certificates();
    try {
      const named = { "etcd-certfile": authority.ca };
      const found = observeExpiry(declaredBy({ settings: named }).flags);
      expect(found?.path).to.equal(authority.ca);
      expect((found?.endsAtMs ?? 0) - Date.now()).to.be.within(1.9 * DAY_MS, 2 * DAY_MS);
      const kube = { settings: named, settings_user: { "kube-subnet-mgr": true } };
      expect(observeExpiry(declaredBy(kube).flags)).to.equal(undefined);
      expect(observeExpiry(declaredBy({}).flags)).to.equal(undefined);
    } finally {
      authority.remove();
    }
  });

  it("is warned of from 30 days before, unless the certificate is replaced", () => {
    expect(warningsAt(30 * DAY_MS)).to.deep.equal([]);
    expect(warningsAt(30 * DAY_MS - 1)).to.deep.equal([
      "etcd-certfile: /c.pem: expires in 29 days, on 1970-01-30T23:59:59.999Z; from then on etcd refuses it, renew it",
    ]);
    expect(warningsAt(DAY_MS - 1)[0]).to.contain("expires within a day, on 1970-01-01T");
    expect(warningsAt(-1000)[0]).to.contain("/c.pem: expired on 1969-12-31T23:59:59Z;");
    expect(warningsAt(0, ["/c.pem"])).to.deep.equal([]);
    expect(warnOfExpiry(undefined, new Set(), 0)).to.deep.equal([]);
  });

  it("is warned of by a run that changes nothing, and not when the daemon goes", () => {
    const host = UnitHost.running({ settings }).touched("/c.pem", 0);
    const expiry = { path: "/c.pem", endsAtMs: NOW_MS + 3 * DAY_MS };
    given({ settings }).on(host.withExpiry(expiry)).plans().warns("expires in 3 days");
    given({ settings }).on(host).plans().warns();
    const gone = given({ state: "absent", settings }).on(host.withExpiry(expiry));
    gone.warns();
  });
});
