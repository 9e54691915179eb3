// Where a credential may stand, in options, environment and answers: it goes to its own host and to no other,
// and not eight characters of it are in anything that is said or written down.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Result, MODULE, Target, sha256 } from "../../support/flannel-install";
import { type Handler, Mirror, answer, makeProxy, serve } from "../../support/mirror";
import { runModuleFile } from "../../support/run-module";
import { tinyProgram } from "../../support/tiny-program";
import { findLeak } from "../../support/userinfo";

const PROGRAM = tinyProgram("v0.28.9", 1000);
const [USER, PASSWORD] = ["robot-Vq81xwZt", "hunter2-Kd83-paSS"];
const HOME = mkdtempSync(join(tmpdir(), "home-"));
const ME = `${USER}:${PASSWORD}`;
const SECRETS = [USER, PASSWORD, Buffer.from(ME).toString("base64")];

/** "plain" is the mirror; "other" another one, or a proxy. */
interface Scene {
  /** "127.0.0.1:PORT" of the mirror. */
  readonly host: string;
  readonly other: string;
  readonly plainDoes: (handler: Handler) => void;
  readonly otherIsProxy: (credentials?: string) => void;
}

interface Task {
  readonly options: Result;
  readonly env?: Readonly<Record<string, string>>;
}

interface Case {
  readonly what: string;
  readonly task: (scene: Scene) => Task;
  /** Who gets something of it. */
  readonly told: readonly ("other" | "plain")[];
  readonly succeeds: boolean;
}

type Options = (scene: Scene) => Result;
const NOBODY: Case["told"] = [];
const build =
  (succeeds: boolean, told: Case["told"]) =>
  (what: string, options: Options, env?: (scene: Scene) => Record<string, string>): Case => ({
    ...{ what, told, succeeds },
    task: (scene) => ({ options: options(scene), ...(env && { env: env(scene) }) }),
  });
/** The mirror gets it, and what it serves is installed. */
const works = build(true, ["plain"]);
const worksAlone = build(true, NOBODY);
const throughProxy = build(true, ["other"]);
const fails = build(false, ["plain"]);
const refused = build(false, NOBODY);
const refusedByProxy = build(false, ["other"]);

const at =
  (userinfo: string, path = "x"): Options =>
  ({ host }) => ({
    url: `http://${userinfo}@${host}/${path}`,
  });
const answered =
  (handler: Handler, options: Options): Options =>
  (scene) => {
    scene.plainDoes(handler);
    return options(scene);
  };
const mirror: Options = ({ host }) => ({ url: `http://${host}/x` });
const headed =
  (headers: unknown): Options =>
  (scene) => ({ ...mirror(scene), headers });
const redirecting =
  (to: (scene: Scene) => string, options: Options): Options =>
  (scene) => {
    scene.plainDoes((request, response) => {
      if (request.url?.startsWith("/end") === true) serve(PROGRAM)(request, response);
      else response.writeHead(302, { Location: to(scene) }).end();
    });
    return options(scene);
  };
const page = (text: string): Handler => answer(200, {}, text);
const echo: Handler = ({ headers }, response) =>
  response
    .writeHead(200)
    .end(`<html>${String(headers.authorization)} ${String(headers["x-token"])}`);

