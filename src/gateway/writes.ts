import type { Change, Entry, Expected } from "../connector/connector.ts";
import { attrsWritten } from "../mapping/mapping.ts";
import { ask, type Context } from "./context.ts";
import { BackendError } from "./failure.ts";
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

/** The end of every write's way: the connector. What is wrong with an attribute of the entry is said of the resource's. */
export const toConnector: Perform = (write) =>
  perform(write).catch((error) => {
    throw inWordsOf(write.endpoint, error);
  });

/** A clash of values, told by the attribute of the resource that the client knows. */
function inWordsOf({ mapping }: Endpoint, error: unknown): unknown {
  if (!(error instanceof BackendError)) return error;
  const { kind, attr, mayHaveHappened, message } = error.failure;
  const row = attr && mapping.rows.find((each) => attrsWritten(each).some((name) => sameName(name, attr)));
  if (kind !== "conflict" || !row) return error;
  const clash = `There is already a ${mapping.type.name} with this ${row.name} ("${attr}" behind).`;
  // What was done before it is not left unsaid.
  return new BackendError(error.failure, mayHaveHappened ? `${clash} ${message}` : clash);
}

const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const perform: Perform = async (write) => {
  const { endpoint, context } = write;
  switch (write.action) {
    case "create": {
      const { entry, attrs, requestKey } = write;
      return ask(context, endpoint, "create", { entry, attrs, ...(requestKey !== undefined && { requestKey }) });
    }
    case "update": {
      const { key, changes, expected, attrs } = write;
      return ask(context, endpoint, "update", { key, changes, ...(expected && { expected }), attrs });
    }
    case "delete": {
      const { key, expected } = write;
      await ask(context, endpoint, "delete", { key, ...(expected && { expected }) });
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
