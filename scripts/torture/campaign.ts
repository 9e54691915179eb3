// What a campaign of `make torture` is: many cases of one kind, what must hold in each, and a fault
// that it has to find.

import { type Mutant } from "../../test/mutants/mutant";

/** A fault that somebody could make; without it, a campaign that holds would prove nothing. */
export type Planted = Pick<Mutant, "fault" | "file" | "find" | "replace"> & {
  /** How much of the campaign is enough to find it; all of it by default. */
  readonly scale?: number;
};

export interface Campaign {
  /** Two or three words, by which it is chosen. */
  readonly name: string;
  readonly tries: string;
  readonly holds: string;
  /** How many cases there are at least, at full scale. */
  readonly atLeast: number;
  /** How long it takes at full scale on two cores. */
  readonly minutes: number;
  /** Files of tests. */
  readonly specs: readonly string[];
  /** Words of the titles that count, where the files hold more. */
  readonly only?: string;
  readonly planted: Planted;
}

/** Those with any of the words in their names; all without a word. Throws for a word that is in none. */
export function choose(campaigns: readonly Campaign[], words: readonly string[]): Campaign[] {
  for (const word of words) {
    if (campaigns.some(({ name }) => name.includes(word))) continue;
    const names = campaigns.map(({ name }) => name).join(", ");
    throw new Error(`CAMPAIGN: ${word}: no such campaign; there are: ${names}`);
  }
  return campaigns.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  );
}