const ADDRESSES: readonly Case[] = [
  works("user and password", at(ME)),
  works("a password alone", at(`:${PASSWORD}`)),
  works("a token for a user", at(PASSWORD)),
  works("a token and a colon", at(`${PASSWORD}:`)),
  works("a token with a word for a password", at(`${PASSWORD}:x-oauth-basic`)),
  works("a password in percents", at(`${USER}:${PASSWORD.replace(/-/g, "%2D")}`)),
  works("an encoded slash and at", at(`${USER}:%2F%40${PASSWORD}`)),
  worksAlone("in check mode", (scene) => ({
    ...at(ME)(scene),
    checksum: `sha256:http://${ME}@${scene.host}/s`,
    _ansible_check_mode: true,
    version: "v0.28.9",
  })),
  works("a query", ({ host }) => ({ url: `http://${host}/x?signature=${PASSWORD}&user=${USER}` })),
  worksAlone("a fragment", ({ host }) => ({ url: `http://${host}/x#${PASSWORD}` })),
  works("a cache", (scene) => ({ ...at(ME)(scene), state: "downloaded", dest: "CACHE" })),
  worksAlone("a removal", (scene) => ({ ...at(ME)(scene), state: "absent", version: undefined })),
  fails("an answer 401", answered(answer(401), at(ME))),
  fails("an answer 404", answered(answer(404), at(ME))),
  fails(
    "an answer 500, tried again",
    answered(answer(500), (scene) => ({ ...at(ME)(scene), retries: 1 })),
  ),
  fails("a page that quotes it", answered(echo, at(ME))),
  fails("another file", answered(page(`\x7fELF ${PASSWORD}`), at(ME))),
  fails("another digest", (scene) => ({ ...at(ME)(scene), checksum: `sha256:${"0".repeat(64)}` })),
  fails("another version", (scene) => ({ ...at(ME)(scene), version: "v0.27.0" })),
  refused("a port where nobody is", () => ({ url: `http://${ME}@127.0.0.1:1/x` })),
  refused("two of them", () => ({
    url: [`http://${ME}@127.0.0.1:1/x`, `http://${ME}@127.0.0.1:2/x`],
  })),
  refused("a host that is none", () => ({ url: `http://${ME}@no-such.invalid/x` })),
  refused("a scheme that is not fetched", () => ({ url: `ftp://${ME}@m/x` })),
  refused("a port that is none", () => ({ url: `http://${ME}@m:99999/x` })),
  refused("a slash in the password", () => ({ url: `http://${USER}:/${PASSWORD}@m/x` })),
  refused("an at in the password", () => ({ url: `http://${USER}:@${PASSWORD}@127.0.0.1:1/x` })),
  refused("a comma in the password", () => ({ url: `http://${USER}:,${PASSWORD}@127.0.0.1:1/x` })),
  refused("a space in the password", () => ({ url: `http://${USER}: ${PASSWORD}@127.0.0.1:1/x` })),
  refused("no scheme", () => ({ url: `${ME}@m/x` })),
  refused("one slash", () => ({ url: `http:/${ME}@127.0.0.1:1/x` })),
  refused("a user with a comma", () => ({ url: `${USER},a://${PASSWORD}@m` })),
  refused("a placeholder that is none", () => ({ url: `http://${USER}:{${PASSWORD}}@m/x` })),
  refused("a number for a version", (scene) => ({ ...at(ME)(scene), version: "1" })),
];

const HEADERS: readonly Case[] = [
  works("a header", headed({ "X-Token": PASSWORD })),
  works("a header of the host", (scene) =>
    headed({ [scene.host]: { "X-Token": PASSWORD } })(scene),
  ),
  works("headers in JSON", headed(JSON.stringify({ Authorization: `Bearer ${PASSWORD}` }))),
  works("headers as pairs", headed(`X-Token=${PASSWORD}`)),
  fails("a page that quotes a header", answered(echo, headed({ "X-Token": PASSWORD }))),
  refused("a header of another host", headed({ "m.example": { "X-Token": PASSWORD } })),
  refused("a header with a line end", headed({ "X-Token": `a\n${PASSWORD}` })),
  refused("a header's name with a space", headed({ [`X ${PASSWORD}`]: PASSWORD })),
  refused("a list of headers", headed([{ "X-Token": PASSWORD }])),
  refused("text that is none", headed(`{"X-Token": "${PASSWORD}`)),
  refused("an option that is none", (scene) => ({
    ...mirror(scene),
    header: { "X-Token": PASSWORD },
  })),
  refused("a password that is no option", (scene) => ({
    ...mirror(scene),
    url_password: PASSWORD,
  })),
];

const PROXIES: readonly Case[] = [
  throughProxy(
    "http_proxy",
    (scene) => {
      scene.otherIsProxy(ME);
      return mirror(scene);
    },
    ({ other }) => ({ http_proxy: `http://${ME}@${other}` }),
  ),
  throughProxy(
    "HTTP_PROXY",
    (scene) => {
      scene.otherIsProxy(ME);
      return mirror(scene);
    },
    ({ other }) => ({ HTTP_PROXY: `http://${ME}@${other}` }),
  ),
  throughProxy(
    "all_proxy",
    (scene) => {
      scene.otherIsProxy(ME);
      return mirror(scene);
    },
    ({ other }) => ({ all_proxy: `${ME}@${other}` }),
  ),
  refusedByProxy(
    "a proxy that wants another",
    (scene) => {
      scene.otherIsProxy("else");
      return mirror(scene);
    },
    ({ other }) => ({ http_proxy: `http://${ME}@${other}` }),
  ),
  refusedByProxy(
    "a tunnel that wants another",
    (scene) => {
      scene.otherIsProxy("else");
      return { url: `https://${scene.host}/x` };
    },
    ({ other }) => ({ https_proxy: `http://${ME}@${other}` }),
  ),
  refused("a proxy where nobody is", mirror, () => ({ http_proxy: `http://${ME}@127.0.0.1:1` })),
  refused("a proxy of another kind", mirror, () => ({ http_proxy: `socks5://${ME}@127.0.0.1:1` })),
  refused("a proxy that is no address", mirror, () => ({ http_proxy: `http://${ME}@:x` })),
  refused(
    "what is for the host behind a tunnel",
    (scene) => {
      scene.otherIsProxy();
      return { url: `https://${ME}@127.0.0.1:1/x` };
    },
    ({ other }) => ({ https_proxy: `http://${other}` }),
  ),
];

