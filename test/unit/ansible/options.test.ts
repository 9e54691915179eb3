// What is said about options that are wrong: no secret, no end of it, and no more than a moment.

import { expect } from "chai";

import { describeInvocation, parseOptions } from "../../../src/ansible/options";
import { Redactor } from "../../../src/ansible/redact";
import { type ModuleSpec, type OptionsSpec } from "../../../src/ansible/spec";
import { ModuleError } from "../../../src/base/errors";
import { MASK } from "../../../src/base/secrets";
import { spec as probe } from "../../../src/generated/contract_probe";

type Raw = Readonly<Record<string, unknown>>;

/** Options of which one has secrets of every shape; the validator finds fault with whatever is named. */
function specOf(options: OptionsSpec, faultAt: string): ModuleSpec<Raw> {
  const validate = Object.assign((): boolean => false, {
    errors: [
      {
        instancePath: faultAt,
        keyword: "enum",
        schemaPath: "#",
        params: { allowedValues: ["a"] },
      },
    ],
  });
  const { name, mutuallyExclusive, requiredOneOf, requiredIf, returned, facts } = probe;
  return { name, mutuallyExclusive, requiredOneOf, requiredIf, returned, facts, options, validate };
}

function messageFor(spec: ModuleSpec<unknown>, raw: Raw, redactor = new Redactor()): string {
  try {
    parseOptions(spec, raw, redactor);
  } catch (error) {
    expect(error).to.be.instanceOf(ModuleError);
    return (error as Error).message;
  }
  throw new Error("these options were taken");
}

describe("numbers that JSON has no word for", () => {
  it("are shown as what they are", () => {
    const message = messageFor(probe, { path: "/x", count: Infinity });
    expect(message).to.include("got Infinity (float)");
  });
});

