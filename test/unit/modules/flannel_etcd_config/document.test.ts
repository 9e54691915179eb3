import { expect } from "chai";

import { readDocument } from "../../../../src/modules/flannel_etcd_config/document";

type Options = Parameters<typeof readDocument>[0];

interface Read {
  readonly document?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly secrets: readonly unknown[];
  readonly warnings: readonly string[];
}

async function tryRead(options: Options): Promise<Read> {
  const secrets: unknown[] = [];
  const warnings: string[] = [];
  const context = {
    protect: (secret: unknown) => secrets.push(secret),
    warn: (message: string) => warnings.push(message),
  };
  try {
    return { document: await readDocument(options, context), secrets, warnings };
  } catch (error) {
    return { error: error as NonNullable<Read["error"]>, secrets, warnings };
  }
}

async function read(options: Options): Promise<unknown> {
  return (await tryRead(options)).document;
}

describe("the declared configuration", () => {
  it("is nothing when nothing is given", async () => {
    expect(await read({})).to.equal(undefined);
  });

  it("is warned of where a key is given twice", async () => {
    const { document, warnings } = await tryRead({ config: "{a: {b: 1, 'b': 2}, c: 3}" });
    expect(document).to.deep.equal({ a: { b: 2 }, c: 3 });
    expect(warnings).to.deep.equal(["config: a.b is given twice, the last one counts"]);
  });

  it("comes from single options", async () => {
    const options = {
      network: "10.200.0.0/16",
      subnet_len: 25,
      subnet_min: "10.200.16.0",
      subnet_max: "10.200.31.0",
      backend: { Type: "vxlan", VNI: "7", GBP: "True" },
    };
    expect(await read(options)).to.deep.equal({
      Network: "10.200.0.0/16",
      SubnetLen: 25,
      SubnetMin: "10.200.16.0",
      SubnetMax: "10.200.31.0",
      Backend: { Type: "vxlan", VNI: 7, GBP: true },
    });
  });

  it("as a dict may hold numbers and truth values as templates make them", async () => {
    const config = {
      network: "10.200.0.0/16",
      SubnetLen: "25",
      enableipv6: "no",
      SubnetMin: null,
      Backend: { Type: "wireguard", ListenPort: "51999", PSK: "12345", MTU: "fast", Mode: null },
    };
    expect(await read({ config })).to.deep.equal({
      network: "10.200.0.0/16",
      SubnetLen: 25,
      enableipv6: false,
      Backend: { Type: "wireguard", ListenPort: 51999, PSK: "12345", MTU: "fast" },
    });
  });

  const texts: [string, string][] = [
    ["JSON", '{"Network": "10.200.0.0/16", "SubnetLen": 25}'],
    ["JSON5", "{Network: '10.200.0.0/16', // all pods\n SubnetLen: +25, /* each host */ }"],
  ];
  for (const [name, config] of texts) {
    it(`may be ${name}`, async () => {
      expect(await read({ config })).to.deep.equal({ Network: "10.200.0.0/16", SubnetLen: 25 });
    });
  }

  it("as text is taken as it is: a number in quotes stays text", async () => {
    expect(await read({ config: '{"SubnetLen": "25"}' })).to.deep.equal({ SubnetLen: "25" });
  });

  it("that cannot be read fails with the place, and without the text", async () => {
    const { error } = await tryRead({ config: '{Backend: {PSK: "hunter2" "x"}}' });
    expect(error).to.include({ code: "invalid_config" });
    expect(error?.message).to.include("neither JSON nor JSON5").and.include("1:27");
    expect(error?.message).not.to.include("hunter2");
  });

  it("that cannot be read is a secret as a whole", async () => {
    const config = '{Backend: {"P\\u0053K": "hunter2", "PSK';
    expect((await tryRead({ config })).secrets).to.deep.equal([config]);
  });

  it("quotes at most one character of a text that it cannot read", async () => {
    const secret = "correct-horse";
    const text = `{Network: "10.0.0.0/8", Backend: {PSK: "${secret}"}} `;
    for (let end = 1; end < text.length - 2; end++) {
      for (const config of [text.slice(0, end), `${text.slice(0, end)} \u{1F600}${secret}`]) {
        const { error } = await tryRead({ config });
        if (error === undefined) continue;
        expect(error.message).not.to.match(/corr|orre|rrec|rect|horse/);
      }
    }
  });

  const deep: [string, Options][] = [
    ["as text", { config: `${"[".repeat(20_000)}${"]".repeat(20_000)}` }],
    ["as JSON5", { config: `{a:${"[".repeat(20_000)}${"]".repeat(20_000)}}` }],
    ["as a dict", { config: nested(20_000) }],
    ["in backend", { backend: { Type: nested(20_000) } }],
  ];
  for (const [name, options] of deep) {
    it(`is refused with one clear line where it is nested too deeply, ${name}`, async () => {
      const { error } = await tryRead(options);
      expect(error).to.include({ code: "invalid_config" });
      expect(error?.message).to.match(/^(config|backend): is nested too deeply/);
    });
  }
});

function nested(levels: number): Readonly<Record<string, unknown>> {
  let value: Readonly<Record<string, unknown>> = {};
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}