const LISTS: readonly Case[] = [
  works("the address of a list", (scene) => {
    scene.plainDoes((request, response) => {
      if (request.url === "/sums") response.end(`${sha256(PROGRAM)}  x\n`);
      else serve(PROGRAM)(request, response);
    });
    return { ...mirror(scene), checksum: `sha256:http://${ME}@${scene.host}/sums` };
  }),
  fails(
    "a list that is not there",
    answered(answer(404), (scene) => ({
      ...mirror(scene),
      checksum: `sha256:http://${ME}@${scene.host}/s`,
    })),
  ),
  fails(
    "a list that is none",
    answered(echo, (scene) => ({
      ...mirror(scene),
      checksum: `sha256:http://${ME}@${scene.host}/s`,
    })),
  ),
  refused("a list of an algorithm in capitals", (scene) => ({
    ...mirror(scene),
    checksum: `SHA256:https://${ME}@m/s`,
  })),
  refused("a list by FTP", (scene) => ({ ...mirror(scene), checksum: `sha512:ftp://${ME}@m/s` })),
  refused("a list where nobody is", (scene) => ({
    ...mirror(scene),
    checksum: `sha256:http://${ME}@127.0.0.1:1/s`,
  })),
  refused("a list for another CPU", (scene) => ({
    ...mirror(scene),
    checksum: { vax: `sha256:http://${ME}@m/s` },
  })),
  works(
    "a release page that is not there",
    answered(answer(404), ({ host }) => ({
      state: "published",
      release_page: `http://${ME}@${host}/{version}`,
    })),
  ),
  worksAlone("a release page where nobody is", () => ({
    state: "published",
    release_page: `http://${ME}@127.0.0.1:1/{version}`,
  })),
];

const REDIRECTS: readonly Case[] = [
  works(
    "to the same host",
    redirecting(() => "/end", at(ME)),
  ),
  works(
    "to another port",
    redirecting(({ other }) => `http://${other}/end`, at(ME)),
  ),
  works(
    "to another port, with a header",
    redirecting(({ other }) => `http://${other}/end`, headed({ "X-Token": PASSWORD })),
  ),
  throughProxy(
    "with a user of their own",
    redirecting(({ other }) => `http://${ME}@${other}/end`, mirror),
  ),
  throughProxy(
    "with a signature",
    redirecting(({ other }) => `http://${other}/end?sig=${PASSWORD}`, mirror),
  ),
  fails(
    "to nowhere",
    redirecting(() => "http://[", at(ME)),
  ),
  fails(
    "to a file",
    redirecting(() => "file:///etc/passwd", at(ME)),
  ),
  fails(
    "in a circle",
    redirecting(() => `/again?sig=${PASSWORD}`, at(ME)),
  ),
];

const netrc =
  (name = "mine") =>
  (): Record<string, string> => ({ NETRC: join(HOME, name) });
const local =
  (path: string): Options =>
  ({ host }) => ({ url: `http://${host.replace("127.0.0.1", "localhost")}${path}` });
