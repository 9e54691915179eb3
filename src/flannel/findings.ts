// Collects what is wrong with a configuration, so that all of it is reported at once.

/** Faults by who minds them: flanneld itself, or only its user. */
export class Findings {
  readonly refusals: string[] = [];
  readonly hazards: string[] = [];
  readonly notes: string[] = [];

  /** flanneld of this version would not start with it. */
  refused(message: string): void {
    this.refusals.push(message);
  }

  /** flanneld would take it without a word and do something that cannot be meant. */
  harmful(message: string): void {
    this.hazards.push(message);
  }

  /** Worth knowing, but may be meant. */
  noted(message: string): void {
    this.notes.push(message);
  }
}
