// Settings as Markdown: a table for each group of them, in sections that a link can lead to.

/** What is used of a JSON Schema. */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** How a page is laid out. */
export interface Layout {
  /** The page's folder, from docs/: links in descriptions start there. */
  readonly folder: string;
  /** An example for a section, by its path. */
  readonly examples?: Readonly<Record<string, string>>;
}

/** Settings with at least so many within have a section of their own. */
const OWN_SECTION = 6;

interface Section {
  readonly title: string;
  readonly path: string;
  /** Of a setting that has several types, the one that the section is about. */
  readonly type?: string | undefined;
  readonly schema: JsonSchema;
}

/** The sections of a page: one for each of the settings, and one for each group within that is large. Headings begin at a level. */
export function sectionsOf(schema: JsonSchema, level: number, layout: Layout): string {
  const told = new Map<string, string>();
  return Object.entries(schema.properties ?? {})
    .map(([name, each]) => section({ title: `\`${name}\``, path: name, schema: each }, level, layout, told))
    .join("\n");
}

/** One table with a schema's settings, and sections for what is large in it. */
export function tableWithSections(schema: JsonSchema, level: number, layout: Layout): string {
  return body({ title: "", path: "", schema }, level - 1, layout, new Map());
}

function section(given: Section, level: number, layout: Layout, told: Map<string, string>): string {
  const { title, path, type, schema } = given;
  const { description } = schema;
  const example = layout.examples?.[type === undefined ? path : `${path}: ${type}`];
  return [
    `${"#".repeat(level)} ${title}\n`,
    ...(description ? [`${wordsOf(description, layout)}\n`] : []),
    ...(example ? [`\`\`\`yaml\n${example.trimEnd()}\n\`\`\`\n`] : []),
    body(given, level, layout, told),
  ].join("\n");
}

/** What stands below a section's heading: the table, the variants, the sections within. */
function body({ path, type, schema }: Section, level: number, layout: Layout, told: Map<string, string>): string {
  const children: Section[] = [];
  const rows = rowsOf(schema, { path, type, prefix: "", layout, told, children });
  const unique = [...new Set(rows.map((cells) => `| ${cells.join(" | ")} |`))];
  const table =
    unique.length > 0
      ? [`| setting | type | default | description |\n| --- | --- | --- | --- |\n${unique.join("\n")}\n`]
      : [];
  return [...table, ...children.map((each) => section(each, Math.min(level + 1, 4), layout, told))].join("\n");
}

interface Walk {
  /** The section's path, and type. */
  readonly path: string;
  readonly type: string | undefined;
  /** Where in the section. */
  readonly prefix: string;
  readonly layout: Layout;
  /** Settings that have been told, by what they are. */
  readonly told: Map<string, string>;
  /** The sections within, which the walk finds. */
  readonly children: Section[];
}

/** The rows of a schema: of an object's properties, of each item of a list, of each named value, and of any form that it may have. */
function rowsOf(schema: JsonSchema, walk: Walk): string[][] {
  const { additionalProperties, anyOf = [], oneOf = [], items, required = [] } = schema;
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, each]) =>
    rowOf(name, each, required.includes(name), walk),
  );
  const variants = [...anyOf, ...oneOf];
  const types = variants.map(({ properties }) => properties?.type?.const);
  if (variants.length > 1 && types.every((type) => type !== undefined)) {
    const path = pathOf(walk, "").replace(/\.$/, "");
    for (const [index, variant] of variants.entries()) {
      const type = String(types[index]);
      walk.children.push({ title: `\`${path}\` of type \`${type}\``, path, type, schema: typeFirst(variant) });
    }
    return own;
  }
  return [
    ...own,
    ...(typeof additionalProperties === "object"
      ? rowsOf(additionalProperties, { ...walk, prefix: `${walk.prefix}*.` })
      : []),
    ...(items ? rowsOf(items, walk) : []),
    ...variants.flatMap((each) => rowsOf(each, walk)),
  ];
}

/** A variant is described by what its type says, and begins with it. */
function typeFirst({ properties = {}, description, ...schema }: JsonSchema): JsonSchema {
  const { type, ...others } = properties;
  const { description: said = "", ...bare } = type ?? {};
  return { ...schema, description: description ?? said, properties: { type: { ...bare }, ...others } };
}

const pathOf = ({ path, prefix }: Walk, name: string) =>
  path === "" ? `${prefix}${name}` : `${path}.${prefix}${name}`;

function rowOf(name: string, schema: JsonSchema, isRequired: boolean, walk: Walk): string[][] {
  const { told, layout, children } = walk;
  const path = pathOf(walk, name);
  const heading = walk.type === undefined ? `\`${path}\`` : `\`${path}\` of type \`${walk.type}\``;
  const { properties, additionalProperties, anyOf, oneOf, items } = schema;
  const inner = JSON.stringify({ properties, additionalProperties, anyOf, oneOf, items });
  const before = told.get(inner);
  // The item of a list has the settings of the one that stands alone.
  if (before === heading) return [];
  const standard = isRequired ? "required" : defaultOf(schema);
  const description = wordsOf(schema.description ?? "", layout).replaceAll("|", "\\|");
  const row = (more = "") => [`\`${walk.prefix}${name}\``, formOf(schema), standard, `${description}${more}`.trim()];
  if (before !== undefined) return [row(` Same settings as ${before}.`)];
  const size = sizeOf(schema);
  if (size >= 3) told.set(inner, heading);
  if (size < OWN_SECTION) return [row(), ...rowsOf(schema, { ...walk, prefix: `${walk.prefix}${name}.` })];
  children.push({
    title: heading,
    path,
    type: walk.type,
    schema: { ...schema, description: schema.description ?? "" },
  });
  return [row(` See [${heading}](#${anchorOf(heading)}).`)];
}

/** How many settings are within one. */
function sizeOf({ properties = {}, additionalProperties, anyOf = [], oneOf = [], items }: JsonSchema): number {
  const inner = [
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
    ...(items ? [items] : []),
    ...anyOf,
    ...oneOf,
  ];
  const own = Object.values(properties).map((each) => 1 + sizeOf(each));
  return [...own, ...inner.map(sizeOf)].reduce((sum, size) => sum + size, 0);
}

function defaultOf({ default: value }: JsonSchema): string {
  return value === undefined || JSON.stringify(value) === "{}" ? "" : `\`${JSON.stringify(value)}\``;
}

function formOf({ anyOf, oneOf, const: constant, enum: values, items, type }: JsonSchema): string {
  const forms = anyOf ?? oneOf;
  if (forms) return [...new Set(forms.map(formOf))].join(", ");
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (constant !== undefined) return `\`${constant}\``;
  return type === "array" && items ? `array of ${formOf(items)}` : (type ?? "");
}

/** A description as Markdown: pages that it names are links, and what is in angle brackets is no HTML. */
function wordsOf(description: string, { folder }: Layout): string {
  const up = folder
    .split("/")
    .map(() => "..")
    .join("/");
  return description
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith("`")
        ? part
        : part
            .replaceAll("<", "\\<")
            .replace(
              /docs\/([\w/-]+\.md)(#[\w-]+)?/g,
              (_, page, anchor = "") => `[${page.split("/").at(-1)}](${up}/${page}${anchor})`,
            ),
    )
    .join("");
}

/** The anchor of a heading, as GitHub makes it. */
export const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
