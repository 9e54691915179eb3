// URLs: how they are shown, what in them is secret, which headers belong to them.

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
  const fragment = /#(.*)$/s.exec(text)?.[1] ?? "";
  const queried = new Set([...values, ...decoded, fragment].filter((value) => value.length >= 8));
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
  const ours = declared.filter(({ host }) => isHostOf(host, url));
  return Object.assign({}, ...ours.map(({ headers }) => headers)) as Record<string, string>;
}

/** Whether a declared host ("Mirror.example:443", "bücher.example") is that of a URL. */
export function isHostOf(host: string, url: URL): boolean {
  return tryParseUrl(`${url.protocol}//${host}`)?.host === url.host;
}
