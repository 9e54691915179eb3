// Generated arguments for the contract probe: values that are right, nearly right, and wrong.

import fc from "fast-check";

type Text = fc.Arbitrary<string>;

const NUMBERS = fc.constantFrom(
  0,
  1,
  -1,
  2,
  5,
  99,
  100,
  101,
  0.5,
  5.5,
  1e-4,
  1e-5,
  1.5e-7,
  1e22,
  123456.789,
);
const BLANKS = fc.constantFrom("", "", "", " ", "\t", "\n ", "\u00a0");
const padded = (text: Text): Text => fc.tuple(BLANKS, text, BLANKS).map((parts) => parts.join(""));

const INTEGER_TEXTS = padded(
  fc.oneof(
    fc.constantFrom(
      "08",
      "010",
      "1_000",
      "5.0",
      "5.",
      ".0",
      "1e3",
      "1E1",
      "10e-1",
      "1.5e1",
      "1.55e1",
      "-0",
      "+7",
      "_5_",
    ),
    fc.constantFrom(
      "0x10",
      "1e",
      "e1",
      ".",
      "",
      "5 5",
      "--5",
      "0b1",
      "1e99",
      "NaN",
      "-inf",
      "Infinity",
    ),
    fc.stringMatching(/^[+-]?[0-9_.]{1,4}(e[+-]?[0-9]{1,2})?$/),
    fc.integer({ min: -10, max: 110 }).map(String),
  ),
);
const FLOAT_TEXTS = padded(
  fc.oneof(
    INTEGER_TEXTS,
    fc.constantFrom(
      "1_0.5",
      "1__0",
      "_1",
      "1_",
      "1._5",
      "1e1_0",
      "0x1p3",
      "1e400",
      "3.14",
      ".5e-3",
    ),
  ),
);
const BOOLEAN_TEXTS = padded(
  fc.constantFrom(
    "yes",
    "No",
    "ON",
    "off",
    "TRUE",
    "False",
    "1",
    "0",
    "y",
    "N",
    "t",
    "f",
    "maybe",
    "",
    "2",
    "1.0",
  ),
);
const PATH_TEXTS = fc.oneof(
  fc.constantFrom(
    "~",
    "~/",
    "~/a//b/../c",
    "~root",
    "~root/x",
    "~nobody-of-this-name/x",
    "a~",
    "/x/~",
  ),
  fc.constantFrom(
    "$FLANNEL_TEST_DIR/x",
    "${FLANNEL_TEST_DIR}x",
    "${}",
    "$",
    "${FLANNEL_TEST_DIR",
    "$NO_SUCH/$",
  ),
  fc.constantFrom("$FLANNEL_TEST_DIR$FLANNEL_TEST_DIR", "${NO-SUCH}", "", "x"),
);
const PAIRS = fc.oneof(
  fc.constantFrom(
    "a=1, b=2",
    'a=1 b=\'x y\' c="p\\"q"',
    "a=x=y",
    "no pairs",
    "=",
    "a=1,b",
    "a='b",
    'a="b\\',
    "a=1\nb=2",
  ),
  fc.stringMatching(/^[ab=, "'\\\n]{0,12}$/),
  fc.constantFrom("name=a weight=5", "name=a,weight=x", "name=a"),
);

/** Text that is, or nearly is, a Python literal. */
const PYTHON_ATOMS = fc.constantFrom(
  ...[
    "1",
    "-5",
    "+3",
    "- 2",
    "0x1F",
    "0o17",
    "0b11",
    "1_000",
    "00",
    "0_0",
    "1.5",
    "1e3",
    ".5",
    "5.",
    "01.5",
    "1_0.5",
  ],
  ...[
    "True",
    "False",
    "None",
    "'a'",
    '"b"',
    "'''c\nd'''",
    '"""e"f"""',
    "r'\\n'",
    'R"\\""',
    "u'x'",
    "'\\x41'",
  ],
  ...[
    "'\\u00e9'",
    "'\\U0001F600'",
    "'\\d'",
    "'a\\\nb'",
    "'a' \"b\"",
    "'\\101\\0601'",
    "'it\\'s'",
    "''",
    "''''''",
  ],
  ...["'\\a\\b\\f\\n\\r\\t\\v\\\\'", "'é'", "'''a\r\nb'''", "()", "[]", "{}", "(1)", "(1,)"],
);
const NO_ATOMS = fc.constantFrom(
  ...[
    "--2",
    "0b12",
    "1__0",
    "010",
    "1j",
    "1+2j",
    "1if",
    "0x",
    "1e",
    "-True",
    "true",
    "null",
    "set()",
    "...",
    "nan",
    "x",
  ],
  ...[
    "ur'x'",
    "b'x'",
    "f'x'",
    "'a\nb'",
    "'\\x4'",
    "'a",
    "'\\U00110000'",
    "{1}",
    "(,)",
    "[,]",
    "",
    "-'a'",
    "1 2",
  ],
);
const SEPARATORS = fc.constantFrom(
  ", ",
  ", ",
  ", ",
  ", ",
  ",",
  " , ",
  ",\n",
  ", # why\n",
  ",\\\n",
  " ",
);
const joined = (items: fc.Arbitrary<string[]>): Text =>
  fc
    .tuple(items, SEPARATORS, fc.constantFrom("", "", "", "", ",", " ", " #"))
    .map(([each, separator, end]) => each.join(separator) + end);

const { python } = fc.letrec<{ python: string; value: string; entry: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 12, arbitrary: PYTHON_ATOMS },
    { weight: 1, arbitrary: NO_ATOMS },
    { weight: 1, arbitrary: tie("python") },
    {
      weight: 1,
      arbitrary: joined(fc.array(tie("value"), { maxLength: 3 })).map((items) => `[${items}]`),
    },
    {
      weight: 1,
      arbitrary: joined(fc.array(tie("value"), { maxLength: 3 })).map((items) => `(${items})`),
    },
  ),
  entry: fc
    .tuple(
      fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom("'a'", '"b"', "'c' 'd'", "('e')", "'__proto__'") },
        { weight: 1, arbitrary: fc.oneof(PYTHON_ATOMS, NO_ATOMS) },
      ),
      fc.constantFrom(":", ": ", " : "),
      tie("value"),
    )
    .map((parts) => parts.join("")),
  // A key that comes twice would hide from Python, which reads on, what is wrong with the first value.
  python: joined(
    fc.uniqueArray(tie("entry"), {
      maxLength: 3,
      selector: (entry) => entry.split(":")[0]?.trim(),
    }),
  ).map((entries) => `{${entries}}`),
}));

