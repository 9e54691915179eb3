// The same arguments through ansible-core's own validation and through ours: the same values come
// out, or both refuse. Where we differ on purpose, the table says so, and why.

import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { readModuleSource } from "../../../scripts/build/documentation";
import { parseArguments } from "../../../src/ansible/arguments";
import { parseOptions } from "../../../src/ansible/options";
import { Redactor } from "../../../src/ansible/redact";
import { type OptionSpec, type OptionsSpec } from "../../../src/ansible/spec";
import { ModuleError } from "../../../src/base/errors";
import { isRecord } from "../../../src/base/json";
import { spec } from "../../../src/generated/contract_probe";
import { validateWithAnsible } from "../../support/ansible-core";
import { argumentSets, dictTexts } from "../../support/argument-sets";

const PROBE = readModuleSource(join(__dirname, "..", "..", "fixtures", "contract_probe"));
const CASES = Number(process.env["FC_RUNS"] ?? 2000);

const REFUSED = Symbol("refused");
const NOT_GIVEN = Symbol("not given");

interface Difference {
  readonly because: string;
  readonly applies: (option: OptionSpec, value: unknown) => boolean;
  /** What Ansible has to be given to do as we do. */
  readonly instead: (value: unknown) => unknown;
}

const isText = (value: unknown): value is string => typeof value === "string";

const DIFFERENCES: readonly Difference[] = [
  {
    because: "null is what a template of an optional variable leaves: the option is not given",
    applies: (_, value) => value === null,
    instead: () => NOT_GIVEN,
  },
  {
    because: "a dict or list is no text; Ansible takes what Python prints for it",
    applies: ({ type }, value) => /^(str|path)$/.test(type) && typeof value === "object",
    instead: () => REFUSED,
  },
  {
    because: "true and false are no numbers; Python's are",
    applies: ({ type }, value) => /^(int|float)$/.test(type) && typeof value === "boolean",
    instead: () => REFUSED,
  },
  {
    because: "no name in a list begins or ends with a blank, and nothing between commas is no name",
    applies: ({ type }, value) => type === "list" && isText(value),
    instead: (value) =>
      String(value).trim() === ""
        ? []
        : String(value)
            .split(",")
            .map((item) => item.trim()),
  },
  {
    because: "empty text is what a template of no settings gives",
    applies: ({ type }, value) => type === "dict" && isText(value) && value.trim() === "",
    instead: () => ({}),
  },
  {
    because: "blanks around braces, of whatever kind, do not make something else of a dict",
    applies: ({ type }, value) =>
      type === "dict" && isText(value) && value !== value.trim() && /^\s*\{/.test(value),
    instead: (value) => String(value).trim(),
  },
];

/** The arguments that Ansible has to be given; REFUSED where we refuse and Ansible does not. */
function adapt(options: OptionsSpec, given: unknown): unknown {
  if (!isRecord(given)) return given;
  const adapted: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const [key, raw] of Object.entries(given)) {
    const name = Object.keys(options).find(
      (each) => each === key || options[each]?.aliases?.includes(key),
    );
    const option = options[name ?? ""];
    const value = option === undefined ? raw : adaptValue(option, raw);
    // Ansible takes the alias and warns; which of the two was meant, nobody knows.
    if (value === REFUSED || (value !== NOT_GIVEN && seen.has(name ?? key))) return REFUSED;
    if (value === NOT_GIVEN) continue;
    seen.add(name ?? key);
    adapted[key] = value;
  }
  return adapted;
}

function adaptValue(option: OptionSpec, raw: unknown): unknown {
  const difference = DIFFERENCES.find(({ applies }) => applies(option, raw));
  const value = difference === undefined ? raw : difference.instead(raw);
  if (Array.isArray(value) && option.type === "list") {
    const { elements = "raw", options } = option;
    const element: OptionSpec = { type: elements, ...(options === undefined ? {} : { options }) };
    const items = value.map((item) => adaptValue(element, item));
    // A list has no place for what is not given.
    return items.some((item) => item === REFUSED || item === NOT_GIVEN) && elements !== "raw"
      ? REFUSED
      : items;
  }
  return option.options === undefined ? value : adapt(option.options, value);
}

/** What Ansible makes of what it has to be given to do as we do. */
function expectedOf(sets: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  const adapted = sets.map((set) => adapt(spec.options, set));
  const asked = adapted.map((set) => (isRecord(set) ? set : {}));
  const verdicts = validateWithAnsible(PROBE, asked);
  return adapted.map((set, index) => (set === REFUSED ? REFUSED : (verdicts[index] ?? REFUSED)));
}

/** Our verdict; whatever is thrown must be a refusal with a sentence. */
function parse(text: string): unknown {
  try {
    return parseOptions(spec, parseArguments(text).options, new Redactor());
  } catch (error) {
    expect(error).to.be.instanceOf(ModuleError).with.property("code", "invalid_arguments");
    return REFUSED;
  }
}

describe("arguments, as ansible-core takes them", function () {
  this.timeout(60_000);
  before(() => {
    process.env["FLANNEL_TEST_DIR"] = "/there";
  });
  after(() => {
    delete process.env["FLANNEL_TEST_DIR"];
  });

  const kinds = [
    ["sets of arguments", argumentSets, CASES],
    ["dicts as text", dictTexts, CASES / 2],
  ] as const;
  for (const [what, sets, numRuns] of kinds) {
    it(`gives the same values or the same refusal for ${numRuns} generated ${what}`, () => {
      const seed = Number(process.env["FC_SEED"] ?? Date.now() % 1_000_000);
      const given = fc.sample<Readonly<Record<string, unknown>>>(sets, { numRuns, seed });
      const expected = expectedOf(given);
      given.forEach((set, index) => {
        const text = JSON.stringify(set);
        expect(parse(text), `FC_SEED=${seed}: ${text}`).to.deep.equal(expected[index]);
      });
      // Of a generator that gives only refusals, nothing is learned.
      const accepted = expected.filter((values) => values !== REFUSED).length;
      expect(accepted).to.be.within(numRuns / 4, numRuns * 0.9);
    });
  }
});
