import type { z } from "zod";

/**
 * Something that happened, to be recorded. `intent` comes before a write and has an `id`; `outcome` says what became of it, and
 * names that id as `intent`; `refused` is of what came to no write; `release` and `released` are of the change guard. Who asked
 * and what for is in the other fields; values are there only where `audit.values` says so, and secrets never.
 */
export interface AuditEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A place where events are kept, that is open. */
export interface Sink {
  /**
   * Keeps an event, behind those that were appended before it. Resolves when it is kept as safely as the sink promises; rejects where
   * it is not, and may then be given the same event, the same object, again. What takes longer than four seconds counts as rejected.
   */
  readonly append: (event: AuditEvent) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What the composition root lends to a sink. */
export interface SinkServices {
  /** The folder that the configuration's relative paths start from. */
  readonly folder: string;
  readonly log: { readonly warn: (fields: object, message: string) => void };
}

/** A type of sink: what it is set up with, and how it is opened. */
export interface SinkDefinition<Config extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** Its settings, beside `type` and `values`: checked at start, and the source of the JSON Schema and the reference page. */
  readonly config: Config;
  /** An example of its settings as YAML, for the reference page; a test checks it against `config`. */
  readonly example: string;
  /** Opens it. Throws where it can keep nothing: a gateway that is to record does not start without. */
  readonly open: (config: z.output<Config>, services: SinkServices) => Sink;
}

/** Gives a sink's definition its types. */
export const defineSink = <Config extends z.ZodType>(definition: SinkDefinition<Config>) => definition;