const JSON_DICTS = fc.dictionary(
  fc.constantFrom("a", "b", "name", "weight", "é", "__proto__"),
  fc.constantFrom<unknown>(1, -2.5, "x", "é\n\"'", null, true, [1, ["a"]], { a: { b: null } }),
  { maxKeys: 3 },
);

/** One letter too few, or too many. */
const mangled = (texts: Text): Text =>
  fc
    .tuple(
      texts,
      fc.nat(40),
      fc.constantFrom("", "'", '"', ",", "}", "{", "\\", "#", "0", " ", ":"),
    )
    .map(
      ([text, at, letter]) => text.slice(0, at) + letter + text.slice(letter === "" ? at + 1 : at),
    );

const DICT_TEXTS = padded(
  fc.oneof(
    PAIRS,
    python,
    mangled(python),
    JSON_DICTS.map((dict) => JSON.stringify(dict)),
    JSON_DICTS.map((dict) => JSON.stringify(dict, undefined, 1)),
    mangled(JSON_DICTS.map((dict) => JSON.stringify(dict))),
  ),
);
const LIST_TEXTS = fc.oneof(
  fc.constantFrom("a,b", "a, b", "", " ", ",", "a,,b", " a ,", "1,2", "1, x"),
  fc.array(INTEGER_TEXTS, { maxLength: 3 }).map((items) => items.join(",")),
);

const WORDS = fc.constantFrom(
  "",
  "a",
  "é",
  "None",
  "hello world",
  "5",
  "true",
  "a=b",
  "[1, 2]",
  "\u2028",
);
const ANY = fc.oneof(
  NUMBERS,
  fc.boolean(),
  WORDS,
  fc.constant(null),
  fc.constantFrom<unknown>([], {}, ["a"], { a: 1 }, [1, "2"]),
);
/** Mostly of the kind, now and then anything. */
const mostly = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 8, arbitrary: values }, { weight: 1, arbitrary: ANY });
const listOf = (items: fc.Arbitrary<unknown>, texts: Text): fc.Arbitrary<unknown> =>
  mostly(fc.oneof(fc.array(items, { maxLength: 3 }), texts));

const integers = mostly(fc.oneof(NUMBERS, INTEGER_TEXTS));
const peer = mostly(
  fc.oneof(
    fc.record(
      { name: mostly(WORDS), weight: integers, other: fc.constant(1) },
      { requiredKeys: [] },
    ),
    fc.record({ name: WORDS, weight: fc.constantFrom(1, "2", 3.5) }, { requiredKeys: ["name"] }),
    PAIRS,
  ),
);

const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  content: mostly(fc.oneof(WORDS, NUMBERS, fc.boolean())),
  text: WORDS,
  state: mostly(fc.constantFrom("present", "absent", "odd", "present")),
  count: integers,
  ratio: mostly(fc.oneof(NUMBERS, FLOAT_TEXTS)),
  enabled: mostly(fc.oneof(fc.boolean(), BOOLEAN_TEXTS, NUMBERS)),
  tags: listOf(mostly(WORDS), LIST_TEXTS),
  ports: listOf(integers, LIST_TEXTS),
  settings: mostly(fc.oneof(DICT_TEXTS, DICT_TEXTS, JSON_DICTS)),
  anything: ANY,
  password: mostly(WORDS),
  username: mostly(WORDS),
  peers: listOf(peer, fc.oneof(LIST_TEXTS, PAIRS)),
  json: WORDS,
  json5: WORDS,
  left: WORDS,
  unknown: ANY,
};

/** Sets of at most three options beside the required one: with more, one is wrong nearly always. */
export const argumentSets: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    mostly(fc.oneof(PATH_TEXTS, fc.constant("/x"), fc.constant("/x"))),
    fc.subarray(Object.keys(VALUES), { minLength: 0, maxLength: 3 }),
  )
  .chain(([path, names]) => {
    const chosen = Object.fromEntries(names.map((name) => [name, VALUES[name] ?? ANY]));
    return fc.record(chosen).map((values) => ({ path, ...values }));
  })
  .map((set) => JSON.parse(JSON.stringify(set)) as Record<string, unknown>);

/** Nothing but a dict as text: JSON, Python, pairs. */
export const dictTexts: fc.Arbitrary<Record<string, unknown>> = DICT_TEXTS.map((settings) => ({
  path: "/x",
  settings,
}));
