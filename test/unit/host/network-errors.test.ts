import { connect } from "node:net";

import { expect } from "chai";

import { translateNetworkError } from "../../../src/etcd/endpoint-error";
import { translateTransferError } from "../../../src/host/download/failure";
import { describeNetworkFault, explainNetworkError } from "../../../src/host/network-errors";

const errorOf = (code: string, message = ""): Error => Object.assign(new Error(message), { code });
const ssl = (reason: string): string => `write EPROTO 40A7:error:0A:SSL routines:${reason}:../x.c`;
const names = "Hostname/IP does not match certificate's altnames: Host: a. is not b";

describe("network errors", () => {
  const table: readonly (readonly [
    code: string,
    message: string,
    kind: "network" | "timeout" | "tls",
    words: string,
    passing: boolean,
  ])[] = [
    ["ENOTFOUND", "", "network", "DNS: no such host name", false],
    ["EAI_AGAIN", "", "network", "DNS: the host name cannot be resolved at the moment", true],
    ["EAI_FAIL", "", "network", "DNS: the host name cannot be resolved at the moment", true],
    ["ECONNREFUSED", "", "network", "connection refused, nothing is listening there", true],
    ["EHOSTUNREACH", "", "network", "no route to this host", true],
    ["ENETUNREACH", "", "network", "no route to this host", true],
    ["EHOSTDOWN", "", "network", "no route to this host", true],
    ["EADDRNOTAVAIL", "", "network", "no route to this host", true],
    ["ETIMEDOUT", "", "timeout", "timeout: no connection", true],
    ["ECONNRESET", "", "network", "the connection was cut", true],
    ["EPIPE", "", "network", "the connection was cut", true],
    ["CERT_HAS_EXPIRED", "", "tls", "the server's certificate has expired", false],
    ["CERT_NOT_YET_VALID", "", "tls", "is this host's clock right?", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", names, "tls", `for other names (${names})`, false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "", "tls", "unknown CA", false],
    ["SELF_SIGNED_CERT_IN_CHAIN", "", "tls", "unknown CA", false],
    ["UNABLE_TO_GET_ISSUER_CERT", "", "tls", "unknown CA", false],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "", "tls", "unknown CA", false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "", "tls", "unknown CA", false],
    ["CERT_SIGNATURE_FAILURE", "", "tls", "unknown CA", false],
    ["CERT_UNTRUSTED", "", "tls", "unknown CA", false],
    ["INVALID_CA", "", "tls", "unknown CA", false],
    ["INVALID_PURPOSE", "", "tls", "the server's certificate is not valid for a server", false],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "", "tls", "requires a client cert", false],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "", "tls", "requires a client certificate", false],
    ["EPROTO", ssl("x:sslv3 alert bad certificate"), "tls", "requires a client cert", false],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "", "tls", "no version or cipher in common", false],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "", "tls", "http:// instead of https://?", false],
    ["EPROTO", ssl("ssl3_get_record:wrong version number"), "tls", "not a TLS server", false],
    ["ERR_SSL_NO_CIPHERS_AVAILABLE", "", "tls", "the TLS handshake failed", false],
    ["EPROTO", "write EPROTO", "tls", "the TLS handshake failed", false],
    ["HPE_INVALID_CONSTANT", "", "network", "the answer is not HTTP", true],
    ["EWHATEVER", "its own words", "network", "cannot be reached (its own words)", true],
    ["EWHATEVER", "", "network", "cannot be reached (EWHATEVER)", true],
  ];
  for (const [systemCode, message, code, words, passing] of table) {
    it(`${systemCode} ${message}`.trim(), () => {
      const error = errorOf(systemCode, message);
      const fault = explainNetworkError(error);
      expect(fault).to.include({ code, passing });
      expect(describeNetworkFault(fault)).to.include(words);
      const etcd = translateNetworkError(error, { sent: true, secure: true, certified: false });
      const download = translateTransferError("https://m/x", error);
      expect(download).to.include({ code, retryable: passing, cause: error });
      expect(etcd).to.include({ code, sent: code !== "tls", cause: error });
      // The same fault has the same words; what to do about it may follow.
      expect(etcd.message.startsWith(fault.words), etcd.message).to.equal(true);
      expect(download.message.startsWith(`https://m/x: ${fault.words}`)).to.equal(true);
      for (const told of [etcd.message, download.message]) {
        expect(told.endsWith(fault.detail === "" ? "" : `(${fault.detail})`), told).to.equal(true);
      }
    });
  }

  it("a bad certificate is one that was shown, or else a missing one", () => {
    const error = errorOf("ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE");
    const messageFor = (certified: boolean): string =>
      translateNetworkError(error, { sent: true, secure: true, certified }).message;
    expect(messageFor(true)).to.include("client certificate refused: it must be valid now");
    expect(messageFor(false)).to.include("client certificate, give cert_file and key_file");
  });

  it("a certificate that has expired since it was read is told so", () => {
    const error = errorOf("ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE");
    const progress = { sent: true, secure: true, certified: true };
    const messageFor = (expiresAtMs: number): string =>
      translateNetworkError(error, { ...progress, expiresAtMs }).message;
    expect(messageFor(0)).to.include("refused: it expired on 1970-01-01T00:00:00.000Z, renew it");
    expect(messageFor(Date.now() + 60_000)).to.include("refused: it must be valid now");
  });

  it("a cut during the handshake is not a lost request", () => {
    const error = errorOf("ECONNRESET", "socket hang up");
    const progress = { sent: false, secure: true, certified: true };
    const etcd = translateNetworkError(error, progress);
    expect(etcd).to.include({ code: "tls", sent: false });
    const download = translateTransferError("https://m/x", error, { handshaking: true });
    expect(download).to.include({ code: "tls", retryable: true });
    expect(download.message).to.equal(`https://m/x: ${etcd.message}`);
    expect(etcd.message).to.include("is it http:// instead of https://?");
  });

  const unreached = errorOf("ENETUNREACH");
  const refused = errorOf("ECONNREFUSED");
  const several: readonly (readonly [string, readonly Error[], string])[] = [
    ["IPv6 without a route first", [unreached, refused], "connection refused"],
    ["IPv6 without a route last", [refused, unreached], "connection refused"],
    ["no route at all", [unreached, errorOf("EADDRNOTAVAIL")], "no route to this host"],
    ["nested", [new AggregateError([refused])], "connection refused"],
    ["none", [], "cannot be reached"],
  ];
  for (const [what, errors, words] of several) {
    it(`of several addresses are one: ${what}`, () => {
      expect(explainNetworkError(new AggregateError(errors)).words).to.include(words);
    });
  }

  it("of several addresses are met with when Node tries a name", async () => {
    const lookup = (_: unknown, __: unknown, answer: (...args: unknown[]) => void): void => {
      answer(null, [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    };
    const options = { host: "two.example", port: 1, autoSelectFamily: true, lookup };
    const error = await new Promise((resolve) => {
      connect(options as never).on("error", resolve);
    });
    expect(error).to.be.instanceOf(AggregateError);
    expect(explainNetworkError(error)).to.include({ name: "connection-refused" });
  });
});
