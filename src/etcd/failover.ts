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
   * failure is transient and time is left. A request that is not `repeatable` is never sent twice:
   * LostAnswerError when its fate is unknown. Throws ModuleError with one line per endpoint.
   */
  async run<T>(
    attempt: (endpoint: Endpoint, timeoutMs: number) => Promise<T>,
    { repeatable }: { readonly repeatable: boolean },
  ): Promise<T> {
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
      const hopeful = failures.some(({ error }) => error.transient);
      if (!hopeful || this.deadline.remainingMs() < PAUSE_MS * 2) {
        throw describeTotalFailure(failures);
      }
      await sleep(PAUSE_MS);
    }
  }

  #shareOf(left: number): number {
    const share = this.deadline.shareMs(left, ATTEMPT_LIMIT_MS);
    if (share > 0) return share;
    throw new EndpointError("not asked, the time allowed by timeout is used up", {
      code: "timeout",
    });
  }

  /** Indexes of all endpoints, the preferred one first. */
  #order(): readonly number[] {
    const all = this.endpoints.map((_, index) => index);
    return [this.#preferred, ...all.filter((index) => index !== this.#preferred)];
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
