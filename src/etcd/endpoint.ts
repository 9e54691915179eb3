// Addresses of etcd members.

import { ModuleError } from "../base/errors";
import { tryParseUrl } from "../base/userinfo";

export interface Endpoint {
  /** As given, without a slash at its end; names the endpoint in messages and results. */
  readonly url: string;
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** False where it is etcd's usual one, because the address has none. */
  readonly hasPort: boolean;
}

const DEFAULT_PORT = 2379;

/** Reads `https://host:port` addresses; throws `invalid_arguments` with every fault. */
export function parseEndpoints(texts: readonly string[]): readonly [Endpoint, ...Endpoint[]] {
  const faults = texts.flatMap((text) => faultOf(text) ?? []);
  const [first, ...rest] = new Set(texts.map((text) => text.replace(/\/$/, "")));
  if (first === undefined) faults.push("the list is empty");
  if (first === undefined || faults.length > 0) {
    throw new ModuleError(
      "invalid_arguments",
      `endpoints: ${faults.join("; ")}; expected addresses such as https://10.8.0.101:2379`,
    );
  }
  return [parseEndpoint(first), ...rest.map(parseEndpoint)];
}

function parseEndpoint(text: string): Endpoint {
  const { protocol, hostname, port } = new URL(text);
  // URL drops a port that is the scheme's own.
  const given = port === "" ? portIn(text) : Number(port);
  return {
    url: text,
    secure: protocol === "https:",
    host: hostname.replace(/^\[|\]$/g, ""),
    port: given ?? DEFAULT_PORT,
    hasPort: given !== undefined,
  };
}

function portIn(text: string): number | undefined {
  const port = /:(\d+)$/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}

function faultOf(text: string): string | undefined {
  // What is in front of the last "@" is not repeated, whatever else is wrong: it holds a password.
  const host = text.slice(text.lastIndexOf("@") + 1);
  if (host !== text) return `"${host}": give username and password as options instead`;
  if (!/^https?:\/\//i.test(text)) return `"${text}" does not begin with http:// or https://`;
  const url = tryParseUrl(text);
  if (url === undefined) return `"${text}" is not a URL`;
  const rest = `${url.pathname}${url.search}${url.hash}`;
  return rest === "/"
    ? undefined
    : `"${text}" has a path, an endpoint is scheme, host and port only`;
}
