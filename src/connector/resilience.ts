import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  circuitBreaker,
  handleWhen,
  SamplingBreaker,
} from "cockatiel";
import { z } from "zod";
import type { Condition, Connector, SearchRequest } from "./connector.ts";
import { ConnectorError, neverAsked } from "./error.ts";
import { abortable } from "./kit/deadline.ts";

/** The settings that every connector has beside its own. */
export const resilienceConfig = z
  .strictObject({
    concurrency: z.int().min(1).max(10_000).default(64).describe("The most operations on the system at a time."),
    queue: z
      .int()
      .min(0)
      .max(100_000)
      .default(128)
      .describe("How many more wait for their turn; beyond that the answer is 503."),
    breakAfter: z
      .number()
      .min(1)
      .max(600)
      .default(1)
      .describe(
        "Seconds for which nothing is asked of a system that has failed nine times in ten lately; then one try is made.",
      ),
  })
  .prefault({})
  .describe("How a system that is slow or away is spared, and the gateway with it.");
/** How a connector is spared, with the defaults. */
export type Resilience = z.output<typeof resilienceConfig>;

/** Who is told of the calls to a connector. */
export interface Observer {
  readonly called: (call: {
    readonly connector: string;
    readonly operation: string;
    readonly ms: number;
    /** `ok`, or the kind of the failure. */
    readonly result: string;
  }) => void;
  readonly breaker: (connector: string, state: "closed" | "open" | "halfOpen") => void;
  /** Runs a call within what traces it. */
  readonly traced: <T>(connector: string, operation: string, call: () => Promise<T>) => Promise<T>;
}

/** What of the wrapped connector can be looked at. */
export interface Occupancy {
  readonly running: () => number;
  readonly waiting: () => number;
  /** Whether one more would be refused. */
  readonly isFull: () => boolean;
}

const kindOf = (error: unknown): string => (error instanceof ConnectorError ? error.kind : "unforeseen");
/** Failures that say something of the system, and nothing of what was asked. */
const isOfSystem = (error: unknown): boolean =>
  ["unavailable", "timeout"].includes(kindOf(error)) && !(error instanceof ConnectorError && error.isAnswered);

/** The breaker opens when so much of what was asked within so long failed. */
const SAMPLE = { threshold: 0.9, duration: 10_000, minimumRps: 1 };

/** Listings have at most this part of the places, so that there are always others for look-ups and writes. */
const LISTINGS_SHARE = 0.5;

/** Runs calls, so many at a time; others wait for their turn. */
type Lane = <T>(signal: AbortSignal, call: () => Promise<T>) => Promise<T>;

/**
 * A connector that is spared when it cannot keep up: so many operations at a time, a short queue behind them, and none for
 * a while where nearly all have failed. Listings, which are dear, have a lane of their own: however they end, look-ups and writes are
 * neither kept waiting nor refused. The probe goes straight through: health says how the system is.
 */
export function resilient(
  connector: Connector,
  name: string,
  { concurrency, queue, breakAfter }: Resilience,
  observer: Observer,
): Connector & { readonly occupancy: Occupancy } {
  const places = bulkhead(concurrency, queue);
  const mostListings = Math.max(1, Math.floor(concurrency * LISTINGS_SHARE));
  const listingPlaces = bulkhead(mostListings, queue);
  const newBreaker = (called: string) => {
    const made = circuitBreaker(handleWhen(isOfSystem), {
      halfOpenAfter: breakAfter * 1000,
      breaker: new SamplingBreaker(SAMPLE),
    });
    made.onStateChange((state) => {
      if (state === CircuitState.Open) observer.breaker(called, "open");
      else if (state === CircuitState.HalfOpen) observer.breaker(called, "halfOpen");
      else observer.breaker(called, "closed");
    });
    return made;
  };
  const breaker = newBreaker(name);
  const listingBreaker = newBreaker(`${name}, listings`);

  const lane =
    (of: typeof places): Lane =>
    (signal, call) => {
      // Who has a place is ended by the connector; who waits for one waits no longer than the request has.
      if (of.executionSlots > 0) return of.execute(call);
      const waiting = new AbortController();
      const late = () => waiting.abort(neverAsked("timeout", `${name} was busy for longer than a request may take.`));
      signal.addEventListener("abort", late, { once: true });
      const run = of.execute(() => {
        signal.removeEventListener("abort", late);
        signal.throwIfAborted();
        return call();
      });
      return abortable(waiting.signal, run).finally(() => signal.removeEventListener("abort", late));
    };
  const [inPlace, amongListings] = [lane(places), lane(listingPlaces)];
  const looking: Lane = (signal, call) => inPlace(signal, () => breaker.execute(call));
  const listing: Lane = (signal, call) =>
    amongListings(signal, () => inPlace(signal, () => listingBreaker.execute(call)));
  const operation =
    <Request extends { readonly signal: AbortSignal }, Result>(
      what: string,
      call: (request: Request) => Promise<Result>,
      laneOf: (request: Request) => Lane = () => looking,
    ) =>
    async (request: Request): Promise<Result> => {
      const start = performance.now();
      let run = looking;
      const tell = (result: string) =>
        observer.called({ connector: name, operation: what, ms: performance.now() - start, result });
      try {
        run = laneOf(request);
        const result = await observer.traced(name, what, () => run(request.signal, () => call(request)));
        tell("ok");
        return result;
      } catch (caught) {
        const error = refused(caught, name, run === listing ? mostListings : concurrency);
        tell(kindOf(error));
        throw error;
      }
    };
  const { resolve, outside } = connector;
  return {
    ...connector,
    search: operation("search", connector.search, (request) => (isListing(request) ? listing : looking)),
    get: operation("get", connector.get),
    create: operation("create", connector.create),
    update: operation("update", connector.update),
    delete: operation("delete", connector.delete),
    ...(resolve && { resolve: operation("resolve", resolve) }),
    ...(outside && { outside: operation("resolve", outside) }),
    occupancy: {
      running: () => concurrency - places.executionSlots,
      waiting: () => queue - places.queueSlots,
      isFull: () => places.executionSlots === 0 && places.queueSlots === 0,
    },
  };
}

/** Whether a search may find very many: it does not name what it looks for by a value. Of true and false there are too few to name anything. */
const isListing = ({ where }: SearchRequest): boolean => !where || !names(where);

function names(condition: Condition): boolean {
  switch (condition.op) {
    case "eq":
      return typeof condition.value !== "boolean";
    case "and":
      return condition.conditions.some(names);
    case "or":
      return condition.conditions.every(names);
    default:
      return false;
  }
}

function refused(error: unknown, name: string, concurrency: number): unknown {
  if (error instanceof BulkheadRejectedError)
    return neverAsked("busy", `${name} has all it can do: ${concurrency} operations, and as many as may wait.`);
  if (error instanceof BrokenCircuitError)
    return neverAsked("unavailable", `${name} has failed again and again, and is left alone for a moment.`, error);
  return error;
}
