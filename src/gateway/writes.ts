import type { Change, Entry, Expected } from "../connector/connector.ts";
import { attrsWritten } from "../mapping/mapping.ts";
import { ask, type Context } from "./context.ts";
import { BackendError } from "./failure.ts";
import type { Endpoint } from "./references.ts";

/** A write that an operation has computed but not yet made. */
export type Write = {
  readonly endpoint: Endpoint;
  readonly context: Context;
} & (
  | {
      readonly action: "create";
      readonly entry: Entry;
      readonly attrs: readonly string[];
      /** Identifies the client's request across repeats. */
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

/** Makes a write. Returns the entry after it; undefined for a deletion. */
export type Perform = (write: Write) => Promise<Entry | undefined>;
/** Wraps a write: may inspect, refuse, or answer in its place. */
export type WriteStep = (next: Perform) => Perform;

/** The last step of every write: the connector. Errors about the entry's attributes are translated to the resource's. */
export const toConnector: Perform = (write) =>
  perform(write).catch((error) => {
    throw inWordsOf(write.endpoint, error);
  });

/** Reports a conflict under the SCIM attribute that the client knows. */
function inWordsOf({ mapping }: Endpoint, error: unknown): unknown {
  if (!(error instanceof BackendError)) return error;
  const { kind, attr, mayHaveHappened, message } = error.failure;
  const row = attr && mapping.rows.find((each) => attrsWritten(each).some((name) => sameName(name, attr)));
  if (kind !== "conflict" || !row) return error;
  const clash = `A ${mapping.type.name} with this ${row.name} already exists (backend attribute "${attr}").`;
  // Keep the information about what was already done.
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

/** The entry's attributes that a write affects. */
export const attrsOfWrite = (write: Write): string[] =>
  write.action === "create"
    ? Object.keys(write.entry)
    : write.action === "update"
      ? [...new Set(write.changes.map(({ attr }) => attr))]
      : [];

/** Wraps a write in steps, the first outermost. */
export const inSteps = (steps: readonly WriteStep[], perform: Perform): Perform =>
  steps.reduceRight((next, step) => step(next), perform);
