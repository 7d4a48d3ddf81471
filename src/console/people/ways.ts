import type { Connector } from "../../connector/connector.ts";
import type { Mapping, Row } from "../../mapping/mapping.ts";
import { planFilter } from "../../mapping/plan.ts";
import { typedFilter } from "../../scim/path.ts";
import { type Attribute, findAttribute } from "../../scim/schema.ts";
import type { Way } from "../api/people.ts";

/** A resource type of a route, with where its resources are. */
export interface PeopleEndpoint {
  readonly mapping: Mapping;
  readonly connector: Pick<Connector, "supports">;
}

/** The attributes that resources are known by, those that tell most first, and how each may be compared, the best first. */
const NAMES = ["userName", "displayName", "name", "externalId"] as const;
/** Where else names are searched: a display name begins with the given one. */
const FAMILY = { name: "name", sub: "familyName" } as const;
const OPERATORS: Readonly<Record<string, readonly ("sw" | "co" | "eq")[]>> = {
  externalId: ["eq"],
  id: ["eq"],
};

/** The attributes of a type that its resources are known by, as far as they are mapped. */
export const namesOf = ({ mapping }: PeopleEndpoint): string[] =>
  NAMES.filter((name) => {
    const attribute = attributeOf(mapping, name);
    return attribute && attribute.type === "string" && !attribute.multiValued && mapping.groups.has(attribute);
  });

/** The path of the family name, if it is mapped. */
function familyIn({ mapping: { type, rows } }: PeopleEndpoint): string[] {
  const isFamily = ({ path: { schema, attribute, sub }, writeOnly }: Row) =>
    !writeOnly && schema === type.schema && attribute.name === FAMILY.name && sub?.name === FAMILY.sub;
  return rows.some(isFamily) ? [`${FAMILY.name}.${FAMILY.sub}`] : [];
}

const attributeOf = ({ type, groups }: Mapping, name: string): Attribute | undefined =>
  // Common attributes, such as externalId, are in no schema.
  findAttribute(type.schema.attributes, name) ?? [...groups.keys()].find((each) => each.name === name);

/** How a type's resources can be searched for: only what the backend answers by itself, so that a search is as fast as it is. */
export function waysOf(endpoint: PeopleEndpoint): Way[] {
  const ways = [...namesOf(endpoint), ...familyIn(endpoint), "id"].flatMap((by): Way[] => {
    const op = (OPERATORS[by] ?? (["sw", "co", "eq"] as const)).find(
      // One ID is read by its key.
      (each) => by === "id" || isAnswered(endpoint, termOf({ by, op: each }, "x")),
    );
    return op ? [{ by, op }] : [];
  });
  const any: Way = { by: "any", op: "any" };
  return ways.length > 1 && isAnswered(endpoint, filterOf(any, ways, "x")) ? [any, ...ways] : ways;
}

/** The filter of a search. */
export const filterOf = (way: Way, ways: readonly Way[], text: string): string =>
  (way.op === "any" ? ways.filter(({ op }) => op !== "any") : [way]).map((each) => termOf(each, text)).join(" or ");

const termOf = ({ by, op }: Way, text: string): string => `${by} ${op} ${JSON.stringify(text)}`;

/** Reports whether the backend answers a whole filter. */
export function isAnswered({ mapping, connector }: PeopleEndpoint, filter: string): boolean {
  const references = { toReference: (_: string, id: string) => id, toId: () => undefined };
  try {
    const typed = typedFilter(filter, mapping.type, (attribute) => mapping.groups.has(attribute));
    const supports = (condition: Parameters<Connector["supports"]>[1]) => connector.supports(mapping.kind, condition);
    return planFilter(mapping, typed, supports, references).rest === undefined;
  } catch {
    // An attribute that this type can't be filtered by.
    return false;
  }
}
