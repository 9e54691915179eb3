// A flag as an environment variable; apart from the table of flags, which a refusal does without.

/** The environment variable from which flanneld takes a flag that is not on its command line. */
export function environmentNameOf(flag: string): string {
  return `FLANNELD_${flag.toUpperCase().replace(/-/g, "_")}`;
}
