import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { connectors } from "../connectors/index.ts";
import { sinks } from "../sinks/index.ts";
import { exchangesFormat } from "../src/cli/exchanges.ts";
import { configFormat } from "../src/config/format.ts";
import { resilienceConfig } from "../src/connector/resilience.ts";
import { mappingFormat } from "../src/mapping/format.ts";
import { mappingTestFormat } from "../src/mapping/testing.ts";
import { typesFormat } from "../src/mapping/types.ts";
import { conformancePage } from "./conformance.ts";
import { expressionsPage } from "./expressions.ts";
import { simulatorReportPage } from "./findings.ts";
import { validatePage } from "./validate-page.ts";

const registry = { connectors, sinks };
const root = join(import.meta.dirname, "..");

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" });

/** What is generated from the zod schemas, by path: JSON Schemas for editors, a reference page for each connector and each sink, tables in pages. */
export function generated(): Map<string, string> {
  const text = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return new Map([
    ["schemas/gateway.schema.json", text(schemaOf(configFormat(registry)))],
    ["schemas/mapping.schema.json", text(schemaOf(mappingFormat))],
    ["schemas/types.schema.json", text(schemaOf(typesFormat))],
    ["docs/reference/conformance.md", conformancePage()],
    ["docs/reference/validate.md", validatePage()],
    ["docs/reference/settings.md", settingsPage()],
    ["docs/reference/entra-expressions.md", expressionsPage()],
    ["docs/reference/simulator-report.md", simulatorReportPage()],
    ["schemas/exchanges.schema.json", text(schemaOf(exchangesFormat))],
    ["schemas/mapping-test.schema.json", text(schemaOf(mappingTestFormat))],
    ...connectors.map((each) => [`docs/reference/connectors/${each.type}.md`, connectorPage(each)] as const),
    ...sinks.map((each) => [`docs/reference/sinks/${each.type}.md`, sinkPage(each)] as const),
  ]);
}

interface JsonSchema {
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

/** All settings of the configuration file but those of the connectors, which have a page each. */
function settingsPage(): string {
  const { properties = {}, ...schema } = z.toJSONSchema(configFormat(registry), { io: "input" }) as JsonSchema;
  const shared = z.strictObject({ type: z.string().describe("One of those below."), resilience: resilienceConfig });
  const additionalProperties = z.toJSONSchema(shared, { io: "input" }) as JsonSchema;
  const recorded = z.strictObject({
    type: z.string().default("file").describe("One of the sinks below."),
    values: z.boolean().default(false).describe("Records values, too, before and after; secrets never."),
  });
  const audit = z.toJSONSchema(recorded, { io: "input" }) as JsonSchema;
  const own = {
    ...properties,
    connectors: { ...properties.connectors, additionalProperties },
    audit: { ...properties.audit, oneOf: [audit] },
  };
  const linked = sinks.map(({ type, summary }) => `- [${type}](sinks/${type}.md): ${summary}`).join("\n");
  const links = connectors.map(({ type, summary }) => `- [${type}](connectors/${type}.md): ${summary}`).join("\n");
  return `# The configuration file\n\n\`gateway.config.yaml\`; \`*\` stands for a name of your own. [operations.md](../guides/operations.md) says what the settings are for.\n\n${table({ ...schema, properties: own })}\n## Connectors\n\n${links}\n\n## Sinks\n\n${linked}\n`;
}

/** What a page of reference says of a type of connector or of sink. */
type Described = Pick<(typeof connectors)[number], "type" | "summary" | "example" | "config">;

const connectorPage = ({ type, summary, example, config }: Described): string =>
  page(`connector \`${type}\``, summary, `connectors:\n  my-${type}:\n${indented(example, 4)}`, config);

const sinkPage = ({ type, summary, example, config }: Described): string =>
  page(`sink \`${type}\``, summary, `audit:\n${indented(example, 2)}`, config);

const indented = (text: string, blanks: number) => text.trimEnd().replace(/^/gm, " ".repeat(blanks));

const page = (name: string, summary: string, example: string, config: z.ZodType): string =>
  `# The ${name}\n\n${summary}\n\n\`\`\`yaml\n${example}\n\`\`\`\n\n${table(schemaOf(config) as JsonSchema)}`;

function table(schema: JsonSchema): string {
  const rows = settings(schema, "", new Map()).map((cells) => `| ${cells.join(" | ")} |`);
  return `| setting | | default | meaning |\n| --- | --- | --- | --- |\n${[...new Set(rows)].join("\n")}\n`;
}

/** Settings with at least so many within are told once, and then referred to. */
const MANY = 3;

/** The rows of a table; `told` are the settings that have been told, with what is within, by what that is. */
function settings(schema: JsonSchema, prefix: string, told: Map<string, string>): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const path = `${prefix}${name}`;
    const isPlain = each.default !== undefined && JSON.stringify(each.default) !== "{}";
    const standard = schema.required?.includes(name)
      ? "required"
      : isPlain
        ? `\`${JSON.stringify(each.default)}\``
        : "";
    const description = (each.description ?? "").replaceAll("|", "\\|");
    const { properties, additionalProperties, anyOf, oneOf, items } = each;
    const inner = JSON.stringify({ properties, additionalProperties, anyOf, oneOf, items });
    const before = told.get(inner);
    // The item of a list has the settings of the one that stands alone.
    if (before === path) return [];
    if (before !== undefined) return [[`\`${path}\``, formOf(each), standard, `${description} As \`${before}\`.`]];
    const rows = within(each, path, told);
    if (rows.length >= MANY) told.set(inner, path);
    return [[`\`${path}\``, formOf(each), standard, description], ...rows];
  });
}

/** The settings within one: of an object, of each item of a list, of each named value, and of any form that it may have. */
function within(schema: JsonSchema, path: string, told: Map<string, string>): string[][] {
  const { additionalProperties, anyOf = [], oneOf = [], items } = schema;
  const named = typeof additionalProperties === "object" ? within(additionalProperties, `${path}.*`, told) : [];
  return [
    ...settings(schema, `${path}.`, told),
    ...named,
    ...(items ? within(items, path, told) : []),
    ...[...anyOf, ...oneOf.map(typeFirst)].flatMap((each) => within(each, path, told)),
  ];
}

/** Of several forms each begins with what tells it from the others. */
function typeFirst({ properties = {}, ...schema }: JsonSchema): JsonSchema {
  const { type, ...others } = properties;
  return { ...schema, properties: { ...(type && { type }), ...others } };
}

function formOf({ anyOf, oneOf, const: constant, enum: values, items, type }: JsonSchema): string {
  const forms = anyOf ?? oneOf;
  if (forms) return [...new Set(forms.map(formOf))].join(", ");
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (constant !== undefined) return `\`${constant}\``;
  return type === "array" && items ? `array of ${formOf(items)}` : (type ?? "");
}

/** The generated files that are not as they should be. */
export function stale(): string[] {
  return [...generated()].filter(([path, text]) => readOr(join(root, path)) !== text).map(([path]) => path);
}

const readOr = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

if (import.meta.main) {
  for (const [path, text] of generated()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
