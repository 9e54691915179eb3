// Which proxy a URL is asked for through: what http_proxy and its like say, as curl and Go read them.

import { ModuleError } from "../../base/errors";
import { tryParseUrl } from "../../base/userinfo";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL by `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, also in capitals.
 * Throws `invalid_arguments` for a proxy that is not an HTTP one.
 */
export async function proxyFor(url: URL, environment: Environment): Promise<URL | undefined> {
  const scheme = url.protocol.slice(0, -1);
  const name = variable(environment, `${scheme}_proxy`) === "" ? "all_proxy" : `${scheme}_proxy`;
  const setting = variable(environment, name);
  if (setting === "" || (await isExempt(url, variable(environment, "no_proxy")))) return undefined;
  const proxy = tryParseUrl(setting.includes("://") ? setting : `http://${setting}`);
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw new ModuleError(
    "invalid_arguments",
    `${name}: expected the URL of an HTTP proxy such as http://proxy.example:3128`,
  );
}

function variable(environment: Environment, name: string): string {
  return environment[name] ?? environment[name.toUpperCase()] ?? "";
}

/** no_proxy: names (with all below them), addresses, either with a port, networks, beginnings, or "*". */
async function isExempt(url: URL, noProxy: string): Promise<boolean> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? { "http:": "80", "https:": "443" }[url.protocol] : url.port;
  for (const entry of noProxy.toLowerCase().split(/[\s,]+/)) {
    if (entry === "*" || beginsAs(host, entry) || (await isInNetwork(host, entry))) return true;
    const exemption = parseExemption(entry);
    if (exemption.port !== undefined && exemption.port !== port) continue;
    const { name } = exemption;
    if (name !== "" && (host === name || host.endsWith(`.${name}`))) return true;
  }
  return false;
}

/** "127.", "127.*" and "127.0.0.*" are beginnings of IPv4 addresses, as some programs take them. */
function beginsAs(host: string, entry: string): boolean {
  const [, beginning] = /^((?:\d{1,3}\.){1,3})(?:\*(?:\.\*){0,2})?$/.exec(entry) ?? [];
  return beginning !== undefined && /^[\d.]+$/.test(host) && host.startsWith(beginning);
}

/** "10.96.0.0/12" holds the addresses in it, and no name: nobody looks those up for a proxy. */
async function isInNetwork(host: string, entry: string): Promise<boolean> {
  const [, network = "", bits = ""] = /^\[?([0-9a-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
  if (network === "") return false;
  const { BlockList, isIP } = await import("node:net");
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || Number(bits) > (family === 4 ? 32 : 128))
    return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, Number(bits), kind);
  return list.check(host, kind);
}

/** Parts name and port: "m.example:81", "[::1]:81", or "::1", where no colon is before a port. */
function parseExemption(entry: string): { name: string; port: string | undefined } {
  const match = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? /^([^:]*)(?::(\d+))?$/.exec(entry);
  const name = match?.[1] ?? entry;
  return { name: name.replace(/^\*?\./, ""), port: match?.[2] };
}
