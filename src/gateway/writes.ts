import type { Change, Entry, Expected } from "../connector/connector.ts";
import { ask, type Context } from "./context.ts";
import type { Endpoint } from "./references.ts";

/** A write that an operation has worked out, before it is made. */
export type Write = {
  readonly endpoint: Endpoint;
  readonly context: Context;
} & (
  | {
      readonly action: "create";
      readonly entry: Entry;
      readonly attrs: readonly string[];
      /** The client's request, the same for each repeat of it. */
      readonly requestKey?: string | undefined;
    }
  | {
      readonly action: "update";
      readonly key: string;
      readonly changes: readonly Change[];
      readonly expected?: Expected | undefined;
      readonly attrs: readonly string[];
    }
  | { readonly action: "delete"; readonly key: string; readonly expected?: Expected | undefined }
);

/** Makes a write; gives the entry after it, which a deletion has none of. */
export type Perform = (write: Write) => Promise<Entry | undefined>;
/** Stands before a write: may look, refuse, or answer in its place. */
export type WriteStep = (next: Perform) => Perform;

/** The end of every write's way: the connector. */
export const toConnector: Perform = async (write) => {
  const { endpoint, context } = write;
  const { connector, mapping } = endpoint;
  const { signal } = context;
  const { kind } = mapping;
  switch (write.action) {
    case "create": {
      const { entry, attrs, requestKey } = write;
      return ask(context, () =>
        connector.create({ kind, entry, attrs, ...(requestKey !== undefined && { requestKey }), signal }),
      );
    }
    case "update": {
      const { key, changes, expected, attrs } = write;
      return ask(context, () => connector.update({ kind, key, changes, ...(expected && { expected }), attrs, signal }));
    }
    case "delete": {
      const { key, expected } = write;
      await ask(context, () => connector.delete({ kind, key, ...(expected && { expected }), signal }));
      return undefined;
    }
  }
};

/** The attributes of the entry that a write touches. */
export const attrsOfWrite = (write: Write): string[] =>
  write.action === "create"
    ? Object.keys(write.entry)
    : write.action === "update"
      ? [...new Set(write.changes.map(({ attr }) => attr))]
      : [];

/** Puts steps before a write; the first stands outermost. */
export const inSteps = (steps: readonly WriteStep[], perform: Perform): Perform =>
  steps.reduceRight((next, step) => step(next), perform);
