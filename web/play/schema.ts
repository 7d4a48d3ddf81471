import type { Suggestion } from "../../src/console/api/mappings.ts";

/** A JSON Schema, as far as those of Postern's files go (`schemas/`). */
export interface Schema {
  readonly description?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly properties?: Readonly<Record<string, Schema | undefined>> | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly items?: Schema | boolean | undefined;
}

/** The keys that a mapping may have at a path, each with what its description says. */
export const keysAt = (schema: Schema, path: readonly string[]): Suggestion[] =>
  once(
    schemasAt(schema, path).flatMap(({ properties = {} }) =>
      Object.entries(properties).map(([label, each]) => ({
        label,
        detail: each && typeOf(each),
        info: each?.description,
      })),
    ),
  );

/** The values that the schema names at a path. */
export const valuesAt = (schema: Schema, path: readonly string[]): Suggestion[] =>
  once(
    schemasAt(schema, path).flatMap(({ enum: values = [], type, description: info }) => {
      const named = type === "boolean" ? [true, false] : values;
      return named.map((value) => ({ label: String(value), info }));
    }),
  );

/** The alternatives at a path. */
function schemasAt(schema: Schema, path: readonly string[]): Schema[] {
  return path.reduce<Schema[]>((found, key) => found.flatMap((each) => stepsOf(each, key)), alternatives(schema));
}

function stepsOf({ properties, additionalProperties, items }: Schema, key: string): Schema[] {
  const next =
    key === "[]" ? items : properties && Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
  return typeof next === "object" ? alternatives(next) : [];
}

function alternatives(schema: Schema): Schema[] {
  const { anyOf, ...rest } = schema;
  return anyOf ? anyOf.flatMap((each) => alternatives({ ...rest, ...each })) : [schema];
}

const typeOf = ({ type, enum: values }: Schema): string | undefined =>
  values ? values.join(" | ") : typeof type === "string" ? type : undefined;

/** The first of each label. */
function once(suggestions: readonly Suggestion[]): Suggestion[] {
  return [...new Map(suggestions.toReversed().map((each) => [each.label, each])).values()].toReversed();
}
