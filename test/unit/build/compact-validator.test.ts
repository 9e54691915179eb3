import Ajv from "ajv/dist/2019";
import standaloneCode from "ajv/dist/standalone";
import { expect } from "chai";
import fc from "fast-check";

import { compactValidator } from "../../../scripts/build/compact-validator";
import { type ValidationError, type Validator } from "../../../src/ansible/spec";

const SCHEMA = {
  type: "object",
  properties: {
    state: { type: "string", enum: ["present", "absent"] },
    count: { type: "integer", minimum: 1, maximum: 3 },
    names: { type: "array", items: { type: "string" } },
    inner: {
      type: "object",
      properties: { path: { type: "string" } },
      required: ["path"],
    },
  },
  dependentRequired: { names: ["count"] },
  allOf: [
    {
      if: { properties: { state: { const: "absent" } }, required: ["state"] },
      then: { required: ["inner"] },
    },
  ],
};

function load(code: string): Validator {
  const module: { exports: unknown } = { exports: undefined };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- it is code that is tested
  new Function("module", "require", code)(module, require);
  return module.exports as Validator;
}

/** What is read of an error: schema paths of conditions alone. */
function essenceOf({ instancePath, schemaPath, keyword, params }: ValidationError) {
  return {
    instancePath,
    keyword,
    params,
    ...(schemaPath.includes("/allOf/") ? { schemaPath } : {}),
  };
}

describe("the compact validator", () => {
  const ajv = new Ajv({
    allErrors: true,
    strictRequired: false,
    strictTypes: false,
    messages: false,
    code: { source: true },
  });
  const code = standaloneCode(ajv, ajv.compile(SCHEMA));
  const [plain, compact] = [load(code), load(compactValidator(code))];

  it("finds what the plain one finds, in the same order", () => {
    const value = fc.oneof(fc.integer({ min: -1, max: 5 }), fc.string(), fc.constant(null));
    const document = fc.record(
      {
        state: fc.oneof(fc.constantFrom("present", "absent"), value),
        count: value,
        names: fc.oneof(fc.array(value), value),
        inner: fc.oneof(fc.record({ path: value }, { requiredKeys: [] }), value),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(document, value), (given) => {
        expect(compact(given)).to.equal(plain(given));
        const [found, expected] = [compact.errors ?? [], plain.errors ?? []];
        expect(found.map(essenceOf)).to.deep.equal(expected.map(essenceOf));
      }),
      { numRuns: 2000 },
    );
  });

  it("is smaller by far", () => {
    expect(compactValidator(code).length).to.be.lessThan(code.length * 0.9);
  });

  it("refuses code that it does not know", () => {
    expect(() => compactValidator("const err0 = new Error();")).to.throw("another way");
  });
});
