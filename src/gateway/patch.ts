import { directChanges } from "../mapping/changes.ts";
import { unmappedInOperations } from "../mapping/unmapped.ts";
import { forbidden } from "../scim/error.ts";
import type { Filter } from "../scim/filter.ts";
import { checkImmutable, requireAll } from "../scim/input.ts";
import { type PatchOperation, readPatch } from "../scim/operations.ts";
import { applyPatch } from "../scim/patch.ts";
import type { Resource } from "../scim/schema.ts";
import { idsInOperations, refuseOrNote } from "./input.ts";
import type { Named } from "./operation.ts";
import { knownReferences } from "./references.ts";
import { isSingleIn, rewrite, update } from "./rewrite.ts";
import { answerView, endpointOf, type Serving, viewsOf, writtenResourceOf } from "./serving.ts";

/**
 * Changes a resource, RFC 7644 §3.5.2. If the mapping can translate the operations without knowing the resource, one call suffices;
 * otherwise the resource is rewritten. Returns nothing if the route is configured so, or the caller may not read.
 */
export async function patch(serving: Serving, operation: Named<"patch">): Promise<Resource | undefined> {
  const { type, id, body, query, context, ifMatch } = operation;
  const endpoint = endpointOf(serving, type);
  const { mapping } = endpoint;
  const operations = readPatch(body, mapping.type);
  if (!context.allows(type, "read")) refuseLooks(operations);
  const known = knownReferences(serving.endpoints, endpoint, context);
  await known.learnIds(idsInOperations(endpoint, operations));
  await known.learnRemoved(
    idsInOperations(
      endpoint,
      operations.filter(({ op }) => op === "removeElements"),
    ),
  );
  const isAnswered =
    context.allows(type, "read") &&
    (query.attributes !== undefined || (serving.patchAnswers.get(type) ?? "resource") === "resource");
  const view = isAnswered ? answerView(serving, endpoint, query, context) : viewsOf(serving, endpoint).none;
  const changes = operations.some(touchesImmutable)
    ? undefined
    : directChanges(mapping, operations, known, isSingleIn(endpoint));
  const target = { endpoint, id, view, known, context, ifMatch };
  if (changes) refuseOrNote(endpoint, unmappedInOperations(mapping, operations), context);
  const change = (current: Resource) => {
    const result = applyPatch(current, operations, mapping.type);
    requireAll(result, mapping.type, "mutability");
    checkImmutable(current, result, mapping.type);
    return result;
  };
  const entry = changes
    ? await update(serving, target, changes, view.selection.attrs)
    : await rewrite(serving, { ...target, change, emptied: "left" });
  return isAnswered ? writtenResourceOf(serving, entry, view, context, known) : undefined;
}

/** Throws 403 for a selector with anything but `eq`: whether it matches would reveal a value letter by letter. */
function refuseLooks(operations: readonly PatchOperation[]): void {
  const isPlain = (filter: Filter<unknown>): boolean =>
    filter.op === "eq" || (filter.op === "and" && filter.filters.every(isPlain));
  if (operations.every(({ path: { selector } }) => selector === undefined || isPlain(selector))) return;
  throw forbidden("A caller without read permission may select values only with `eq`.", "permission");
}

/** Reports whether an operation may write an immutable attribute that already has a value, which requires a read. */
const touchesImmutable = ({ path: { attribute, sub } }: PatchOperation): boolean =>
  attribute.mutability === "immutable" || (sub?.mutability === "immutable" && !attribute.multiValued);
