// User and password in addresses, also in those that no parser takes: a password with a "/" in it,
// a port that is none, a scheme that was forgotten. Such addresses are refused, and must not be
// quoted then.

/** Shorter users are names; a longer one may be a token ("TOKEN:x-oauth-basic"). */
const SHORTEST_TOKEN = 8;

/** Behind another character, a letter is the end of a user, whose password begins with slashes. */
const ADDRESS = /(?<=^|[\s:,=("'])([a-z][a-z0-9+.-]*):[/\\]{2,}/i;

/** What a declared checksum has before the address of a list. */
const ALGORITHM = /^(?:(?:sha-?\d{1,3}|md5):\s*)?$/i;

/** A URL; undefined when `text` is none. */
export function tryParseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Text without percent-encoding; a "%" that begins none stands for itself. */
export function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

/**
 * The secrets in anything that looks like an address with user and password, in every form in which
 * they might be printed: as written, and without percent-encoding. Empty for other text.
 */
export function userinfoIn(text: string): readonly string[] {
  return [...new Set(readingsOf(text).flatMap(secretsOf))].filter((secret) => secret !== "");
}

/** An address as it may be shown: without all that might be user and password. */
export function withoutUserinfo(text: string): string {
  const at = text.lastIndexOf("@");
  if (at === -1) return text;
  const scheme = ADDRESS.exec(text.slice(0, at));
  const isShown = scheme !== null && !mayBeToken(scheme) && !mayBeUser(scheme);
  const head = isShown ? text.slice(0, scheme.index + scheme[0].length) : "";
  return `${head}${text.slice(at + 1)}`;
}

/** No scheme is as long as a token: "TOKEN://x@host" begins with a user whose password does with slashes. */
function mayBeToken([, scheme = ""]: RegExpExecArray): boolean {
  return scheme.length >= SHORTEST_TOKEN;
}

/**
 * Whether what is before the scheme, with it, may be a user: in "TOKEN,x://y@host", "x" ends one, and the
 * password begins with slashes; in "http:/TOKEN:x://y@host", it begins with "x". Not so in "sha256:https://".
 */
function mayBeUser({ input, index, 1: scheme = "" }: RegExpExecArray): boolean {
  const before = input.slice(0, index).trim();
  return !ALGORITHM.test(before) && before.length + scheme.length >= SHORTEST_TOKEN;
}

/** What may be meant by `user:password`, most likely one thing. */
function readingsOf(text: string): readonly string[] {
  const at = text.lastIndexOf("@");
  if (at === -1) return [];
  const scheme = ADDRESS.exec(text.slice(0, at));
  if (scheme === null) return readingsWithoutScheme(text.slice(0, at));
  const before = mayBeUser(scheme) ? readingsWithoutScheme(text.slice(0, at)) : [];
  return [...readingsOfAddress(text, at, scheme), ...before];
}

/** "user:password@host", or "http:user:password@host", which is a URL, too. */
function readingsWithoutScheme(text: string): readonly string[] {
  const whole = text.trim();
  return [whole, whole.replace(/^[a-z][a-z0-9+.-]*:[:/\\]*/i, "")];
}

function readingsOfAddress(text: string, at: number, scheme: RegExpExecArray): readonly string[] {
  const start = scheme.index + scheme[0].length;
  const authority = /^[^/?#\\]*/.exec(text.slice(start))?.[0] ?? "";
  const userinfo = authority.slice(0, Math.max(0, authority.lastIndexOf("@")));
  const whole = text.slice(start, at);
  if (mayBeToken(scheme)) return [text.slice(scheme.index, at), whole];
  if (userinfo !== "") {
    // Where a password has both "@" and "/", the parser takes its middle for the host, in small letters.
    return whole === userinfo ? [whole] : [userinfo, whole, whole.toLowerCase()];
  }
  return isPath(text.slice(scheme.index), authority) ? [] : [whole];
}

/**
 * Whether an "@" behind the host belongs to the path. Not so for what no parser takes, nor where the
 * parser finds a user all the same ("\\" ends a host in web addresses only), nor for a host without a
 * dot before a port: "https://user:12/34@host" has a password with a "/".
 */
function isPath(address: string, authority: string): boolean {
  const url = tryParseUrl(address);
  if (url === undefined || url.username !== "" || url.password !== "") return false;
  return !/^[^.[\]]*:\d*$/.test(authority);
}

function secretsOf(userinfo: string): readonly string[] {
  const colon = userinfo.indexOf(":");
  const user = colon === -1 ? userinfo : userinfo.slice(0, colon);
  const password = colon === -1 ? "" : userinfo.slice(colon + 1);
  // Without a password, the user is a token.
  if (password === "") return [user, decodePercent(user)];
  const [name, secret] = [decodePercent(user), decodePercent(password)];
  const tokens = [user, name].filter((text) => text.length >= SHORTEST_TOKEN);
  return [password, secret, userinfo, `${name}:${secret}`, ...tokens];
}
