import { helpers } from "../expression/helpers.ts";
import { jsonataFunctions } from "../expression/inspect.ts";
import { signatures } from "../expression/signatures.ts";
import { conversions } from "../mapping/codecs.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { type Attribute, commonAttributes, ENTERPRISE_USER, type ResourceType } from "../scim/schema.ts";
import type { Completions, Suggestion } from "./shown.ts";

/** What there is to complete with: the resource type, what mappings know of the connector, and its own words. */
export interface Vocabulary {
  readonly type: ResourceType | undefined;
  readonly mappings: readonly Mapping[];
  /** The resource types that the route serves. */
  readonly resources: readonly string[];
  readonly kinds: readonly string[];
  readonly attributeTypes: readonly string[];
}

/** Gathers what an editor of a mapping suggests, beside what the format of its file tells. */
export function completionsFor({ type, mappings, resources, kinds, attributeTypes }: Vocabulary): Completions {
  const attributes = mappings.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.is === "expression" ? row.write.map(({ attr }) => attr) : [row.attr])),
  );
  return {
    paths: type ? pathsOf(type) : [],
    attributes: labels(attributes),
    kinds: labels(kinds),
    resources: labels(resources),
    conversions: labels([...conversions, ...attributeTypes]),
    functions: [...new Set([...jsonataFunctions, ...Object.keys(helpers)])].toSorted().map(functionNamed),
  };
}

const labels = (names: readonly string[]): Suggestion[] => [...new Set(names)].toSorted().map((label) => ({ label }));

function functionNamed(name: string): Suggestion {
  const { takes, gives } = signatures.get(name)!;
  return { label: `$${name}`, detail: `(${takes})`, info: gives };
}

/** The paths of a type, in the notation of mapping files. */
function pathsOf({ schema, extensions }: ResourceType): Suggestion[] {
  const own = [...commonAttributes, ...schema.attributes].flatMap((attribute) => pathsIn(attribute, ""));
  const added = extensions.flatMap(({ id, attributes }) =>
    attributes.flatMap((attribute) => pathsIn(attribute, id === ENTERPRISE_USER ? "enterprise:" : `${id}:`)),
  );
  return [...own, ...added];
}

function pathsIn(attribute: Attribute, prefix: string): Suggestion[] {
  const { name, type, multiValued, subAttributes = [] } = attribute;
  if (name === "schemas") return [];
  const of = ({ type: detail, description: info }: Attribute) => ({ detail, info });
  if (type !== "complex") return [{ label: prefix + name, ...of(attribute) }];
  const types = multiValued ? (subAttributes.find((sub) => sub.name === "type")?.canonicalValues ?? []) : [];
  const elements = types.map((each) => `${prefix}${name}[type eq "${each}"]`);
  const whole = { label: prefix + name, ...of(attribute) };
  const parts = [prefix + name, ...elements].flatMap((path) =>
    subAttributes
      .filter((sub) => sub.name !== "type" && sub.name !== "$ref")
      .map((sub) => ({ label: `${path}.${sub.name}`, ...of(sub) })),
  );
  return [whole, ...parts];
}
