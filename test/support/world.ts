// What generated tasks meet beside their folder: an etcd, and a server that says back what it was told.

import { type IncomingMessage, type ServerResponse } from "node:http";

import { isRecord } from "../../src/base/json";
import { ECHO, ETCD } from "./arbitraries/case";
import { EtcdCluster } from "./etcd";
import { Mirror } from "./mirror";
import { tinyProgram } from "./tiny-program";

export interface World {
  /** What stands for the words of a case (arbitraries/case.ts). */
  readonly words: Readonly<Record<string, string>>;
  /** Puts a value into etcd, into both stores. */
  store(key: string, value: string): Promise<void>;
  /** All that etcd has below a folder. */
  lookUp(folder: string): Promise<string>;
}

/** The world of a module that knows nothing of etcd: to look there would cost more than the task. */
export function withoutEtcd({ words }: World): World {
  return { words, store: () => Promise.resolve(), lookUp: () => Promise.resolve("") };
}

/** A world with a real etcd and the server. */
export class RealWorld implements World {
  private constructor(
    private readonly etcd: EtcdCluster,
    private readonly mirror: Mirror,
  ) {}

  static async start(): Promise<RealWorld> {
    const mirror = new Mirror();
    await mirror.start();
    mirror.behave(answerAsAskedTo);
    return new RealWorld(await EtcdCluster.start({ flags: ["--enable-v2=true"] }), mirror);
  }

  get words(): Readonly<Record<string, string>> {
    return { [ETCD]: this.etcd.endpoints[0] ?? "", [ECHO]: `127.0.0.1:${this.mirror.port}` };
  }

  async store(key: string, value: string): Promise<void> {
    await this.#ask("/v3/kv/put", { key: base64(key), value: base64(value) });
    const body = new URLSearchParams({ value });
    const url = `${this.etcd.endpoints[0] ?? ""}/v2/keys/${key.replace(/^\//, "")}`;
    const answer = await fetch(url, { method: "PUT", body });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  }

  async lookUp(folder: string): Promise<string> {
    const range = { key: base64(`/${folder}/`), range_end: base64(`/${folder}0`) };
    const { kvs } = await this.#ask("/v3/kv/range", range);
    const url = `${this.etcd.endpoints[0] ?? ""}/v2/keys/${folder}?recursive=true`;
    const nodes = valuesIn(await (await fetch(url)).json());
    return JSON.stringify([kvs ?? [], [...nodes].sort()]); // v2 lists in any order
  }

  async stop(): Promise<void> {
    await this.mirror.close();
    await this.etcd.stop();
  }

  async #ask(path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    const url = `${this.etcd.endpoints[0] ?? ""}${path}`;
    const answer: unknown = await (
      await fetch(url, { method: "POST", body: JSON.stringify(body) })
    ).json();
    return isRecord(answer) ? answer : {};
  }
}

/** What the server does is the first name in the path; anything else is answered as by an ill-behaved etcd. */
function answerAsAskedTo(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? "/", "http://here");
  const [, deed = "", ...rest] = pathname.split("/");
  const version = /v\d+\.\d+\.\d+/.exec(pathname)?.[0] ?? "v0.28.9";
  switch (deed) {
    case "program":
      response.end(tinyProgram(version));
      return;
    case "garbage":
      response.end("this is no program");
      return;
    case "sums":
      response.end(`${"0".repeat(64)}  ${rest.at(-1) ?? ""}\n`);
      return;
    case "redirect":
      response.writeHead(302, { location: `/${rest.join("/")}` }).end();
      return;
    case "missing":
      response.writeHead(404).end("nothing here");
      return;
    default:
      echo(request, response);
  }
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const { url, rawHeaders } = request;
    const told = `you said ${url ?? ""} ${rawHeaders.join(" ")} ${body}`;
    const decoded = Buffer.from(/[A-Za-z0-9+/=]{12,}/.exec(told)?.[0] ?? "", "base64").toString(
      "utf8",
    );
    const answer = { error: `${told} ${decoded}`, message: told, code: 3 };
    response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
}

/** Keys and values in an answer of the v2 API. */
function valuesIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(valuesIn);
  if (!isRecord(node)) return [];
  const own = typeof node["value"] === "string" ? [`${String(node["key"])}=${node["value"]}`] : [];
  return [...own, ...valuesIn(node["node"]), ...valuesIn(node["nodes"])];
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Starts the real world for the tests of a suite, and stops it after them. */
export function useRealWorld(): () => RealWorld {
  let world: RealWorld;
  before(async () => {
    world = await RealWorld.start();
  });
  after(async () => {
    await world.stop();
  });
  return () => world;
}
