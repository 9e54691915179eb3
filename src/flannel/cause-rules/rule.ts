// One rule: which line of a journal speaks of which cause.

export interface Cause {
  readonly cause: string;
  readonly remedy: string;
}

export interface CauseRule extends Cause {
  /** What the rule is about, for tests and for those who search. */
  readonly name: string;
  /** Of one line. */
  readonly pattern: RegExp;
  /** What tells, anywhere in the journal, that the line is about something else. */
  readonly unless?: RegExp;
  /** What only follows from something else, and is told only where nothing else is known. */
  readonly isConsequence?: true;
}
