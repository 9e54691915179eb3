// A fingerprint for telling whether something has changed; it keeps nobody out.

/** FNV-1a, 64 bit, as 16 hex digits. Loading node:crypto would cost every run 10 ms. */
export function hash64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/** FNV-1a, 32 bit, as 8 hex digits, of files of any size: a million bytes take a few milliseconds. */
export function fingerprintOfBytes(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** 32 bit: one secret is told from another, and a key of 256 bit keeps 224 of them. */
export function fingerprintOfSecret(secret: unknown): string {
  return hash64(JSON.stringify(secret ?? null)).slice(-8);
}
