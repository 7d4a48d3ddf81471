import { ConfigError, type Diagnostic } from "../../config/diagnostic.ts";
import { type ConnectorNames, loadMapping } from "../../config/load.ts";
import { isShipped, shownName } from "../../config/shipped.ts";
import { validate } from "../../config/validate.ts";
import { readYaml } from "../../config/yaml.ts";
import type { Saved, SaveRequest } from "../../console/api/mappings.ts";
import { mappingTestFormat } from "../../mapping/testing.ts";
import { caseFor } from "../../play/case.ts";
import { assertUnchanged, hashOf, replaceText, testFileOf, textIn, withCase } from "../../play/files.ts";
import { Refusal } from "../../play/refusal.ts";
import type { AuditTrail } from "../../sink/trail.ts";
import { recordBefore } from "../recorded-acts.ts";
import { draftOf, type Ground, mistakesIn, type Place, typesFileOf } from "./playground.ts";

/** What saving needs beside the playground's ground. */
export interface Saving {
  readonly ground: Ground;
  /** The audit trail of the gateway; undefined without one. */
  readonly audit: AuditTrail | undefined;
}

/** What is to be written. */
interface Change {
  readonly file: string;
  readonly text: string;
  /** The hash of the text that is replaced; undefined for a new file. */
  readonly hash: string | undefined;
}

/**
 * Saves a mapping, a file of types, or a test. Only files that the configuration names are written, and tests beside them. A text that does
 * not compile is refused, and one whose file changed meanwhile. Recorded before and after.
 */
export async function save({ ground, audit }: Saving, request: SaveRequest, by: string): Promise<Saved> {
  const { route, type, what } = request;
  const place = ground.places().find((each) => each.route === route && each.type === type);
  if (!place) throw new Refusal("absent", `The route ${route} does not serve ${type}.`);
  const change = what === "test" ? await testChange(ground, place, request) : textChange(ground, place, request);
  if (isShipped(change.file))
    throw new Refusal(
      "refused",
      `${shownName(change.file)} comes with Postern and is replaced by updates: copy it, and have the configuration name the copy.`,
    );
  assertUnchanged(change.file, change.hash);
  const record = { route, type, what, by, file: shownName(change.file) };
  const hashes = { before: change.hash ?? null, after: hashOf(change.text) };
  const intent = await recordBefore(audit, { event: "save", ...record, ...hashes }).catch((error: Error) => {
    throw new Refusal("away", error.message);
  });
  try {
    replaceText(change.file, change.text, change.hash);
  } catch (error) {
    await audit?.outcome({ event: "saved", intent, ...record, result: "failed", error: (error as Error).message });
    throw error;
  }
  await audit?.outcome({ event: "saved", intent, ...record, result: "ok" });
  return { file: record.file, hash: hashes.after };
}

function textChange(ground: Ground, place: Place, { what, text = "", hash }: SaveRequest): Change {
  const { mappingFile } = place;
  if (what === "mapping") {
    refuse(problemsOf(ground, mappingFile, { mapping: text, types: undefined }), place);
    return { file: mappingFile, text, hash };
  }
  const file = typesFileOf(mappingFile, textIn(mappingFile) ?? "");
  if (file === undefined) throw new Refusal("absent", "The mapping, as it is saved, names no file of types.");
  // Other mappings may use the same types.
  const users = [...new Set(ground.places().map((each) => each.mappingFile))].filter(
    (each) => typesFileOf(each, textIn(each) ?? "") === file,
  );
  refuse(
    users.flatMap((each) => problemsOf(ground, each, { mapping: undefined, types: text })),
    place,
  );
  return { file, text, hash };
}

/** What is wrong with texts, wherever a mapping is used. */
function problemsOf(
  ground: Ground,
  mappingFile: string,
  texts: { readonly mapping: string | undefined; readonly types: string | undefined },
): Diagnostic[] {
  const loaded = ground.loaded();
  const mapping = texts.mapping ?? textIn(mappingFile) ?? "";
  return ground
    .places()
    .filter((each) => each.mappingFile === mappingFile)
    .flatMap((each) => draftOf(loaded, each, { ...texts, mapping }).problems)
    .filter(({ severity }) => severity === "error");
}

function refuse(problems: readonly Diagnostic[], place: Place): void {
  if (problems.length > 0)
    throw new Refusal("refused", "It is not saved, because it has mistakes.", mistakesIn(problems, place));
}

async function testChange(ground: Ground, place: Place, { input, name = "" }: SaveRequest): Promise<Change> {
  if (!input) throw new Refusal("refused", "There is nothing to make a test of.");
  const loaded = ground.loaded();
  const attributeTypes = loaded.registry.connectors.flatMap(({ types }) => types ?? []);
  const file = testFileOf(place.mappingFile);
  const before = textIn(file);
  const text = withCase(before, await caseOf(place, { attributeTypes }, { input, name }));
  const { diagnostics } = validate(readYaml(file, shownName(file), undefined, text), mappingTestFormat);
  refuse(diagnostics, place);
  return { file, text, hash: before === undefined ? undefined : hashOf(before) };
}

/** A case for the mapping as it is saved: that is what `postern test` will try. */
async function caseOf(
  { mappingFile }: Place,
  names: ConnectorNames,
  { input, name }: Required<Pick<SaveRequest, "name">> & { readonly input: NonNullable<SaveRequest["input"]> },
) {
  try {
    const { mapping } = loadMapping(mappingFile, { ...names, textOf: () => undefined });
    return await caseFor(mapping, input, name);
  } catch (error) {
    if (error instanceof ConfigError) throw new Refusal("refused", "The mapping, as it is saved, has mistakes.");
    throw new Refusal("refused", `No test can be made of this: ${(error as Error).message}`);
  }
}
