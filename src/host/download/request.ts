// One GET, through proxies and redirects, up to the head of the final answer.

import { type IncomingMessage } from "node:http";

import { type Deadline } from "../deadline";
import { type HostHeaders, basicAuthorization, headersFor, showUrl } from "./address";
import { type TlsSettings, nameOf, openConnection, waitFor } from "./connection";
import { TransferError, describeStatus } from "./failure";
import { netrcAuthorization, readNetrc } from "./netrc";
import { proxyFor } from "./proxy";

export interface RequestSettings extends TlsSettings {
  /** How long to wait for a connection, for an answer, and for more of a body. */
  readonly timeoutMs: number;
  /** By when all of it must be over. */
  readonly deadline: Deadline;
  readonly headers: readonly HostHeaders[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where users and passwords of hosts are looked up that are not declared. */
  readonly netrcFile: string | undefined;
}

const MAX_REDIRECTS = 10;
/** Sixteen times what Node.js takes: the policies that large sites send need some of it. */
const MAX_HEAD_BYTES = 256 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Asks for `url` and returns the answer whose status is in `accepted`, body unread. Throws
 * TransferError. Declared headers and credentials go to the hosts they belong to only.
 */
export async function requestUrl(
  url: URL,
  settings: RequestSettings,
  extra: Readonly<Record<string, string>> = {},
  accepted: readonly number[] = [200],
): Promise<IncomingMessage> {
  let target = url;
  let wantsCookie = false;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await requestOnce(target, settings, extra);
    const status = response.statusCode ?? 0;
    if (accepted.includes(status)) return response;
    response.destroy();
    const { location } = response.headers;
    if (!REDIRECTS.has(status) || location === undefined) {
      throw describeStatus(showUrl(target), status, response.headers["retry-after"]);
    }
    wantsCookie ||= response.headers["set-cookie"] !== undefined;
    target = redirectTarget(target, location);
  }
  const hint = wantsCookie ? ", and sets cookies on the way: a login page?" : "";
  throw new TransferError(
    "network",
    `${showUrl(url)}: more than ${MAX_REDIRECTS} redirects, the last to ${showUrl(target)}${hint}`,
    false,
  );
}

function redirectTarget(from: URL, location: string): URL {
  const target = parseLocation(from, location);
  // Credentials of the URL stay with its host, as those in declared headers do.
  if (target.host === from.host && target.username === "") {
    target.username = from.username;
    target.password = from.password;
  }
  const isWeb = target.protocol === "https:" || target.protocol === "http:";
  if (isWeb && !(from.protocol === "https:" && target.protocol === "http:")) return target;
  // file: would read this host's own files; http: would give up what https promised.
  throw new TransferError(
    "refused",
    `${showUrl(from)}: redirects to ${showUrl(target)}, which is not followed from there`,
    false,
  );
}

function parseLocation(from: URL, location: string): URL {
  try {
    return new URL(location, from);
  } catch (cause) {
    const message = `${showUrl(from)}: redirects to something that is not a URL`;
    throw new TransferError("network", message, false, { cause });
  }
}

async function requestOnce(
  url: URL,
  settings: RequestSettings,
  extra: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const proxy = await proxyFor(url, settings.environment);
  const limitMs = Math.ceil(Math.min(settings.timeoutMs, settings.deadline.remainingMs()));
  const socket = await openConnection(url, proxy, settings, limitMs);
  const isProxied = proxy !== undefined && url.protocol === "http:";
  const { request: httpRequest } = await import("node:http");
  const request = httpRequest({
    createConnection: () => socket,
    maxHeaderSize: MAX_HEAD_BYTES,
    path: isProxied
      ? `http://${url.host}${url.pathname}${url.search}`
      : `${url.pathname}${url.search}`,
    headers: {
      Host: url.host,
      "User-Agent": "ansible-role-flanneld",
      Accept: "*/*",
      "Accept-Encoding": "identity",
      ...header("Authorization", netrcAuthorization(url, readNetrc(settings.netrcFile))),
      ...header("Authorization", basicAuthorization(url)),
      ...(isProxied ? header("Proxy-Authorization", basicAuthorization(proxy)) : {}),
      ...headersFor(url, settings.headers),
      ...extra,
    },
  });
  request.end();
  const [response] = (await waitFor(
    request,
    "response",
    nameOf(url, isProxied ? proxy : undefined),
    limitMs,
  )) as [IncomingMessage];
  response.on("error", () => undefined);
  return response;
}

function header(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}
