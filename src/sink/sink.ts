import type { z } from "zod";

/**
 * An event to record. An `intent` comes before a write and has an `id`. An `outcome` says how the write ended, and names that id
 * as `intent`. A `refused` request led to no write. `release` and `released` belong to the change guard. The other fields say who
 * asked for what; values are included only with `audit.values`, and secrets never.
 */
export interface AuditEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** An open sink. */
export interface Sink {
  /**
   * Keeps an event, after those that were appended before. Resolves when the event is as safe as the sink promises. Rejects if it is
   * not; the same object may then be appended again. An append that takes more than four seconds counts as rejected.
   */
  readonly append: (event: AuditEvent) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What the program gives to a sink when it opens it. */
export interface SinkServices {
  /** The folder that the configuration's relative paths start from. */
  readonly folder: string;
  readonly log: { readonly warn: (fields: object, message: string) => void };
}

/** A type of sink: its settings, and how to open one. */
export interface SinkDefinition<Config extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** The schema of its settings, without `type` and `values`: they are checked at start, and the JSON Schema and the reference page follow from it. */
  readonly config: Config;
  /** An example of its settings as YAML, for the reference page; a test checks it against `config`. */
  readonly example: string;
  /** Opens a sink. Throws if it cannot keep events: a gateway that must record does not start without. */
  readonly open: (config: z.output<Config>, services: SinkServices) => Sink;
}

/** Infers the type of the settings for `open`. */
export const defineSink = <Config extends z.ZodType>(definition: SinkDefinition<Config>) => definition;
