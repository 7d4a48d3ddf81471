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
import { ConnectorError, neverAsked, ofRead } from "./error.ts";
import { abortable } from "./kit/deadline.ts";

/** Settings that every connector has in addition to its own. */
export const resilienceConfig = z
  .strictObject({
    concurrency: z.int().min(1).max(10_000).default(64).describe("Maximum concurrent operations on the backend."),
    queue: z
      .int()
      .min(0)
      .max(100_000)
      .default(128)
      .describe("Maximum operations waiting for a slot; beyond that they are rejected with 503."),
    breakAfter: z
      .number()
      .min(1)
      .max(600)
      .default(1)
      .describe(
        "Seconds for which the circuit breaker stays open after nine of ten recent operations failed. Then one operation is tried.",
      ),
  })
  .prefault({})
  .describe("Protects a slow or unavailable backend, and the gateway from it.");
/** Resilience settings with defaults. */
export type Resilience = z.output<typeof resilienceConfig>;

/** Called for connector calls. */
export interface Observer {
  readonly called: (call: {
    readonly connector: string;
    readonly operation: string;
    readonly ms: number;
    /** `ok`, or the kind of failure. */
    readonly result: string;
    /** Why it failed; undefined if it did not. */
    readonly error: unknown;
    /** What was asked for, values included. */
    readonly request: object;
  }) => void;
  readonly breaker: (connector: string, state: "closed" | "open" | "halfOpen") => void;
  /** Runs a call within a trace span. */
  readonly traced: <T>(connector: string, operation: string, call: () => Promise<T>) => Promise<T>;
}

/** The load of a wrapped connector. */
export interface Occupancy {
  readonly running: () => number;
  readonly waiting: () => number;
  /** How many may run, and how many may wait. */
  readonly limits: { readonly running: number; readonly waiting: number };
  /** Reports whether another call would be rejected. */
  readonly isFull: () => boolean;
}

const kindOf = (error: unknown): string => (error instanceof ConnectorError ? error.kind : "unforeseen");
/** Failures that concern the backend rather than the request. */
const isOfSystem = (error: unknown): boolean =>
  ["unavailable", "timeout"].includes(kindOf(error)) && !(error instanceof ConnectorError && error.isAnswered);

/** The circuit breaker opens when this share of the calls within this time has failed. */
const SAMPLE = { threshold: 0.9, duration: 10_000, minimumRps: 1 };

/** Maximum share of slots for listings, so that look-ups and writes always find one. */
const LISTINGS_SHARE = 0.5;

/** Runs a limited number of calls at a time; others wait. */
type Lane = <T>(signal: AbortSignal, call: () => Promise<T>) => Promise<T>;

/** Which lane an operation takes, and how its failures are told. */
interface Told<Request> {
  readonly laneOf?: (request: Request) => Lane;
  readonly told?: (error: unknown) => unknown;
}

const same = (error: unknown): unknown => error;
/** A client that only read is not told of writes. */
const reads = { told: ofRead };

/**
 * Protects a connector that cannot keep up: limited concurrency, a short queue, and a circuit breaker. Listings are expensive and have a
 * lane of their own, so that they neither delay nor block look-ups and writes. The probe bypasses all of it, because health checks report
 * the backend's state.
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
      // A running call is ended by the connector. A waiting one is ended by the request's signal.
      if (of.executionSlots > 0) return of.execute(call);
      const waiting = new AbortController();
      const late = () =>
        waiting.abort(neverAsked("timeout", `${name} was busy for the operation's whole time limit. Try again later.`));
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
      { laneOf = () => looking, told = same }: Told<Request> = {},
    ) =>
    async (request: Request): Promise<Result> => {
      const start = performance.now();
      let run = looking;
      const tell = (result: string, error?: unknown) =>
        observer.called({ connector: name, operation: what, ms: performance.now() - start, result, error, request });
      try {
        run = laneOf(request);
        const result = await observer.traced(name, what, () => run(request.signal, () => call(request)));
        tell("ok");
        return result;
      } catch (caught) {
        const error = told(refused(caught, name, run === listing ? mostListings : concurrency));
        tell(kindOf(error), error);
        throw error;
      }
    };
  const { resolve, outside } = connector;
  return {
    ...connector,
    search: operation("search", connector.search, {
      ...reads,
      laneOf: (request) => (isListing(request) ? listing : looking),
    }),
    get: operation("get", connector.get, reads),
    create: operation("create", connector.create),
    update: operation("update", connector.update),
    delete: operation("delete", connector.delete),
    ...(resolve && { resolve: operation("resolve", resolve, reads) }),
    ...(outside && { outside: operation("resolve", outside, reads) }),
    occupancy: {
      running: () => concurrency - places.executionSlots,
      waiting: () => queue - places.queueSlots,
      limits: { running: concurrency, waiting: queue },
      isFull: () => places.executionSlots === 0 && places.queueSlots === 0,
    },
  };
}

/** Reports whether a search may return very many entries because it has no selective value. True and false are not selective. */
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
    return neverAsked(
      "busy",
      `${name} is at capacity: ${concurrency} operations are running and the queue is full. Try again later.`,
    );
  if (error instanceof BrokenCircuitError)
    return neverAsked(
      "unavailable",
      `${name} failed repeatedly: its circuit breaker is open for a few seconds. Try again later.`,
      error,
    );
  return error;
}
