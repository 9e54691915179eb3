// Until when a certificate holds. Its one date is worth a look at every run, which loading node:crypto
// (10 ms) is not, so the few fields in front of it are stepped over here (RFC 5280, 4.1).

import { tryReadFile } from "./atomic-file";

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** Universal tag numbers of ASN.1 (X.690, 8). */
const UTC_TIME = 0x17;
const VERSION = 0xa0;
/** serialNumber, signature and issuer stand before the validity. */
const VALIDITY = 3;
/** More would be more than 4 GiB. */
const MAX_LENGTH_BYTES = 4;

/** When the certificate in a file ends, wall clock in milliseconds; undefined where none can be read. */
export function tryReadExpiry(path: string): number | undefined {
  try {
    return expiryOf(tryReadFile(path)?.content ?? "");
  } catch {
    return undefined; // who needs the file says what is wrong with it
  }
}

/** When the first certificate of a PEM text ends, in milliseconds; undefined where there is none. */
export function expiryOf(pem: string): number | undefined {
  const block = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(pem)?.[1];
  const [certificate] = elementsOf(Buffer.from(block ?? "", "base64"));
  const [signed] = elementsOf(certificate?.content);
  const fields = elementsOf(signed?.content).filter(({ tag }) => tag !== VERSION);
  const [, notAfter] = elementsOf(fields[VALIDITY]?.content);
  return notAfter === undefined ? undefined : timeOf(notAfter);
}

/** The elements that stand one after the other; what cannot be read ends them. */
function elementsOf(content: Buffer = Buffer.alloc(0)): readonly Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at + 2 <= content.length) {
    const [tag = 0, size = 0] = content.subarray(at, at + 2);
    const lengthBytes = size < 0x80 ? 0 : size - 0x80;
    const start = at + 2 + lengthBytes;
    if (size === 0x80 || lengthBytes > MAX_LENGTH_BYTES || start > content.length) break;
    const length = lengthBytes === 0 ? size : content.readUIntBE(at + 2, lengthBytes);
    at = start + length;
    elements.push({ tag, content: content.subarray(start, at) });
  }
  return elements;
}

function timeOf({ tag, content }: Element): number | undefined {
  const text = content.toString("latin1");
  // Two digits are of 1950 to 2049.
  const century = tag !== UTC_TIME ? "" : text < "50" ? "20" : "19";
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  if (digits === null) return undefined;
  const [, year = "", month = "", day = "", ...clock] = digits;
  const time = Date.parse(`${year}-${month}-${day}T${clock.join(":")}Z`);
  return Number.isNaN(time) ? undefined : time;
}
