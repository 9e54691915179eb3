// Tasks for the contract probe (test/fixtures/contract_probe).

import fc from "fast-check";

import { spec } from "../../../src/generated/contract_probe";
import { type Case, type Part, ROOT, caseOf, optionsOf, sometimes } from "./case";
import { junk } from "./junk";
import { type Secret, anySecret, nastySecret, spelling } from "./secret";

const paths = ["a", "b", "c", "folder/d"].map((name) => `${ROOT}/${name}`);

const options = optionsOf(spec.options, {
  good: {
    content: fc.constantFrom("hello", "it is\na text", "", "\u00e9\u5bc6", 7),
    state: fc.constantFrom("present", "absent"),
    peers: fc.constantFrom<unknown>([], [{ name: "a" }], [{ name: "b", weight: "7" }]),
    fault: fc.constantFrom(
      ...["throw", "exit", "stale", "raced", "obstacle", "refusal", "observe"],
      ...[undefined, undefined, undefined, undefined],
    ),
  },
  bad: {
    state: fc.constantFrom("odd", "gone"),
    peers: fc.constantFrom<unknown>([{}], [{ nmae: "a" }], { name: "a" }),
    count: fc.constantFrom<unknown>(-1, 101, "many"),
  },
  needed: [],
  // It writes wherever it is told to.
  forced: { path: fc.constantFrom(...paths), more: fc.subarray(paths) },
  left: ["username", "password", "json5", "settings"],
});

/** Places for secrets. */
const places: readonly ((secret: Secret) => fc.Arbitrary<Part["options"]>)[] = [
  ({ text }) => fc.constant({ username: "u", password: text }),
  ({ text }) => fc.constant({ settings: { a: "b", PSK: text } }),
  ({ text, isShort }) =>
    fc
      .constantFrom<unknown>(
        [text],
        isShort ? { a: text } : { [text]: 1 },
        { a: [text] },
        [[{ b: text }]],
        [1, text, text],
      )
      .map((password) => ({ username: "u", password })),
  ({ text, isShort }) =>
    spelling(fc.constantFrom({ PSK: text }, { a: "b", PSK: text }), isShort).map((settings) => ({
      settings,
    })),
];

/** What else the task says with the same words. */
const echo: readonly ((secret: Secret) => Part["options"])[] = [
  ({ text }) => ({ content: `x${text}y` }),
  ({ text }) => ({ content: text, anything: [{ a: text }] }),
  ({ text }) => ({ state: text }),
  ({ text }) => ({ count: text, ports: [text] }),
  ({ text }) => ({ tags: [text, text] }),
  ({ text }) => ({ fault: "exit", content: text }),
  ({ text }) => ({ fault: "throw", content: text }),
  ({ text }) => ({ pasword: text }),
];

const placed: fc.Arbitrary<Part> = anySecret.chain((secret) =>
  fc
    .tuple(
      fc.constantFrom(...places).chain((place) => place(secret)),
      sometimes(
        1,
        fc.constantFrom(...echo).map((say) => say(secret) ?? {}),
      ),
    )
    .map(([options, more]) => ({ options: { ...options, ...more }, secrets: [secret] })),
);

/** Tasks with secrets that must not be shown. */
export const secretProbes: fc.Arbitrary<Case> = caseOf(
  options,
  fc.array(placed, { minLength: 1, maxLength: 2 }),
);

const nasty: fc.Arbitrary<Part> = fc
  .tuple(
    nastySecret,
    nastySecret,
    fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, fc.record({ anything: junk })),
  )
  .map(([password, psk, more]) => ({
    options: { username: "u", password, settings: { PSK: psk }, ...more },
    files: { [`${ROOT}/a`]: "hello", [`${ROOT}/b`]: password },
  }));

/** Tasks with secrets that spell words of the contract. */
export const nastyProbes: fc.Arbitrary<Case> = caseOf(options, fc.array(nasty, { maxLength: 1 }));
