// Where secrets stand in the options and the environment of flannel_install.

import { isRecord } from "../../base/json";
import { secretsOfUrl } from "../../host/download/address";
import { netrcFileIn, readNetrc } from "../../host/download/netrc";

const PROXIES = ["http_proxy", "https_proxy", "all_proxy"];

/** Options that may hold secrets, of whatever type: they are looked at before they are checked, too. */
interface SecretOptions {
  readonly url?: unknown;
  readonly checksum?: unknown;
  readonly release_page?: unknown;
  readonly headers?: unknown;
}

/** Shorter users are names. */
const SHORTEST_TOKEN = 8;

/** Credentials in URLs, also in those of the proxies, all values of headers, and those of the netrc. */
export function secretsOf({
  url,
  checksum,
  release_page,
  headers,
}: SecretOptions): readonly unknown[] {
  const proxies = PROXIES.flatMap((name) => [process.env[name], process.env[name.toUpperCase()]]);
  const values = isRecord(headers) ? Object.values(headers) : [headers];
  const found = textsIn([url, checksum, release_page, proxies]).flatMap(secretsOfUrl);
  return [...found, ...found.flatMap(partsOf), ...values, ...secretsOfNetrc()];
}

function secretsOfNetrc(): readonly string[] {
  return readNetrc(netrcFileIn(process.env)).flatMap(({ login, password }) =>
    login.length < SHORTEST_TOKEN ? [password] : [password, login],
  );
}

/** A user with a comma in it was taken for two addresses, of which each may be quoted. */
function partsOf(secret: string): readonly string[] {
  const parts = secret.split(",");
  return parts.length < 2
    ? []
    : parts.filter((part) => part.length >= SHORTEST_TOKEN && !part.includes("//"));
}

/** One by one, and together: a password with a comma in it was taken for the end of an address. */
function textsIn(value: unknown): readonly string[] {
  if (isRecord(value)) return Object.values(value).flatMap(textsIn);
  if (!Array.isArray(value)) return typeof value === "string" ? value.split(",").concat(value) : [];
  const texts = value.filter((item) => typeof item === "string");
  return [...value.flatMap(textsIn), texts.join(",")];
}
