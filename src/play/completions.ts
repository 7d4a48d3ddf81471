import { helpers } from "../expression/helpers.ts";
import { jsonataFunctions } from "../expression/inspect.ts";
import { conversions } from "../mapping/codecs.ts";
import { mappingFormat, rowFormat } from "../mapping/format.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { type Attribute, commonAttributes, ENTERPRISE_USER, type ResourceType } from "../scim/schema.ts";
import type { Completions, Suggestion } from "./shown.ts";

/** What there is to complete with: the resource type, what mappings know of the connector, and its own words. */
export interface Vocabulary {
  readonly type: ResourceType | undefined;
  readonly mappings: readonly Mapping[];
  readonly kinds: readonly string[];
  readonly attributeTypes: readonly string[];
}

/** Gathers what an editor of a mapping suggests. */
export function completionsFor({ type, mappings, kinds, attributeTypes }: Vocabulary): Completions {
  const attributes = mappings.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.is === "expression" ? row.write.map(({ attr }) => attr) : [row.attr])),
  );
  return {
    keys: described(mappingFormat.shape),
    rowKeys: described(rowFormat.shape),
    paths: type ? pathsOf(type) : [],
    attributes: labels(attributes),
    kinds: labels(kinds),
    conversions: labels([...conversions, ...attributeTypes]),
    functions: labels([...jsonataFunctions, ...Object.keys(helpers)].map((name) => `$${name}`)),
  };
}

const labels = (names: readonly string[]): Suggestion[] => [...new Set(names)].toSorted().map((label) => ({ label }));

const described = (shape: Readonly<Record<string, { readonly description?: string | undefined }>>): Suggestion[] =>
  Object.entries(shape).map(([label, { description: info }]) => ({ label, ...(info !== undefined && { info }) }));

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
  const info = ({ description }: Attribute) => ({ info: description });
  if (type !== "complex") return [{ label: prefix + name, ...info(attribute) }];
  const types = multiValued ? (subAttributes.find((sub) => sub.name === "type")?.canonicalValues ?? []) : [];
  const elements = types.map((each) => `${prefix}${name}[type eq "${each}"]`);
  const whole = { label: prefix + name, ...info(attribute) };
  const parts = [prefix + name, ...elements].flatMap((path) =>
    subAttributes
      .filter((sub) => sub.name !== "type" && sub.name !== "$ref")
      .map((sub) => ({ label: `${path}.${sub.name}`, ...info(sub) })),
  );
  return [whole, ...parts];
}
