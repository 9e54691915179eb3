// What a flag's value may be: checked before flanneld sees it, because it would only exit or,
// worse, wait.

import { tryParseAddress } from "./address";
import { findPrefixFault } from "./etcd-prefix";

/** What a flag takes. `file` must exist on the host, `path` need not. */
export type FlagKind =
  | "address"
  | "bool"
  | "file"
  | "host"
  | "interface"
  | "ipv4"
  | "ipv6"
  | "key"
  | "level"
  | "minutes"
  | "path"
  | "port"
  | "regex"
  | "seconds"
  | "text"
  | "url"
  | "urls";

type Check = (value: string) => string | undefined;

const CHECKS: Readonly<Record<FlagKind, Check>> = {
  address: unlessEmpty((value) =>
    tryParseAddress(value) === undefined ? "expected an IP address" : undefined,
  ),
  // strconv.ParseBool: no "yes", no "on".
  bool: (value) =>
    /^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(value)
      ? undefined
      : "expected true or false",
  file: unlessEmpty(findPathFault),
  host: unlessEmpty(findHostFault),
  interface: findInterfaceFault,
  ipv4: unlessEmpty((value) =>
    tryParseAddress(value)?.family === 4 ? undefined : "expected an IPv4 address",
  ),
  ipv6: unlessEmpty((value) =>
    tryParseAddress(value)?.family === 6 ? undefined : "expected an IPv6 address",
  ),
  key: (value) => (value.trim() === "" ? "expected an etcd key prefix" : findPrefixFault(value)),
  level: integerBetween(-128, 127),
  // subnet-lease-renew-margin: a lease lives 24 hours.
  minutes: integerBetween(1, 1439),
  path: findPathFault,
  port: integerBetween(0, 65535),
  regex: (value) => (value === "" ? "expected a regular expression" : undefined),
  seconds: integerBetween(1, 2 ** 31 - 1),
  text: () => undefined,
  url: unlessEmpty(findUrlFault),
  urls: (value) => value.split(",").map(findUrlFault).find(Boolean),
};

/** Why a value is none for this kind of flag ("expected ..., got ..."); undefined when it is one. */
export function findValueFault(kind: FlagKind, value: string): string | undefined {
  const control = findControlCharacter(value);
  if (control !== undefined) return control;
  const fault = CHECKS[kind](value);
  return fault === undefined ? undefined : `${fault}, got ${JSON.stringify(value)}`;
}

/** A complaint about the first character that can stand in no unit file; undefined if none. */
export function findControlCharacter(value: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const match = /[\u0000-\u001f\u007f]/.exec(value);
  if (match !== null) {
    const code = match[0].charCodeAt(0).toString(16).padStart(4, "0");
    return `must not contain a newline or other control character (found U+${code.toUpperCase()})`;
  }
  return /\p{Surrogate}/u.test(value) ? "must be valid Unicode text" : undefined;
}

function unlessEmpty(check: Check): Check {
  return (value) => (value === "" ? undefined : check(value));
}

/** To Go a leading zero means octal: "010" is 8, and with "08" flanneld prints its usage and exits. */
function integerBetween(minimum: number, maximum: number): Check {
  const expected = `expected an integer from ${minimum} to ${maximum}`;
  return (value) => {
    const number = /^-?(0|[1-9]\d*)$/.test(value) ? Number(value) : Number.NaN;
    return number >= minimum && number <= maximum ? undefined : expected;
  };
}

function findPathFault(value: string): string | undefined {
  return value.startsWith("/") ? undefined : "expected an absolute path";
}

/** Go listens on what it resolves; a name whose last part is a number is a mistyped address. */
function findHostFault(value: string): string | undefined {
  if (tryParseAddress(value) !== undefined) return undefined;
  const isName = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(value) && !/(^|\.)\d+$/.test(value);
  return isName ? undefined : "expected an IP address or a host name";
}

/** `iface` takes a name or an address; a kernel name has up to 15 bytes, no "/" and no blank. */
function findInterfaceFault(value: string): string | undefined {
  if (tryParseAddress(value) !== undefined) return undefined;
  const fits = value !== "" && Buffer.byteLength(value) <= 15 && !/[/\s]/.test(value);
  return fits ? undefined : "expected an interface name or an IP address";
}

function findUrlFault(value: string): string | undefined {
  try {
    const { protocol, host } = new URL(value);
    if (/^https?:$/.test(protocol) && host !== "") return undefined;
  } catch {
    // said below
  }
  return "expected http://host:port or https://host:port";
}
