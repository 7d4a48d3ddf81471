import type { Route } from "../gateway/route.ts";
import { ScimError } from "../scim/error.ts";
import { isPresent } from "../scim/evaluate.ts";
import type { ListResponse } from "../scim/list.ts";
import type { Resource } from "../scim/schema.ts";
import { type Alias, NAME, type Received } from "../state/person.ts";
import { searchedBy } from "./person.ts";
import { aliasOf, type Rules } from "./rules.ts";
import { type Asking, contextFor } from "./targets/route.ts";
import { fingerprint, valueAt } from "./values.ts";
import { counted } from "./words.ts";

/** An incomplete read of the source. Nobody is changed because of it. */
export class SourceError extends Error {
  override name = "SourceError";
}

/** A record that is not a person: without a valid key. */
export interface Unusable {
  readonly reason: string;
  /** Identifies the row, as far as possible. */
  readonly row: string;
}

/** A page of people, and its unusable records. */
export interface SourcePage {
  readonly people: readonly Received[];
  readonly unusable: readonly Unusable[];
}

/** Maximum length of a key, and of a name that people are found by. */
const MAX_KEY = 200;
const MAX_ALIAS = 500;
/** The place of aliases that identify rehires. */
export const REHIRE = "(rehire)";
/** The time limit of a source page, as a multiple of an operation's. */
const PATIENCE = 4;

/**
 * Reads all of a route's type, page by page with cursors. Rejects with a `SourceError` if the read fails, or ends before the reported
 * total.
 */
export async function* readSource(
  route: Route,
  typeName: string,
  rules: Rules,
  asking: Asking,
): AsyncGenerator<SourcePage> {
  let cursor: string | undefined = "";
  let [read, total] = [0, 0];
  while (cursor !== undefined) {
    const context = contextFor(route.base, { ...asking, operationMs: asking.operationMs * PATIENCE });
    const answer: ListResponse = await route
      .run({ name: "list", type: typeName, query: { cursor, count: "1000" }, context })
      .catch((error: unknown) => {
        if (!(error instanceof ScimError)) throw error;
        throw new SourceError(`The source could not be read completely: ${error.message}`, { cause: error });
      });
    read += answer.Resources.length;
    yield pageOf(answer.Resources, rules);
    // If the total shrinks while reading, the source may be losing records: the largest counts.
    total = Math.max(total, answer.totalResults);
    const { nextCursor } = answer;
    if (nextCursor === undefined && read < total)
      throw new SourceError(
        `The source ended after ${read} of ${counted(total, "record")}. The next run reads it again.`,
      );
    if (nextCursor !== undefined && (nextCursor === cursor || read > 2 * total + 1000))
      throw new SourceError(
        `The source does not end: it returned ${counted(read, "record")}, but reports a total of ${total}.`,
      );
    cursor = nextCursor;
  }
}

function pageOf(resources: readonly Resource[], rules: Rules): SourcePage {
  const people: Received[] = [];
  const unusable: Unusable[] = [];
  for (const resource of resources) {
    const row = String(resource.id ?? "").slice(0, MAX_KEY);
    const key = keyOf(resource, rules);
    if (typeof key === "object") unusable.push({ row, ...key });
    else people.push(received(resource, key, rules));
  }
  return { people, unusable };
}

function keyOf(resource: Resource, { key, source }: Rules): string | { readonly reason: string } {
  const value = valueAt(resource, key, source);
  const text = isPresent(value) && typeof value !== "object" ? String(value).trim() : "";
  if (text === "") return { reason: `it has no ${key.name}, which identifies people` };
  if (text.length > MAX_KEY || /[\x00-\x1f\x7f]/.test(text))
    return {
      reason: `its ${key.name} is not a valid key: keys have up to ${MAX_KEY} characters and no control characters`,
    };
  return text;
}

function received(resource: Resource, key: string, rules: Rules): Received {
  // When and where it was read says nothing about the person.
  const { meta: _, ...kept } = resource;
  const text = JSON.stringify(kept);
  const places = [...rules.aliases.map((place) => [place.path, [place]] as const), [REHIRE, rules.rehires] as const];
  const aliases = places.flatMap(([place, of]): Alias[] => {
    const value = aliasOf(resource, of, rules.source);
    const isName = value !== undefined && value.length <= MAX_ALIAS && !/[\x00-\x1e\x7f]/.test(value);
    return isName ? [{ place, value }] : [];
  });
  return {
    key,
    resource: text,
    hash: fingerprint(text),
    aliases: [...aliases, { place: NAME, value: searchedBy(key, resource) }],
  };
}
