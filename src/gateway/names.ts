import { LRUCache } from "lru-cache";
import type { Entry } from "../connector/connector.ts";
import { displayIn } from "../journal/render.ts";
import type { Mapping, Row } from "../mapping/mapping.ts";
import { readEntry } from "../mapping/read.ts";
import { type Selection, select } from "../mapping/selection.ts";
import { isObject } from "../scim/schema.ts";
import type { ScimOperation } from "./operation.ts";

/** How many names of a route are remembered, and for how long in milliseconds. */
const MAX_NAMES = 10_000;
const REMEMBERED_MS = 3_600_000;
const NAMES = ["userName", "displayName", "name"];

/** What resources of a route are called, as far as it came by: nothing is read for it. */
export interface Names {
  /** Learns from what an operation was answered with. */
  readonly learn: (operation: ScimOperation, answer: unknown) => void;
  /** What a resource was called last; empty if that is not known. */
  readonly nameOf: (type: string, id: string) => string;
}

/** Remembers names by the types that `mappings` has. */
export function rememberNames(mappings: ReadonlyMap<string, Mapping>): Names {
  const known = new LRUCache<string, string>({ max: MAX_NAMES, ttl: REMEMBERED_MS });
  const placeOf = (type: string, id: unknown) => JSON.stringify([type, id]);
  return {
    learn: (operation, answer) => {
      const { name, type } = operation;
      const of = mappings.get(type)?.type;
      if (!of) return;
      // A change that is answered with nothing may have been one of the name.
      if (name !== "get" && "id" in operation) known.delete(placeOf(type, operation.id));
      const all = isObject(answer) && Array.isArray(answer.Resources) ? answer.Resources : [answer];
      for (const resource of all) {
        const display = displayIn(resource, of);
        if (display !== "" && isObject(resource) && resource.id !== undefined)
          known.set(placeOf(type, String(resource.id)), display);
      }
    },
    nameOf: (type, id) => known.get(placeOf(type, id)) ?? "",
  };
}

const nowhere = { references: { toId: () => undefined, toReference: () => undefined }, location: () => "" };
const selections = new WeakMap<Mapping, Selection>();

/** What an entry is called that was read for another purpose, maybe in part; empty if it does not say. */
export async function nameIn(mapping: Mapping, entry: Entry): Promise<string> {
  // An expression would make something of what was not read.
  const isName = ({ is, path }: Row) =>
    is === "attr" && path.schema === mapping.type.schema && !path.sub && NAMES.includes(path.attribute.name);
  const selection = selections.get(mapping) ?? select(mapping, isName);
  selections.set(mapping, selection);
  try {
    return displayIn(await readEntry(selection, entry, nowhere), mapping.type);
  } catch {
    // It is told by its id, as if it had not been read.
    return "";
  }
}
