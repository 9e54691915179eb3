// One request, several endpoints: tried in order, the one that worked first next time.

import { setTimeout as sleep } from "node:timers/promises";

import { type Deadline } from "../host/deadline";
import { type Endpoint } from "./endpoint";
import {
  type EndpointFailure,
  EndpointError,
  LostAnswerError,
  describeTotalFailure,
} from "./endpoint-error";

/** An etcd that waits for an election answers after 7 s (its own request timeout) at the latest. */
const ATTEMPT_LIMIT_MS = 8_000;
const PAUSE_MS = 200;
/** What is asked in less time than this is a waste of it. */
const MIN_ROUND_MS = 2_000;

export class Failover {
  #preferred = 0;

  constructor(
    private readonly endpoints: readonly [Endpoint, ...Endpoint[]],
    private readonly deadline: Deadline,
  ) {}

  /** The endpoint that answered last; before any did, the first one. */
  get current(): Endpoint {
    return this.endpoints[this.#preferred] ?? this.endpoints[0];
  }

  /**
   * Runs `attempt` against one endpoint after the other until one answers; goes round again while a
   * failure is transient and there is time for a round. A request that is not `repeatable` is never sent twice:
   * LostAnswerError when its fate is unknown. Throws ModuleError with the most telling failure of each
   * endpoint.
   */
  async run<T>(
    attempt: (endpoint: Endpoint, timeoutMs: number) => Promise<T>,
    { repeatable }: { readonly repeatable: boolean },
  ): Promise<T> {
    const told = new Map<string, EndpointFailure>();
    for (;;) {
      const failures: EndpointFailure[] = [];
      for (const [tried, index] of this.#order().entries()) {
        const endpoint = this.endpoints[index];
        if (endpoint === undefined) continue;
        const left = this.endpoints.length - tried;
        const answer = await tryEndpoint(
          async () => attempt(endpoint, this.#shareOf(left)),
          endpoint,
          repeatable,
          failures,
        );
        if (answer !== undefined) {
          this.#preferred = index;
          return answer.value;
        }
      }
      keepTelling(told, failures);
      const hopeful = failures.some(({ error }) => error.transient);
      if (!hopeful || this.deadline.remainingMs() < PAUSE_MS + MIN_ROUND_MS) {
        throw describeTotalFailure([...told.values()]);
      }
      await sleep(PAUSE_MS);
    }
  }

  #shareOf(left: number): number {
    const share = this.deadline.shareMs(left, ATTEMPT_LIMIT_MS);
    if (share > 0) return share;
    throw new EndpointError("not asked, the time allowed by timeout had run out", {
      code: "timeout",
    });
  }

  /** Indexes of all endpoints, the preferred one first. */
  #order(): readonly number[] {
    const all = this.endpoints.map((_, index) => index);
    return [this.#preferred, ...all.filter((index) => index !== this.#preferred)];
  }
}

/** The last failure of each endpoint, but none in place of what the server itself has said. */
function keepTelling(
  told: Map<string, EndpointFailure>,
  failures: readonly EndpointFailure[],
): void {
  for (const failure of failures) {
    const { url } = failure.endpoint;
    if (failure.error.told || told.get(url)?.error.told !== true) told.set(url, failure);
  }
}

/** The answer, or undefined after noting the failure of this endpoint. */
async function tryEndpoint<T>(
  attempt: () => Promise<T>,
  endpoint: Endpoint,
  repeatable: boolean,
  failures: EndpointFailure[],
): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await attempt() };
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    if (error.sent && !repeatable) throw lostAnswer(endpoint, error);
    failures.push({ endpoint, error });
    return undefined;
  }
}

function lostAnswer(endpoint: Endpoint, error: EndpointError): LostAnswerError {
  return new LostAnswerError(`${endpoint.url}: ${error.message}`, { cause: error });
}
