// The loop around the five verbs, with a module whose steps are words in a script.

import { expect } from "chai";

import {
  type Change,
  type Module,
  type Verbs,
  type Obstacle,
  type Plan,
} from "../../../src/ansible/module";
import { type Result } from "../../../src/ansible/result";
import { ModuleRun } from "../../../src/ansible/run";
import { type ModuleSpec } from "../../../src/ansible/spec";
import { ModuleError, StaleObservationError } from "../../../src/base/errors";
import { MASK } from "../../../src/base/secrets";

/** What the world is short of, and what happens when a step is applied. */
interface Toy {
  /** Steps to make; each that was made is gone from the world. */
  readonly world: Set<string>;
  /** By step and attempt ("b1"): how it ends, if not well. */
  readonly script?: Readonly<Record<string, (toy: Toy) => void>>;
  readonly obstacles?: readonly Obstacle[];
  readonly reportFails?: boolean;
  /** What it makes of its options, where not all of them are open. */
  readonly secretsOf?: () => readonly unknown[];
}

const spec: ModuleSpec<object> = {
  name: "toy",
  options: { secret: { type: "str", no_log: true }, note: { type: "str" } },
  mutuallyExclusive: [],
  requiredOneOf: [],
  requiredIf: [],
  validate: () => true,
  returned: ["left", "made"],
  facts: [],
};

function moduleOf(toy: Toy): Module<object, Toy, readonly string[], Plan, number> {
  const { secretsOf } = toy;
  return { spec, ...(secretsOf === undefined ? {} : { secretsOf }), verbs: () => verbsOf(toy) };
}

function verbsOf(toy: Toy): Verbs<object, Toy, readonly string[], Plan, number> {
  return {
    declare: () => toy,
    observe: ({ world }) => [...world],
    plan: (_, steps) => ({
      changes: steps.map((step): Change => ({
        summary: `make ${step}`,
        diff: { before_header: "made", after_header: "made", before: "", after: `${step}\n` },
      })),
      warnings: [`${steps.length} to make`],
      ...(toy.obstacles === undefined ? {} : { obstacles: toy.obstacles }),
    }),
    apply: (change, made, run) => {
      const step = change.summary.replace("make ", "");
      const act = toy.script?.[step];
      if (step === "recorded") run.record(change);
      act?.(toy);
      toy.world.delete(step);
      if (step === "more") run.record({ summary: "make more than planned" });
      if (step === "redone") run.record(change);
      if (["undone", "redone"].includes(step)) run.revoke(change);
      return made + 1;
    },
    nothing: 0,
    report: (_, left, __, { changes, outcome }) => {
      if (toy.reportFails === true) throw new Error("cannot report");
      return { left: left.length - changes.length, made: outcome };
    },
  };
}

function run(
  toy: Toy,
  { checkMode = false, options = {} } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const settings = { checkMode, diffMode: true, verbosity: 0 };
  return new ModuleRun(moduleOf(toy)).execute({ options, settings });
}

const fail = (code: "host" | "conflict"): never => {
  throw new ModuleError(code, "it broke", { result: { detail: "glass" } });
};

/** Loses a race once, after which the world is as in `then`. */
function loseOnce(then: (toy: Toy) => void): (toy: Toy) => void {
  let lost = false;
  return (toy) => {
    if (lost) return;
    lost = true;
    then(toy);
    throw new StaleObservationError("conflict", "too late");
  };
}

