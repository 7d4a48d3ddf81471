import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { connectors } from "../connectors/index.ts";
import { sinks } from "../sinks/index.ts";
import { exchangesFormat } from "../src/cli/exchanges.ts";
import { configFormat } from "../src/config/format.ts";
import { type ShippedKind, shippedNames } from "../src/config/shipped.ts";
import { mappingFormat } from "../src/mapping/format.ts";
import { mappingTestFormat } from "../src/mapping/testing.ts";
import { typesFormat } from "../src/mapping/types.ts";
import { cliPage } from "./cli-page.ts";
import { conformancePage } from "./conformance.ts";
import { contentsPage } from "./contents.ts";
import { expressionsPage } from "./expressions.ts";
import { simulatorReportPage } from "./findings.ts";
import { connectorPage, settingsPage, sinkPage } from "./settings-page.ts";
import { validatePage } from "./validate-page.ts";

const registry = { connectors, sinks };
const root = join(import.meta.dirname, "..");

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input", override: completed });

/** Of a setting that takes the name of a shipped file, an editor is told the names. That a setting is secret is not for editors. */
function completed({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete (jsonSchema as { secret?: boolean }).secret;
  const { completes } = jsonSchema as { completes?: ShippedKind };
  if (completes === undefined) return;
  delete (jsonSchema as { completes?: ShippedKind }).completes;
  delete jsonSchema.type;
  jsonSchema.anyOf = [{ enum: shippedNames(completes) }, { type: "string" }];
}

/** What is generated from the zod schemas, by path: JSON Schemas for editors, a reference page for each connector and each sink, tables in pages. */
export function generated(): Map<string, string> {
  const text = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return new Map([
    ["schemas/gateway.schema.json", text(schemaOf(configFormat(registry)))],
    ["schemas/mapping.schema.json", text(schemaOf(mappingFormat))],
    ["schemas/types.schema.json", text(schemaOf(typesFormat))],
    ["docs/README.md", contentsPage()],
    ["docs/reference/cli.md", cliPage()],
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
