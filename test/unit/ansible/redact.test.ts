import { expect } from "chai";
import fc from "fast-check";

import { Redactor } from "../../../src/ansible/redact";
import { MASK } from "../../../src/base/secrets";

function redactorOf(...secrets: unknown[]): Redactor {
  const redactor = new Redactor();
  secrets.forEach((secret) => {
    redactor.add(secret);
  });
  return redactor;
}

/** A long secret that no text has by chance. */
const longSecret = fc
  .string({ minLength: 8, maxLength: 200, unit: "grapheme" })
  .filter((text) => text.trim().length >= 8 && !text.includes("*"));

function hasFragment(text: string, secret: string): boolean {
  for (let start = 0; start + 8 <= secret.length; start++) {
    if (text.includes(secret.slice(start, start + 8))) return true;
  }
  return false;
}

describe("Redactor", () => {
  it("leaves no eight characters of a long secret in any text, however it was cut", () => {
    fc.assert(
      fc.property(
        longSecret,
        fc.string(),
        fc.string(),
        fc.nat(),
        fc.nat(),
        (secret, before, after, from, to) => {
          const cut = secret.slice(from % secret.length, secret.length - (to % secret.length));
          const text = `${before}${cut}${after}`;
          expect(hasFragment(redactorOf(secret).redactText(text), secret)).to.equal(false);
        },
      ),
    );
  });

  it("leaves a text as it is that has no part of a secret in it", () => {
    fc.assert(
      fc.property(longSecret, fc.string({ maxLength: 7 }), (secret, text) => {
        expect(redactorOf(secret).redactText(text)).to.equal(text);
      }),
    );
    const text = "a horse is correctly fed";
    expect(redactorOf("correct horse battery").redactText(text)).to.equal(text);
  });

  const forms: readonly (readonly [string, string])[] = [
    ["as it is", 'pa"ss wörd/1'],
    ["inside JSON text", JSON.stringify({ password: 'pa"ss wörd/1' })],
    ["inside JSON inside JSON", JSON.stringify(JSON.stringify('pa"ss wörd/1'))],
    ["in a URL", `https://user:${encodeURIComponent('pa"ss wörd/1')}@host/`],
    ["in base64", Buffer.from('pa"ss wörd/1').toString("base64")],
    ["cut in the middle of a quotation", JSON.stringify('pa"ss wörd/1').slice(0, 11)],
  ];
  for (const [where, text] of forms) {
    it(`hides a secret ${where}`, () => {
      expect(redactorOf('pa"ss wörd/1').redactText(text))
        .to.include(MASK)
        .and.not.match(/ss w|b3J/);
    });
  }

  it("hides two secrets side by side, and the longer of two whole", () => {
    expect(redactorOf("abcdefgh", "ijklmnop").redactText("xabcdefghijklmnopx")).to.equal(
      `x${MASK}x`,
    );
    expect(redactorOf("abc1", "abc1def").redactText("xabc1defx")).to.equal(`x${MASK}x`);
  });

  it("hides a short secret in sentences only, and a syllable only where it stands alone", () => {
    const redactor = redactorOf("hunter2", "a");
    expect(redactor.redactText("a cat: xhunter2x (a)")).to.equal(
      `${MASK} cat: x${MASK}x (${MASK})`,
    );
    const parts = { facts: {}, data: { tag: "a-hunter2" }, texts: { msg: "hunter2" } };
    expect(redactor.redactResult([], parts)).to.deep.equal({ tag: "a-hunter2", msg: MASK });
  });

  it("touches no key, no fact and no number that is none", () => {
    const redactor = redactorOf("0.28.9-secret", "msg-of-the-day", 12345678);
    const result = redactor.redactResult(["version"], {
      facts: { error_code: "msg-of-the-day" },
      data: {
        version: "v0.28.9-secret",
        "0.28.9-secret": ["0.28.9-secret"],
        count: 12345678,
        bytes: 1234567,
      },
      texts: { "msg-of-the-day": { deep: "msg-of-the-day" } },
    });
    expect(result).to.deep.equal({
      error_code: "msg-of-the-day",
      version: "v0.28.9-secret",
      "0.28.9-secret": [MASK],
      count: MASK,
      bytes: 1234567,
      "msg-of-the-day": { deep: MASK },
    });
  });

  it("leaves facts alone that a failure tells", () => {
    const redactor = redactorOf("running", "4711");
    const texts = { sub_state: "running", main_pid: 4711, msg: "4711 is running" };
    expect(
      redactor.redactResult(["sub_state", "main_pid"], { facts: {}, data: {}, texts }),
    ).to.deep.equal({ ...texts, msg: `${MASK} is ${MASK}` });
  });

  it("touches no fact that a failure tells", () => {
    const parts = { facts: {}, data: { attempts: 0 }, texts: { attempts: 1, tries: 1 } };
    expect(redactorOf("1").redactResult(["attempts"], parts)).to.deep.equal({
      attempts: 1,
      tries: MASK,
    });
  });

  it("finds the secret proper in a secret that is JSON, or JSON in JSON", () => {
    const inner = 'first"\\last\nline';
    const once = JSON.stringify({ key: inner });
    for (const given of [once, JSON.stringify(once)]) {
      expect(redactorOf(given).redactText(`it is ${inner}!`)).to.equal(`it is ${MASK}!`);
    }
  });

  it("takes secrets out of lists and dicts", () => {
    const redactor = redactorOf({ pin: 123456, words: ["one-word"] });
    expect(redactor.redactText("one-word 123456 1234567")).to.equal(`${MASK} ${MASK} ${MASK}7`);
  });

  it("does not take an empty secret for one", () => {
    expect(redactorOf("", "  ").redactText("a :  : b")).to.equal("a :  : b");
  });

  it("does not take its own mask for a secret", () => {
    const text = `a ${MASK}, a * and a **`;
    expect(redactorOf("*", "**", MASK).redactText(text)).to.equal(text);
  });

  it("reads three megabytes in a moment", () => {
    const start = process.cpuUsage();
    redactorOf("a secret of some length").redactText("some text with secrets ".repeat(130_000));
    expect(process.cpuUsage(start).user / 1e6).to.be.below(1);
  });
});
