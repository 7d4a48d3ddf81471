import { existsSync, globSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigError, fileDiagnostic } from "../config/diagnostic.ts";
import { loadMapping } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { locate, shownName } from "../config/shipped.ts";
import { validate } from "../config/validate.ts";
import { type About, readYaml, type YamlFile } from "../config/yaml.ts";
import { mappingTestFormat, runMappingTests } from "../mapping/testing.ts";
import { runExchanges } from "./exchanges.ts";

interface Outcome {
  readonly name: string;
  /** The line of the case in its file. */
  readonly line?: number;
  readonly failure: string | undefined;
}

/**
 * Runs the test files of mappings, `user.test.yaml` beside `user.yaml`, and conversations with APIs, `*.exchanges.yaml`.
 * Without names all below `mappings/`.
 */
export async function testCommand(registry: Registry, names: readonly string[]): Promise<number> {
  const files = names.length > 0 ? names : globSync("mappings/**/*.{test,exchanges}.yaml");
  if (files.length === 0)
    throw new ConfigError([fileDiagnostic("mappings", "there are no *.test.yaml files below mappings/")]);
  let passed = 0;
  let failed = 0;
  for (const file of [...files].sort()) {
    const outcomes: readonly Outcome[] = await (file.endsWith(".exchanges.yaml")
      ? runExchanges(registry, file)
      : runTests(registry, file));
    for (const { name, line, failure } of outcomes) {
      console.log(
        failure === undefined
          ? `ok   ${file}: ${name}`
          : `FAIL ${file}${line === undefined ? "" : `:${line}`}: ${name}\n${failure.replace(/^/gm, "     ")}`,
      );
      if (failure === undefined) passed++;
      else failed++;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runTests(registry: Registry, file: string): Promise<readonly Outcome[]> {
  const yaml = readYaml(file);
  const { value: tests, diagnostics } = validate(yaml, mappingTestFormat);
  if (!tests) throw new ConfigError(diagnostics);
  const mappingFile = mappingOf(file, tests.mapping, yaml);
  const named = (message: string, about: About) => yaml.diagnose(["mapping"], message, about);
  const attributeTypes = registry.connectors.flatMap(({ types }) => types ?? []);
  const outcomes = await runMappingTests(loadMapping(mappingFile, { attributeTypes, named }).mapping, tests);
  return outcomes.map((each, index) => ({ ...each, line: yaml.diagnose(["cases", index], "").line }));
}

/** The mapping that a test file is for: the one that it names, or the one beside it. Throws `ConfigError` where that is not there. */
function mappingOf(file: string, named: string | undefined, yaml: YamlFile): string {
  const beside = file.replace(/\.test\.yaml$/, ".yaml");
  if (named === undefined && existsSync(beside)) return beside;
  if (named === undefined)
    throw new ConfigError([
      yaml.diagnose([], `there is no ${shownName(resolve(beside))} beside it, and it names no "mapping"`),
    ]);
  const located = locate(named, dirname(file), "mapping");
  if (located.file !== undefined) return located.file;
  throw new ConfigError([yaml.diagnose(["mapping"], located.problem.message, located.problem.about)]);
}
