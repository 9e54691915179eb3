// Whether the rest of a file may be put behind the part that is there: only when both are of the
// same representation, by the same strong validator and the same length (RFC 9110, 14.4, 15.3.7.3).

/** The heads of an answer, as Node.js gives them. */
export type Heads = Readonly<Record<string, string | string[] | undefined>>;

/** What is known of a file of which a part is there. */
export interface Known {
  /** A strong ETag, or a date that is as good as one. */
  readonly validator: string;
  readonly totalBytes: number | undefined;
}

export interface ContentRange {
  readonly from: number;
  /** The last byte, included. */
  readonly to: number;
  readonly totalBytes: number | undefined;
}

/** A date is strong only when the file had not been changed for so long (RFC 9110, 8.8.2.2). */
const SETTLED_MS = 1000;

/** By what the rest of this file can be asked for later; undefined when it cannot. */
export function tryRemember(heads: Heads, totalBytes: number | undefined): Known | undefined {
  if (heads["accept-ranges"] === "none") return undefined;
  const validator = strongEtag(heads) ?? strongDate(heads);
  return validator === undefined ? undefined : { validator, totalBytes };
}

/** Which part of the file an answer 206 brings, if it goes on behind `bytes` of the known file. */
export function tryContinue(heads: Heads, known: Known, bytes: number): ContentRange | undefined {
  const range = parseContentRange(heads["content-range"]);
  if (range === undefined || range.from !== bytes) return undefined;
  const isSame = [heads["etag"], heads["last-modified"]].includes(known.validator);
  const isAsLong =
    known.totalBytes === undefined ||
    range.totalBytes === undefined ||
    known.totalBytes === range.totalBytes;
  return isSame && isAsLong ? range : undefined;
}

/** Reads "bytes 5-9/100" or "bytes 5-9/*"; undefined for all else and for what cannot be. */
export function parseContentRange(value: Heads[string]): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(String(value ?? ""));
  if (match === null) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  const totalBytes = match[3] === "*" ? undefined : Number(match[3]);
  const isPossible = from <= to && (totalBytes === undefined || to < totalBytes);
  return isPossible ? { from, to, totalBytes } : undefined;
}

function strongEtag({ etag }: Heads): string | undefined {
  return typeof etag === "string" && /^"[^"]*"$/.test(etag) ? etag : undefined;
}

function strongDate({ etag, "last-modified": modified, date }: Heads): string | undefined {
  if (etag !== undefined || typeof modified !== "string" || typeof date !== "string") return;
  return Date.parse(date) - Date.parse(modified) >= SETTLED_MS ? modified : undefined;
}
