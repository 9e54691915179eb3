// What the two ends of a trial, and the task that starts them, say to each other.

/** `require`, for programs that are sent as text. */
export type Load = (name: string) => unknown;

export interface Serving {
  readonly addresses: readonly string[];
  readonly lifetimeMs: number;
}

/** Where an echo serves. */
export interface ServedAt {
  readonly address: string;
  readonly port: number;
  readonly udp_port: number;
}

/** What is to be reached: an echo, and the address of its host in the overlay, where it has one. */
export interface Target extends ServedAt {
  readonly own?: string | undefined;
}

/** What is to be tried, `atOnce` at a time. */
export interface ProbeOrder {
  readonly targets: readonly Target[];
  readonly mtu: number;
  readonly atOnce: number;
  readonly program: string;
}

/** What was found about one target; the words are those of flannel/reach.ts. */
export interface Probed {
  readonly ping: boolean | null;
  readonly fullPing: boolean | null;
  /** Whether the host itself answers; null, too, where it has no address in the overlay. */
  readonly ownPing: boolean | null;
  readonly udp: boolean;
  readonly tcp: "ok" | "refused" | "unreachable" | "no_answer" | "stalled" | "garbled";
  readonly largest: number | null;
  /** The address under which the echo saw this side. */
  readonly seenAs: string | null;
  /** The address that this side has itself. */
  readonly source: string | null;
}

export interface ProbeReport {
  /** In the order of the targets. */
  readonly found: readonly Probed[];
  /** InCsumErrors of TCP and UDP in this network namespace, before and after. */
  readonly checksumErrors: { readonly before: number; readonly after: number };
}