const NETRC: readonly Case[] = [
  works("for its host", mirror, netrc()),
  works("at home", mirror, () => ({ HOME, NETRC: "" })),
  worksAlone("for another host", local("/x"), netrc()),
  worksAlone("for all hosts", mirror, netrc("all")),
  worksAlone(
    "that is not to be used",
    (scene) => ({ ...mirror(scene), use_netrc: false }),
    netrc(),
  ),
  worksAlone("where the URL has another", at("you:else"), netrc()),
  worksAlone("where a header says another", headed({ authorization: "Bearer else" }), netrc()),
  works(
    "of a host that redirects to another",
    redirecting(({ other }) => `http://${other.replace("127.0.0.1", "localhost")}/end`, mirror),
    netrc(),
  ),
  throughProxy(
    "of a host that another redirects to",
    redirecting(({ other }) => `http://${other}/end`, local("/x")),
    netrc(),
  ),
  fails("that the host does not take", answered(answer(401), mirror), netrc()),
  fails("that the host quotes", answered(echo, mirror), netrc()),
  refused("where nobody is", () => ({ url: "http://127.0.0.1:1/x" }), netrc()),
  refused("in the URL, too", () => ({ url: `http://m:99999/${PASSWORD}` }), netrc()),
];

describe("flannel_install: a credential", function () {
  this.timeout(20_000);
  const plain = new Mirror();
  const other = new Mirror();
  let target: Target;

  before(async () => {
    writeFileSync(join(HOME, "mine"), `machine 127.0.0.1 login ${USER} password ${PASSWORD}`);
    writeFileSync(join(HOME, ".netrc"), readFileSync(join(HOME, "mine")));
    writeFileSync(join(HOME, "all"), `default login ${USER} password ${PASSWORD}`);
    await plain.start();
    await other.start();
  });
  beforeEach(() => {
    target = new Target();
    for (const each of [plain, other]) each.behave(serve(PROGRAM));
    other.server.removeAllListeners("connect");
  });
  afterEach(() => {
    target.remove();
  });
  after(async () => {
    await plain.close();
    await other.close();
    rmSync(HOME, { recursive: true });
  });

  const scene = (): Scene => ({
    host: `127.0.0.1:${plain.port}`,
    other: `127.0.0.1:${other.port}`,
    plainDoes: (handler) => {
      plain.behave(handler);
    },
    otherIsProxy: (credentials) => {
      makeProxy(other, credentials);
    },
  });
  const groups = { ADDRESSES, HEADERS, PROXIES, LISTS, REDIRECTS, NETRC };
  const count = Object.values(groups).flat().length;
  it(`may stand in at least 33 places: ${count}`, () => {
    expect(count).to.be.at.least(33);
    const names = Object.entries(groups).flatMap(([group, all]) =>
      all.map(({ what }) => group + what),
    );
    expect(new Set(names).size).to.equal(count);
  });

  /** All that was written down. */
  const written = (path: string): string =>
    readdirSync(path, { withFileTypes: true })
      .map((entry) => {
        const at = join(path, entry.name);
        return entry.isDirectory() ? written(at) : `${at} ${readFileSync(at, "latin1")}`;
      })
      .join("\n");
  const decoded = (text: unknown): string => {
    const [, basic = ""] = /^Basic (.*)$/.exec(String(text)) ?? [];
    return `${String(text)} ${Buffer.from(basic, "base64").toString()}`;
  };
  const heard = ({ seen }: Mirror): boolean =>
    seen.some(({ url, headers }) => {
      const texts = [url, ...Object.values(headers).map(decoded)].map(decodeURIComponent);
      return findLeak(texts.join("\n"), ...SECRETS) !== undefined;
    });

  for (const [group, cases] of Object.entries(groups)) {
    for (const { what, task, told, succeeds } of cases) {
      it(`in ${group.toLowerCase()}: ${what}`, async () => {
        const { options, env } = task(scene());
        const dest = options["dest"] === "CACHE" ? { dest: join(target.root, "cache") } : {};
        const all = {
          version: "v0.28.9",
          timeout: 2,
          release_page: "http://127.0.0.1:1/",
          ...options,
          ...dest,
        };
        const noise = { _ansible_diff: true, _ansible_verbosity: 4 };
        const run = await runModuleFile(MODULE, target.options({ ...all, ...noise }), [], {
          ...(env === undefined ? { http_proxy: "", https_proxy: "" } : { no_proxy: "" }),
          ...env,
        });
        expect(run.result["failed"] !== true, JSON.stringify(run.result)).to.equal(succeeds);
        expect(findLeak(JSON.stringify(run), ...SECRETS)).to.equal(undefined);
        expect(findLeak(written(target.root), ...SECRETS)).to.equal(undefined);
        const heardBy = [...(heard(other) ? ["other"] : []), ...(heard(plain) ? ["plain"] : [])];
        expect(heardBy).to.deep.equal(told);
      });
    }
  }
});
