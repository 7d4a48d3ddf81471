import type { Change, Entry } from "../connector/connector.ts";
import { changesBetween } from "../mapping/changes.ts";
import { attrsKept, attrsOf, attrsUnread, type Mapping } from "../mapping/mapping.ts";
import { unmappedIn } from "../mapping/unmapped.ts";
import { inConflict } from "../scim/error.ts";
import { checkImmutable } from "../scim/input.ts";
import type { Resource } from "../scim/schema.ts";
import { type Context, expressionFailure } from "./context.ts";
import {
  expectedFor,
  idsInResource,
  isVersionMismatch,
  keepUnspoken,
  keyOf,
  readInput,
  refuseOrNote,
} from "./input.ts";
import type { Named } from "./operation.ts";
import { type Endpoint, type KnownReferences, knownReferences } from "./references.ts";
import { answerView, endpointOf, entryOf, resourcesOf, type Serving, viewsOf, writtenResourceOf } from "./serving.ts";
import type { View } from "./view.ts";

/** Replaces a resource, RFC 7644 §3.5.1. */
export async function replace(serving: Serving, operation: Named<"replace">): Promise<Resource> {
  const { type, id, body, query, context, ifMatch } = operation;
  const endpoint = endpointOf(serving, type);
  const resource = readInput(endpoint, body, context);
  const known = knownReferences(serving.endpoints, endpoint, context);
  await known.learnIds(idsInResource(endpoint, resource));
  const view = answerView(serving, endpoint, query, context);
  const change = (current: Resource) => {
    const target = keepUnspoken(resource, current, endpoint);
    checkImmutable(current, target, endpoint.mapping.type);
    return target;
  };
  const entry = await rewrite(serving, { endpoint, id, change, emptied: "refilled", view, known, context, ifMatch });
  return writtenResourceOf(serving, entry, view, context, known);
}

/** Reports whether attributes of an endpoint's entries are single-valued. */
export const isSingleIn = ({ connector, mapping: { kind } }: Endpoint): ((attr: string) => boolean) => {
  return (attr) => connector.isSingle?.(kind, attr) ?? false;
};

/** A change that is computed from the current resource. */
export interface Rewriting {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly change: (current: Resource) => Resource;
  /** What happens to emptied attributes: see `changesBetween`. */
  readonly emptied: "refilled" | "left";
  /** What is read afterwards. */
  readonly view: View;
  readonly known: KnownReferences;
  readonly context: Context;
  readonly ifMatch: string | undefined;
}

/** Maximum attempts when a concurrent change interferes. */
const ATTEMPTS = 3;

/** Reads the resource, changes it and writes the difference. Repeats after a concurrent change, unless `If-Match` forbids it. */
export async function rewrite(serving: Serving, rewriting: Rewriting): Promise<Entry> {
  const { endpoint, id, change, emptied, view, known, context, ifMatch } = rewriting;
  const { mapping } = endpoint;
  const { all } = viewsOf(serving, endpoint);
  const attrs = [...new Set([...all.attrs, ...attrsToRewrite(mapping)])];
  for (let attempt = 1; ; attempt++) {
    const present = await entryOf(endpoint, id, attrs, context);
    const [current] = await resourcesOf(serving, [present], all, context, known);
    const target = change(current!);
    // Present values that are read-only were not requested.
    refuseOrNote(endpoint, unmappedIn(mapping, target, current!), context);
    const isSingle = isSingleIn(endpoint);
    const changes = await changesBetween(mapping, present, current!, target, known, { emptied, isSingle }).catch(
      (error) => {
        throw expressionFailure(error);
      },
    );
    if (changes.length === 0 && ifMatch === undefined) return present;
    try {
      return await update(serving, rewriting, changes, view.selection.attrs);
    } catch (error) {
      const isLostRace = isVersionMismatch(error) && ifMatch === undefined;
      if (!isLostRace) throw error;
      if (attempt === ATTEMPTS) throw inConflict("The resource keeps being changed by others. Try again later.");
    }
  }
}

/** What a rewrite reads in addition to the response: written attributes, and those that expressions preserve. */
function attrsToRewrite(mapping: Mapping): string[] {
  const unread = attrsUnread(mapping);
  return [...attrsOf(mapping).filter((attr) => !unread.has(attr)), ...attrsKept(mapping)];
}

/** Makes changes in one call and returns the entry. Without changes, the entry must still exist. */
export async function update(
  { write }: Serving,
  { endpoint, id, context, ifMatch }: Pick<Rewriting, "endpoint" | "id" | "context" | "ifMatch">,
  changes: readonly Change[],
  attrs: readonly string[],
): Promise<Entry> {
  if (changes.length === 0 && ifMatch === undefined) return entryOf(endpoint, id, attrs, context);
  const key = keyOf(endpoint, id);
  const expected = expectedFor(endpoint, ifMatch);
  return (await write({ endpoint, context, action: "update", key, changes, ...expected, attrs }))!;
}
