import type { z } from "zod";

/**
 * An event to record. An `intent` comes before a write and has an `id`. An `outcome` says how the write ended, and names that id
 * as `intent`. A `refused` request led to no write. `time` is when it happened, ISO 8601 in UTC. `release` and `released` are an operator's, on the change guard of a
 * route or on a sync; so are `retry`, `forget` and `cancel` of a sync, with `retried`, `forgotten` and `cancelled` behind them. The other fields say who asked for what; values are included only with `audit.values`, and secrets never.
 */
export interface AuditEvent {
  readonly event: string;
  readonly time?: string;
  readonly [field: string]: unknown;
}

/** An open sink. */
export interface Sink {
  /**
   * Keeps an event, after those that were appended before. Resolves when the event is as safe as the sink promises, and rejects if it is
   * not: then the same object may be appended again. The signal aborts after four seconds, and the event counts as rejected; a sink must
   * not keep it any more then. Calls come one after the other, unless the sink says `takesSeveral`.
   */
  readonly append: (event: AuditEvent, signal: AbortSignal) => Promise<void>;
  /** Whether `append` may be called before earlier calls have settled, thousands of times: the sink keeps their order itself. */
  readonly takesSeveral?: true;
  /** Called once, after the last `append` has settled; it has four seconds, too. */
  readonly close: () => Promise<void>;
}

/** Where a chain of records ends. */
export interface ChainEnd {
  /** The number of its last record. */
  readonly seq: number;
  /** That record's hash. */
  readonly hash: string;
}

/** The end of a chain of records as the store knows it, which several gateways share: away from the records themselves. */
export interface Anchor {
  /** Where the chain ended when that was noted last. Undefined for a new chain, and where the store cannot be asked. */
  readonly end: ChainEnd | undefined;
  /**
   * Begins to note where the chain ends. `holds` says whether the chain has the record that the store knows as its last: it is asked once, as
   * soon as the store can be. If the chain does not have it, the store keeps what it knows, and nothing is noted any more.
   */
  readonly begin: (holds: (stored: ChainEnd) => boolean) => void;
  /** Notes where the chain ends now; within a second or two it is in the store. */
  readonly keep: (end: ChainEnd) => void;
  /** Notes the last end, and lets others write the chain. */
  readonly close: () => Promise<void>;
}

/** What the program gives to a sink when it opens it. */
export interface SinkServices {
  /** The folder that the configuration's relative paths start from. */
  readonly folder: string;
  readonly log: { readonly warn: (fields: object, message: string) => void };
  /**
   * Anchors a chain of records, by its name, in the store that several gateways share; absent where there is none. `holder` says who
   * writes it. Rejects where another holder writes it at this time.
   */
  readonly anchor?: ((chain: string, holder: string) => Promise<Anchor>) | undefined;
}

/** A type of sink: its settings, and how to open one. */
export interface SinkDefinition<Config extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** The schema of its settings, without `type` and `values`: they are checked at start, and the JSON Schema and the reference page follow from it. */
  readonly config: Config;
  /** An example of its settings as YAML, for the reference page; a test checks it against `config`. */
  readonly example: string;
  /** Opens a sink. Throws or rejects if it cannot keep events: a gateway that must record does not start without. */
  readonly open: (config: z.output<Config>, services: SinkServices) => Sink | Promise<Sink>;
}

/** Infers the type of the settings for `open`. */
export const defineSink = <Config extends z.ZodType>(definition: SinkDefinition<Config>) => definition;
