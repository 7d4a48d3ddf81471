import type { z } from "zod";

/**
 * An event to record. An `intent` comes before a write and has an `id`. An `outcome` says how the write ended, and names that ID as
 * `intent`. A `refused` request led to no write. `time` is when it happened, ISO 8601 in UTC. Operators' actions are `release` and
 * `released`, on a route's change guard or a sync, `dismiss` and `dismissed` on a change guard, and `run`, `retry`, `forget` and `cancel` on
 * a sync, followed by `ran`, `retried`, `forgotten` and `cancelled`; `reload` and `reloaded` are theirs on the configuration, `save` and
 * `saved` on the files of mappings, `end-sessions` and `ended-sessions`, `sign-in` and `sign-out` at the console. `probed`, `checked`, `verify`,
 * `verified`, `compare` and `compared` changed nothing. Other fields say who requested what: `by` is a name, with `issuer` and `sub` if an
 * identity provider vouches for it. Values are included only with `audit.values`; secrets never.
 */
export interface AuditEvent {
  readonly event: string;
  readonly time?: string;
  readonly [field: string]: unknown;
}

/** An open sink. */
export interface Sink {
  /**
   * Stores an event after earlier ones. Resolves when the event is as safe as the sink promises, and rejects otherwise: the same object may
   * then be appended again. The signal aborts after four seconds, and the event counts as rejected; the sink must not store it after that.
   * Calls come one after another, unless the sink sets `takesSeveral`.
   */
  readonly append: (event: AuditEvent, signal: AbortSignal) => Promise<void>;
  /** Whether `append` may be called before earlier calls have settled, thousands of times, because the sink keeps their order itself. */
  readonly takesSeveral?: true;
  /** Called once, after the last `append` has settled. It has four seconds, too. */
  readonly close: () => Promise<void>;
}

/** The end of a chain of records. */
export interface ChainEnd {
  /** The number of its last record. */
  readonly seq: number;
  /** That record's hash. */
  readonly hash: string;
}

/** The end of a chain in the store that several gateways share, apart from the records themselves. */
export interface Anchor {
  /** The saved end of the chain. Undefined for a new chain, and if the store is unavailable. */
  readonly end: ChainEnd | undefined;
  /**
   * Starts saving the end of the chain. `holds` reports whether the chain contains the saved record; it is called once, when the store is
   * available. If not, the saved end is kept and nothing is saved any more.
   */
  readonly begin: (holds: (stored: ChainEnd) => boolean) => void;
  /** Saves the end of the chain within a second or two. */
  readonly keep: (end: ChainEnd) => void;
  /** Saves the last end, and lets others write the chain. */
  readonly close: () => Promise<void>;
}

/** What the program passes to a sink when opening it. */
export interface SinkServices {
  /** The folder that relative paths start from. */
  readonly folder: string;
  readonly log: { readonly warn: (fields: object, message: string) => void };
  /**
   * Anchors a chain in the store that several gateways share; absent if there is none. `holder` identifies the writer. Rejects if another
   * holder is writing the chain.
   */
  readonly anchor?: ((chain: string, holder: string) => Promise<Anchor>) | undefined;
}

/** A type of sink: its settings, and how to open one. */
export interface SinkDefinition<Config extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** The schema of its settings, without `type` and `values`. Validation, the JSON Schema and the reference page are derived from it. */
  readonly config: Config;
  /** Example settings as YAML for the reference page. A test validates them against `config`. */
  readonly example: string;
  /** Opens a sink. Throws or rejects if it cannot store events: a gateway with an audit log does not start without it. */
  readonly open: (config: z.output<Config>, services: SinkServices) => Sink | Promise<Sink>;
}

/** Infers the type of the settings for `open`. */
export const defineSink = <Config extends z.ZodType>(definition: SinkDefinition<Config>) => definition;
