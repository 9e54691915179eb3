// Addresses with credentials in them, in every form that people and programs write.

import fc from "fast-check";

import { type Secret } from "./secret";

/** Userinfo, "@" included, that holds the secret: a short one whole, a long one also as people mistype it. */
export function userinfoOf({ text, isShort }: Secret): fc.Arbitrary<string> {
  const encoded = encodeURIComponent(text);
  const whole = [`user:${encoded}@`, `:${encoded}@`, `${encoded}@`, `${encoded}:@`];
  const mistyped = [`user:${text}@`, `:${text}@`, `user:a@${text}@`];
  return fc.constantFrom(...whole, ...(isShort ? [] : [`${encoded}:x-oauth-basic@`, ...mistyped]));
}

/** The address with the secret in its userinfo or in its query; `rest` begins with the host. */
export function addressOf(scheme: string, rest: string, secret: Secret): fc.Arbitrary<string> {
  const encoded = encodeURIComponent(secret.text);
  const signed = userinfoOf(secret).map((userinfo) => `${scheme}${userinfo}${rest}`);
  // In a query, shorter values are words such as "raw" or "latest".
  if (secret.isShort) return signed;
  return fc.oneof(
    { weight: 4, arbitrary: signed },
    fc.constantFrom(`${scheme}${rest}?token=${encoded}`, `${scheme}${rest}?a=b&sig=${encoded}#c`),
  );
}
