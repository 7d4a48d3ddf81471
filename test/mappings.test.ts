import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectors } from "../connectors/index.ts";
import { runExchanges } from "../src/cli/exchanges.ts";
import { loadMapping } from "../src/config/load.ts";
import { validate } from "../src/config/validate.ts";
import { readYaml } from "../src/config/yaml.ts";
import { mappingTestFormat, runMappingTests } from "../src/mapping/testing.ts";
import { ROOT } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";

const attributeTypes = connectors.flatMap(({ types }) => types ?? []);

describe("the shipped mappings do what their tests say", () => {
  test.each(globSync("mappings/**/*.test.yaml", { cwd: ROOT }))("%s", async (file) => {
    const { value: tests, diagnostics } = validate(readYaml(join(ROOT, file)), mappingTestFormat);
    expect(diagnostics).toEqual([]);
    const { mapping } = loadMapping(join(ROOT, file.replace(".test.yaml", ".yaml")), { attributeTypes });
    const outcomes = await runMappingTests(mapping, tests!);
    expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(0);
  });

  test.each(globSync("mappings/**/*.exchanges.yaml", { cwd: ROOT }))("and ask of an API what %s says", async (file) => {
    const outcomes = await runExchanges(registry, join(ROOT, file));
    expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(0);
  });
});
