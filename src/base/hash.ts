// A fingerprint for telling whether something has changed; it keeps nobody out.

/** FNV-1a, 64 bit, as 16 hex digits. Loading node:crypto would cost every run 10 ms. */
export function hash64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/** 32 bit: one secret is told from another, and a key of 256 bit keeps 224 of them. */
export function fingerprintOfSecret(secret: unknown): string {
  return hash64(JSON.stringify(secret ?? null)).slice(-8);
}
