import { type BackendOperation, fromValues, valuesOf } from "../../src/connector/connector.ts";
import type { Call } from "../../src/http/call.ts";
import { callText } from "../../src/http/text.ts";
import type { Resource } from "../../src/scim/schema.ts";
import { getCall, listCall, pathTo, readBefore, resourceOf, type ScimKind, updateCall } from "./calls.ts";
import { needsResource } from "./changes.ts";
import { type PathOf, putAt } from "./paths.ts";
import type { Settings } from "./settings.ts";

const SECRETS = ["password"];

/** The requests of an operation as text, without passwords. */
export function explain(
  kind: ScimKind,
  operation: BackendOperation,
  settings: Settings,
  hasPatch: boolean,
  path: PathOf,
): string {
  const hidden = (attr: string, values: readonly unknown[]) =>
    SECRETS.includes(attr.toLowerCase()) ? values.map(() => "***") : values;
  const calls = (): Call[] => {
    switch (operation.type) {
      case "search":
        return [
          listCall(
            kind,
            operation,
            operation.offset ?? 0,
            Math.min(operation.limit, settings.pageSize),
            settings,
            path,
          ),
        ];
      case "get":
        return [getCall(kind, operation.key, operation.attrs, settings, path)];
      case "create": {
        const entry = Object.fromEntries(
          Object.keys(operation.entry).map((attr) => [
            attr,
            fromValues(hidden(attr, valuesOf(operation.entry, attr)) as string[]),
          ]),
        );
        return [{ method: "POST", path: kind.endpoint, body: resourceOf(kind, entry, path) }];
      }
      case "update": {
        const changes = operation.changes.map((change) =>
          change.op === "swap" ? change : { ...change, values: hidden(change.attr, change.values) as string[] },
        );
        const isRead = !hasPatch || operation.expected !== undefined || needsResource(changes, path);
        const assumed: Resource = { schemas: [kind.schema] };
        for (const change of changes)
          if (change.op === "swap" && change.from !== null) putAt(assumed, path(change.attr), [change.from]);
        const before = isRead ? { resource: assumed, etag: undefined } : undefined;
        return [
          ...(isRead
            ? [getCall(kind, operation.key, readBefore(changes, operation.expected, hasPatch), settings, path)]
            : []),
          updateCall(kind, { key: operation.key, changes, before }, settings, hasPatch, path),
        ];
      }
      case "delete":
        return [{ method: "DELETE", path: pathTo(kind, operation.key) }];
    }
  };
  return calls().map(callText).join("\n");
}