describe("ModuleRun", () => {
  it("tells what was done, its diff in one, and the module's own keys", async () => {
    expect(await run({ world: new Set(["a", "b"]) })).to.deep.equal({
      ...{ changed: true, left: 0, made: 2 },
      changes: ["make a", "make b"],
      diff: [{ before_header: "made", after_header: "made", before: "", after: "a\nb\n" }],
      warnings: ["2 to make"],
      invocation: { module_args: {} },
    });
  });

  it("tells the plan in check mode, and applies nothing", async () => {
    const toy = { world: new Set(["a"]), script: { a: () => fail("host") } };
    const result = await run(toy, { checkMode: true });
    expect(result).to.deep.include({ changed: true, changes: ["make a"], left: 0, made: 0 });
    expect([...toy.world]).to.deep.equal(["a"]);
  });

  const failures: readonly (readonly [string, Toy, Result])[] = [
    [
      "at the first step",
      { world: new Set(["a", "b"]), script: { a: () => fail("host") } },
      { changed: false, changes: [], left: 2, made: 0, msg: "it broke", diff: [] },
    ],
    [
      "at a later step",
      { world: new Set(["a", "b"]), script: { b: () => fail("host") } },
      { changed: true, changes: ["make a"], left: 1, msg: "it broke\nalready done: make a" },
    ],
    [
      "after the effect of a step",
      { world: new Set(["recorded"]), script: { recorded: () => fail("host") } },
      { changed: true, changes: ["make recorded"], left: 0 },
    ],
    [
      "with an error of its own in report",
      { world: new Set(["a", "b"]), script: { b: () => fail("host") }, reportFails: true },
      { changed: true, changes: ["make a"], left: null, made: null, detail: "glass" },
    ],
  ];
  for (const [where, toy, expected] of failures) {
    it(`tells the truth of a run that fails ${where}`, async () => {
      const result = await run(toy);
      expect(result).to.deep.include({ failed: true, error_code: "host", ...expected });
      expect(result).to.have.property("warnings");
      expect(result).to.have.property("invocation");
    });
  }

  it("tells the steps of all attempts after lost races", async () => {
    const script = { b: loseOnce((toy) => toy.world.delete("b")) };
    const result = await run({ world: new Set(["a", "b"]), script });
    expect(result).to.deep.include({ changed: true, changes: ["make a"], made: 1 });
    expect(result).to.not.have.property("failed");
  });

  it("takes a second look, and makes what is left then", async () => {
    const script = { b: loseOnce((toy) => toy.world.add("c")) };
    const result = await run({ world: new Set(["a", "b"]), script });
    expect(result).to.deep.include({ changes: ["make a", "make b", "make c"], made: 3 });
  });

  it("gives up after five lost races, and tells what was done in them", async () => {
    let attempts = 0;
    const script = {
      b: () => {
        attempts += 1;
        throw new StaleObservationError("conflict", "too late");
      },
    };
    const result = await run({ world: new Set(["a", "b"]), script });
    expect(attempts).to.equal(5);
    expect(result).to.deep.include({ failed: true, error_code: "conflict", changes: ["make a"] });
  });

  it("tells more than was planned, and nothing of what was undone", async () => {
    const result = await run({ world: new Set(["a", "more", "undone", "redone"]) });
    expect(result["changes"]).to.deep.equal(["make a", "make more than planned"]);
  });

  it("does not show the internal error of a module that cannot report without its truth", async () => {
    const result = await run({ world: new Set(["a"]), reportFails: true });
    expect(result).to.deep.include({ failed: true, error_code: "internal", changes: ["make a"] });
    expect(result["msg"]).to.include("already done: make a");
  });

  describe("with obstacles", () => {
    const passing: Obstacle = { code: "not_found", message: "no binary", result: { lacks: 1 } };
    const lasting: Obstacle = { code: "refused", message: "not allowed", lasting: true };

    it("refuses before the first step, with the code of the first and the words of all", async () => {
      const toy = { world: new Set(["a"]), obstacles: [passing, lasting] };
      const result = await run(toy);
      expect(result).to.deep.include({
        ...{
          failed: true,
          changed: false,
          changes: [],
          error_code: "not_found",
          lacks: 1,
          left: 1,
        },
        msg: "no binary; not allowed",
      });
      expect(toy.world.size).to.equal(1);
    });

    it("only warns of passing ones in check mode", async () => {
      const toy = { world: new Set(["a"]), obstacles: [passing] };
      const result = await run(toy, { checkMode: true });
      expect(result).to.deep.include({ changed: true, warnings: ["no binary", "1 to make"] });
    });

    it("refuses in check mode what nothing can take away", async () => {
      const toy = { world: new Set(["a"]), obstacles: [passing, lasting] };
      const result = await run(toy, { checkMode: true });
      expect(result).to.deep.include({ failed: true, error_code: "refused", msg: "not allowed" });
      expect(result).to.deep.include({ changed: false, changes: [] });
    });

    it("warns once of what the plan warns of, too", async () => {
      const obstacle: Obstacle = { code: "not_found", message: "1 to make" };
      const result = await run(
        { world: new Set(["a"]), obstacles: [obstacle] },
        { checkMode: true },
      );
      expect(result["warnings"]).to.deep.equal(["1 to make"]);
    });
  });

  it("hides what the module knows for a secret, and shows the options then", async () => {
    const toy: Toy = {
      world: new Set(["hunter2-hunter2"]),
      secretsOf: () => ["hunter2-hunter2"],
    };
    const result = await run(toy, { options: { note: "hunter2-hunter2" } });
    expect(result).to.deep.include({ changes: [`make ${MASK}`] });
    expect(result).to.have.property("invocation");
    expect(JSON.stringify(result)).to.not.include("hunter2");
  });

  it("shows no options of which it does not know the secrets", async () => {
    const toy: Toy = {
      world: new Set(["a"]),
      secretsOf: () => {
        throw new TypeError("expected a dict");
      },
    };
    const result = await run(toy, { options: { secret: "x" } });
    expect(result).to.include({ failed: true }).and.not.have.property("invocation");
  });

  it("ends before the next step when it is interrupted", async () => {
    const settings = { checkMode: false, diffMode: false, verbosity: 0 };
    const toy: Toy = {
      world: new Set(["a", "b"]),
      script: {
        a: () => {
          expect(running.underWay?.summary).to.equal("make a");
          running.interrupt(new ModuleError("interrupted", "interrupted by SIGTERM"));
        },
      },
    };
    const running = new ModuleRun(moduleOf(toy));
    const result = await running.execute({ options: {}, settings });
    expect(result).to.deep.include({
      ...{ failed: true, error_code: "interrupted", changes: ["make a"] },
      msg: "interrupted by SIGTERM\nalready done: make a",
    });
    expect([...toy.world]).to.deep.equal(["b"]);
  });

  it("has all promised keys when the options are refused", async () => {
    const result = await run({ world: new Set() }, { options: { unknown: 1 } });
    expect(result).to.deep.include({ failed: true, left: null, made: null, changes: [] });
    expect(result).to.have.property("invocation");
  });
});
