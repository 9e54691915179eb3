// Addresses with user and password of every form, for what must never show them.

import fc from "fast-check";

export interface AddressWithUserinfo {
  readonly address: string;
  readonly user: string;
  readonly password: string;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=";

const word = (alphabet: string): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength: 8, maxLength: 24 });

/** What the standard allows, what people write all the same, and what has to be encoded. */
const passwords = fc.oneof(
  word(ALPHABET),
  word(`${ALPHABET}/?#@:`),
  word(`${ALPHABET}%"<>[]{}|\\^\` éß`).map((text) => encodeURIComponent(text)),
);

const shapes: readonly ((user: string, password: string) => string)[] = [
  (user, password) => `http://${user}:${password}@etcd.example:2379`,
  (user, password) => `https://${user}:${password}@etcd.example:2379/`,
  (user, password) => `http://${user}:${password}@etcd.example:99999`,
  (user, password) => `http://${user}:${password}@`,
  (user, password) => `ftp://${user}:${password}@etcd.example/x`,
  (user, password) => `HTTP://${user}:${password}@[::1]:2379`,
  (_user, password) => `http://:${password}@etcd.example:2379`,
  (user, password) => `http:/${user}:${password}@etcd.example`,
  (user, password) => `http:${user}:${password}@etcd.example`,
  (user, password) => `${user}:${password}@etcd.example:2379`,
  (_user, password) => `${password}@etcd.example`,
  (_user, password) => `http://${password}@etcd.example`,
];

export const userinfoForms: fc.Arbitrary<AddressWithUserinfo> = fc
  .tuple(word(ALPHABET), passwords, fc.constantFrom(...shapes))
  .map(([user, password, shape]) => ({ address: shape(user, password), user, password }));

/** Eight characters in a row of one of `secrets` that are in `told`, if there are any. */
export function findLeak(told: string, ...secrets: readonly string[]): string | undefined {
  for (const secret of secrets) {
    for (let start = 0; start + 8 <= secret.length; start++) {
      const fragment = secret.slice(start, start + 8);
      if (told.includes(fragment)) return fragment;
    }
  }
  return undefined;
}
