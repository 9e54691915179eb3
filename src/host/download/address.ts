// URLs: how they are shown, what in them is secret, which headers and which proxy belong to them.

import { ModuleError } from "../../base/errors";
import { decodePercent, tryParseUrl, userinfoIn, withoutUserinfo } from "../../base/userinfo";

/** Headers and the one host ("mirror.example" or "mirror.example:8443") that may see them. */
export interface HostHeaders {
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

const PROTOCOLS = new Set(["file:", "http:", "https:"]);

/** Parses a URL of a kind this module fetches. Throws `invalid_arguments`, without the URL's secrets. */
export function parseUrl(text: string, option: string): URL {
  const url = tryParseUrl(text);
  const isForeignFile = url?.protocol === "file:" && url.host !== "";
  if (url !== undefined && PROTOCOLS.has(url.protocol) && !isForeignFile) return url;
  throw new ModuleError(
    "invalid_arguments",
    `${option}: ${showAddress(text)}: expected a URL that begins with https://, http:// or file:///`,
  );
}

/** A URL for people: without user, password, query and fragment, where tokens live. */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The same for text that need not be a URL. */
export function showAddress(text: string): string {
  return withoutUserinfo(text).replace(/[?#].*$/s, "");
}

/** Everything in an address that must not be printed, in the forms in which it might be. */
export function secretsOfUrl(text: string): readonly string[] {
  const query = /\?([^#]*)/.exec(text)?.[1] ?? "";
  const values = query.split("&").map((pair) => pair.slice(pair.indexOf("=") + 1));
  const decoded = new URLSearchParams(query).values();
  const queried = new Set([...values, ...decoded].filter((value) => value.length >= 8));
  return [...userinfoIn(text), ...queried];
}

/** `Basic ...` for the credentials in a URL; undefined when there are none. */
export function basicAuthorization(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const pair = `${decodePercent(url.username)}:${decodePercent(url.password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** The declared headers that this URL's host may see. */
export function headersFor(url: URL, declared: readonly HostHeaders[]): Record<string, string> {
  const ours = declared.filter(({ host }) => host.toLowerCase() === url.host);
  return Object.assign({}, ...ours.map(({ headers }) => headers)) as Record<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL by `http_proxy`, `https_proxy` and `no_proxy` (or in capitals, as curl and
 * Python read them). Throws `invalid_arguments` for a proxy that is not an HTTP one.
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const scheme = url.protocol.slice(0, -1);
  const setting = variable(environment, `${scheme}_proxy`);
  if (setting === "" || isExempt(url, variable(environment, "no_proxy"))) return undefined;
  const proxy = tryParseUrl(setting.includes("://") ? setting : `http://${setting}`);
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw new ModuleError(
    "invalid_arguments",
    `${scheme}_proxy: expected the URL of an HTTP proxy such as http://proxy.example:3128`,
  );
}

function variable(environment: Environment, name: string): string {
  return environment[name] ?? environment[name.toUpperCase()] ?? "";
}

/** no_proxy: names (with all below them), addresses, either with a port, or "*". */
function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? { "http:": "80", "https:": "443" }[url.protocol] : url.port;
  const entries = noProxy.toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    if (entry === "*") return true;
    const exemption = parseExemption(entry);
    if (exemption.port !== undefined && exemption.port !== port) return false;
    const { name } = exemption;
    return name !== "" && (host === name || host.endsWith(`.${name}`));
  });
}

/** Parts name and port: "m.example:81", "[::1]:81", or "::1", where no colon is before a port. */
function parseExemption(entry: string): { name: string; port: string | undefined } {
  const match = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? /^([^:]*)(?::(\d+))?$/.exec(entry);
  const name = match?.[1] ?? entry;
  return { name: name.replace(/^\*?\./, ""), port: match?.[2] };
}