describe("secret options", () => {
  const SECRET = "hunter2-hunter2";
  const wrong: readonly (readonly [string, unknown])[] = [
    ["a list", [SECRET]],
    ["a dict", { value: SECRET }],
    ["the key of a dict", { [SECRET]: 1 }],
    ["deep in a list", [[{ a: [SECRET] }]]],
  ];
  for (const [what, value] of wrong) {
    it(`are not quoted when they come as ${what}, and hidden everywhere else`, () => {
      const redactor = new Redactor();
      const message = messageFor(probe, { path: "/x", username: "u", password: value }, redactor);
      expect(message).to.match(/^contract_probe: password: expected string, got (list|dict)$/);
      expect(redactor.redactText(`x${SECRET}x`)).to.equal(`x${MASK}x`);
    });
  }

  const asText: readonly (readonly [string, string])[] = [
    ["JSON", `{"Authorization": "${SECRET}"}`],
    ["Python", `{'Authorization': '${SECRET}'}`],
    ["pairs", `Authorization=${SECRET}`],
  ];
  for (const [what, text] of asText) {
    it(`are hidden by their values when a dict comes as ${what}, but not by its keys`, () => {
      const redactor = new Redactor();
      const spec = specOf({ headers: { type: "dict", no_log: true } }, "/headers");
      messageFor(spec, { headers: text }, redactor);
      expect(redactor.redactText(`x${SECRET}x`)).to.equal(`x${MASK}x`);
      expect(redactor.redactText("Authorization")).to.equal("Authorization");
    });
  }

  const refused: readonly (readonly [string, Raw])[] = [
    ["under a mistyped name", { pasword: SECRET }],
    ["deep under a mistyped name", { pasword: { deep: [SECRET] } }],
    ["in text that should be a dict", { settings: `{PSK: ${SECRET}` }],
    ["in a list that should be a dict", { settings: [{ PSK: SECRET }] }],
    ["in JSON in JSON", { settings: JSON.stringify(JSON.stringify({ PSK: SECRET })) }],
    ["in a dict that should be a list", { tags: { [SECRET]: 1 } }],
  ];
  for (const [where, given] of refused) {
    it(`are hidden ${where}, in the message too`, () => {
      const redactor = new Redactor();
      const message = messageFor(probe, { path: "/x", count: SECRET, ...given }, redactor);
      expect(message).to.match(/count: expected integer, got "?\*{8}/);
      const invocation = JSON.stringify(describeInvocation(probe.options, given));
      expect(redactor.redactText(invocation)).to.not.include(SECRET.slice(0, 8));
    });
  }

  it("leave what is right readable beside an option that is refused", () => {
    const redactor = new Redactor();
    const raw = { path: "/some/where", count: "many-many", tags: ["some-words"] };
    expect(messageFor(probe, raw, redactor)).to.include('got "many-many"');
    expect(redactor.redactText("/some/where some-words")).to.equal("/some/where some-words");
  });

  it("are asked of the module for the options that are right, before the others are refused", () => {
    const raw = { path: "/x", settings: '{"PSK": "s"}', count: "many", body: "text" };
    const asked: Raw[] = [];
    expect(() => parseOptions(probe, raw, new Redactor(), (right) => asked.push(right))).to.throw();
    expect(asked).to.deep.equal([
      { path: "/x", settings: { PSK: "s" }, content: "text", enabled: true, state: "present" },
    ]);
  });

  it("are hidden one by one when a list comes as text", () => {
    const redactor = new Redactor();
    const spec = specOf({ tokens: { type: "list", elements: "str", no_log: true } }, "");
    messageFor(spec, { tokens: `first-token, ${SECRET}` }, redactor);
    expect(redactor.redactText(`x${SECRET}x`)).to.equal(`x${MASK}x`);
  });

  it("are hidden inside of dicts in lists", () => {
    const redactor = new Redactor();
    const options = { key: { type: "str", no_log: true } } as const;
    const spec = specOf({ peers: { type: "list", elements: "dict", options } }, "");
    messageFor(spec, { peers: [{ key: SECRET }] }, redactor);
    expect(redactor.redactText(`x${SECRET}x`)).to.equal(`x${MASK}x`);
  });

  for (const [place, raw] of [
    ["/secret", { secret: SECRET }],
    ["/secret/0", { secret: [SECRET] }],
    ["/secret/0/name", { secret: [{ name: SECRET }] }],
    ["/peers/0/key", { peers: [{ key: SECRET }] }],
    ["/peers/0/key", { peers: `[]` }],
  ] as const) {
    it(`are not quoted by a complaint about ${place} of ${JSON.stringify(Object.keys(raw))}`, () => {
      const name = { type: "str" } as const;
      const spec = specOf(
        {
          secret: { type: "raw", no_log: true, aliases: ["hidden"], options: { name } },
          peers: {
            type: "list",
            elements: "dict",
            options: { key: { type: "str", no_log: true } },
          },
        },
        place,
      );
      // With a redactor that forgets, nothing but the sentence itself can keep the secret.
      const forgetful = new Redactor();
      forgetful.redactText = (text): string => text;
      expect(messageFor(spec, raw, forgetful))
        .to.include("expected one of a, got ")
        .and.not.include(SECRET);
    });
  }

  it("are hidden under their aliases, and as numbers of any length", () => {
    const redactor = new Redactor();
    const spec = specOf({ pin: { type: "str", no_log: true, aliases: ["code"] } }, "/pin");
    messageFor(spec, { code: 482915 }, redactor);
    expect(redactor.redactText("482915")).to.equal(MASK);
  });

  it("go before a quotation is cut, so that no half of one is left", () => {
    const count = `${"x".repeat(70)}${SECRET}`;
    const message = messageFor(probe, { path: "/x", username: "u", password: SECRET, count });
    expect(message).to.include("count: expected integer").and.not.include("hunter");
  });
});

describe("the invocation", () => {
  it("shows what was given, but nothing secret, and nothing that has a mistyped name", () => {
    const raw = { path: "/x", text: "t", password: ["p"], pasword: "q", username: null };
    expect(describeInvocation(probe.options, raw)).to.deep.equal({
      ...{ path: "/x", text: "t", password: MASK, pasword: MASK, username: null },
    });
  });
});

describe("dicts and lists in the wrong place", () => {
  for (const name of ["count", "state", "enabled", "content"]) {
    it(`are named, not quoted: they may hold secrets (${name})`, () => {
      const message = messageFor(probe, { path: "/x", [name]: { PSK: "p5k-p5k-p5k" } });
      expect(message).to.match(/got dict$/);
    });
  }

  it("says the same of text where a dict belongs", () => {
    const message = messageFor(probe, { path: "/x", settings: "PSK: p5k-p5k-p5k" });
    expect(message).to.equal("contract_probe: settings: expected a dict, got str");
  });
});

describe("text that nothing can be done with", () => {
  const cases: readonly (readonly [Raw, string])[] = [
    [{ path: "/x\0y" }, "path: contains a NUL character"],
    [{ content: "a\0" }, "content: contains a NUL character"],
    [{ tags: ["a", "\0"] }, "tags[1]: contains a NUL character"],
    [{ path: "/\ud800" }, "path: contains half a character"],
    [{ anything: [{ a: ["\udfff"] }] }, "anything: contains half a character"],
    [{ settings: '{"a": "\\ud83d"}' }, "settings: contains half a character"],
    [{ settings: { "\ud800": 1 } }, "settings: contains half a character"],
    [{ peers: [{ name: "\ud800" }] }, "peers[0].name: contains half a character"],
  ];
  for (const [raw, message] of cases) {
    it(`is refused with ${message.slice(0, -2)}`, () => {
      expect(messageFor(probe, { path: "/x", ...raw })).to.include(`contract_probe: ${message}`);
    });
  }

  it("may hold what has two halves", () => {
    const { content } = parseOptions(probe, { path: "/x", content: "😀" }, new Redactor());
    expect(content).to.equal("😀");
  });
});

describe("more faults than anybody reads", () => {
  const within = (milliseconds: number, raw: Raw): string => {
    const begun = process.hrtime.bigint();
    const message = messageFor(probe, { path: "/x", ...raw });
    expect(Number(process.hrtime.bigint() - begun) / 1e6).to.be.below(milliseconds);
    return message;
  };

  it("are counted, and the first ones told: 100,000 unknown options", () => {
    const names = Array.from({ length: 100_000 }, (_, index) => [`cuont${index}`, 1] as const);
    const message = within(3000, Object.fromEntries(names));
    expect(message).to.match(/^contract_probe: 100000 faults: cuont0: unknown option, did you/);
    expect(message).to.match(/; and 99990 more$/);
    expect(message.length).to.be.below(2000);
  });

  it("are counted, and the first ones told: 100,000 wrong elements", () => {
    const message = within(3000, { ports: Array.from({ length: 100_000 }, () => "x") });
    expect(message).to.include("100000 faults: ports[0]: expected integer").and.include("more");
    expect(message.length).to.be.below(2000);
  });

  it("are cut where they are quoted: 10 MB of a name, and of a value", () => {
    const long = "x".repeat(10_000_000);
    const message = within(3000, { [long]: 1, count: long, state: long });
    expect(message).to.include("xxx...: unknown option (known").and.include("xxx... (str)");
    expect(message.length).to.be.below(1000);
  });

  it("quotes a name that is none", () => {
    expect(messageFor(probe, { path: "/x", "a\nb": 1 })).to.include('"a\\nb": unknown option');
  });
});

describe("text that is a dict, with a secret that needs a backslash", () => {
  const settings = 'PSK="MYgTpXy\\niOAlcBzw"';

  it("is not quoted in the message about another option", () => {
    const redactor = new Redactor();
    const raw = { path: "/x", settings, count: settings };
    expect(() => parseOptions(probe, raw, redactor)).to.throw(/^(?!.*MYgTpXy)/);
  });

  it("is shown as what it is taken for, so that its secret is known", () => {
    const { settings: shown } = describeInvocation(probe.options, { settings });
    expect(shown).to.deep.equal({ PSK: "MYgTpXyniOAlcBzw" });
  });
});
