import { type BackendOperation, fromValues, valuesOf } from "../../src/connector/connector.ts";
import { valuesPut } from "../../src/connector/reference.ts";
import { callText } from "../../src/http/text.ts";
import type { Template } from "./calls.ts";
import { ownCall } from "./conditions.ts";
import { toObject } from "./entries.ts";
import type { RestKind } from "./kind.ts";
import { callAt, pageSize, placeOf } from "./lists.ts";
import { changing, creation, needsEntry, type Plan, readBefore } from "./plans.ts";
import { searchScope } from "./reads.ts";

/** The requests of an operation as text. Values that depend on a response are in angle brackets. */
export async function explain(kind: RestKind, operation: BackendOperation): Promise<string> {
  switch (operation.type) {
    case "search": {
      const { offset = 0, limit, where } = operation;
      const own = where && ownCall(kind.filters, where);
      const list = own ?? kind.search;
      const size = pageSize(list, limit, offset);
      const scope = await searchScope(kind, operation);
      const call = await callAt(list, scope, placeOf(list, offset, size), size);
      const { gives, total, count } = kind.search;
      const isBrief = gives && operation.attrs.some((attr) => !gives.has(attr));
      const isCounted = operation.count && !own && !total;
      return [
        callText(call),
        ...(isBrief ? ["# and each entry by itself: the list lacks some of the requested attributes"] : []),
        ...(isCounted && count ? [callText(await count.call(scope))] : []),
        ...(isCounted && !count && !where
          ? ["# further pages are read to count: the API does not report a total"]
          : []),
      ].join("\n");
    }
    case "get":
      return kind.get ? inText(kind.get, { key: operation.key, attrs: [...operation.attrs] }) : FROM_SNAPSHOT;
    case "create": {
      const hidden = Object.fromEntries(
        Object.keys(operation.entry).map((attr) => [
          attr,
          kind.secrets.has(attr) ? "***" : fromValues(valuesOf(operation.entry, attr)),
        ]),
      );
      return planned(creation(kind, hidden), { key: "<its key>" });
    }
    case "update": {
      const { key, changes, expected } = operation;
      const hidden = changes.map((change) =>
        kind.secrets.has(change.attr) ? ({ op: "replace", attr: change.attr, values: ["***"] } as const) : change,
      );
      const isRead = needsEntry(kind, changes, expected !== undefined);
      const item = { "<what it is>": "<as it is>", ...toObject(valuesPut(hidden)) };
      const before = isRead ? { item, entry: valuesBefore(hidden), version: "<its version>" } : undefined;
      const plans = await Promise.all(changing(kind, key, hidden, before).map((plan) => planned(plan, {})));
      const attrs = readBefore(kind, changes, expected);
      const reading =
        isRead && kind.get
          ? [
              await inText(kind.get, { key, ...(attrs && { attrs }) }),
              "# values that the calls copy from it are not shown",
            ]
          : [];
      return [...reading, ...plans].join("\n");
    }
    case "delete":
      return planned(
        { steps: kind.delete ?? [], input: {}, variables: { key: operation.key, version: "<its version>" } },
        {},
      );
  }
}

/** The description of a read that sends no request of its own. */
const FROM_SNAPSHOT = "# the entry is read from the snapshot of the list";

/** The values that changes affect. */
const valuesBefore = (changes: Extract<BackendOperation, { type: "update" }>["changes"]) =>
  Object.fromEntries(
    changes.flatMap((change) => {
      if (change.op === "swap") return change.from === null ? [] : [[change.attr, change.from]];
      return change.op === "delete" ? [[change.attr, fromValues(change.values)]] : [];
    }),
  );

async function planned({ steps, input, variables }: Plan, more: Record<string, unknown>): Promise<string> {
  const all = { ...variables, answers: [], ...more };
  const lines = await Promise.all(
    steps.map(async (step) => {
      const isMade = step.when ? await step.when({ input, variables: all }).catch(() => true) : true;
      return isMade ? [await inText(step, all, input)] : [];
    }),
  );
  return lines.flat().join("\n");
}

const inText = async (
  template: Template,
  variables: Record<string, unknown>,
  input: unknown = undefined,
): Promise<string> =>
  template
    .call({ input, variables })
    .then(callText, (error: Error) => `# a call that depends on a response: ${error.message}`);
