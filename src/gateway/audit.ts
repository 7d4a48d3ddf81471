import type { Entry } from "../connector/connector.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { notNow, ScimError } from "../scim/error.ts";
import { ask } from "./context.ts";
import { attrsOfWrite, type Layer, type Write } from "./writes.ts";

/** Appends to the audit log; throws where it cannot be written. */
export type Append = (fields: Readonly<Record<string, unknown>>) => void;

/**
 * Records each write, whatever became of it, before it is answered. While the log cannot be written nothing else is.
 * With `values` the entry is read before, and values are recorded; those of attributes that are only written never are.
 */
export function audited(route: string, append: Append, values: boolean): Layer {
  let isBroken = false;
  const record = (fields: Readonly<Record<string, unknown>>): void => {
    try {
      append(fields);
      isBroken = false;
    } catch (error) {
      isBroken = true;
      throw notNow(`The audit log cannot be written: ${(error as Error).message}.`);
    }
  };
  return (next) => async (write) => {
    const { context, endpoint, action } = write;
    const about = { requestId: context.requestId, caller: context.caller, source: context.source, route };
    if (isBroken) record({ ...about, event: "the audit log can be written again" });
    const touched = attrsOfWrite(write);
    const readable = values ? shownAttrs(endpoint.mapping) : [];
    const shown = touched.filter((attr) => readable.includes(attr));
    const before =
      values && action !== "create" ? await present(write, action === "delete" ? readable : shown) : undefined;
    const operation = {
      ...about,
      type: endpoint.mapping.type.name,
      action,
      backend: {
        connector: endpoint.name,
        kind: endpoint.mapping.kind,
        ...(action !== "create" && { key: write.key }),
      },
      attributes: touched,
      ...(before && { before }),
    };
    let after: Entry | undefined;
    try {
      after = await next(values && action !== "delete" ? withAttrs(write, shown) : write);
    } catch (error) {
      record({
        ...operation,
        result: error instanceof ScimError ? String(error.status) : "500",
        detail: detailOf(error),
      });
      throw error;
    }
    const key = action === "create" && after ? keyOf(write, after) : undefined;
    record({
      ...operation,
      ...(key !== undefined && { backend: { ...operation.backend, key } }),
      ...(values && after && { after: only(after, shown) }),
      result: "ok",
    });
    return after;
  };
}

/** What went wrong, in words that are free of the values that were sent. */
const detailOf = (error: unknown): string | undefined => (error instanceof ScimError ? error.scimType : undefined);

const keyOf = ({ endpoint }: Write, entry: Entry) => entry[endpoint.connector.kinds.get(endpoint.mapping.kind)!.key];

const withAttrs = (write: Exclude<Write, { action: "delete" }>, more: readonly string[]): Write => ({
  ...write,
  attrs: [...new Set([...write.attrs, ...more])],
});

const only = (entry: Entry, attrs: readonly string[]): Entry =>
  Object.fromEntries(attrs.flatMap((attr) => (entry[attr] === undefined ? [] : [[attr, entry[attr]]])));

/** The entry's values as they are. */
async function present(write: Write, attrs: readonly string[]): Promise<Entry | undefined> {
  const { endpoint, context } = write;
  if (write.action === "create") return undefined;
  const { mapping, connector } = endpoint;
  const entry = await ask(context, () =>
    connector.get({ kind: mapping.kind, key: write.key, attrs, signal: context.signal }),
  );
  return entry && only(entry, attrs);
}

/** Attributes that a row reads, and none that is only written. */
const shownAttrs = (mapping: Mapping): string[] => [
  ...new Set(mapping.rows.flatMap((row) => (row.is === "expression" || row.writeOnly ? [] : [row.attr]))),
];
