// Collects what is wrong with a configuration, so that all of it is reported at once.

/** Of so many, more are no help, and to describe them would take longer than the task may. */
const MAX_UNKNOWN = 100;

/** Faults by who minds them: flanneld itself, or only its user. */
export class Findings {
  readonly refusals: string[] = [];
  readonly hazards: string[] = [];
  readonly notes: string[] = [];
  #unknown = 0;

  /** flanneld of this version would not start with it. */
  refused(message: string): void {
    this.refusals.push(message);
  }

  /** flanneld would take it without a word and do something that cannot be meant. */
  harmful(message: string): void {
    this.hazards.push(message);
  }

  /** The same for a name that nobody knows, of which a document may have a hundred thousand. */
  unknown(describe: () => string): void {
    this.#unknown += 1;
    if (this.#unknown <= MAX_UNKNOWN) this.harmful(describe());
    if (this.#unknown === MAX_UNKNOWN + 1) this.harmful("there are more unknown names");
  }

  /** Worth knowing, but may be meant. */
  noted(message: string): void {
    this.notes.push(message);
  }
}
