import { createHmac, randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { type Diagnostic, withoutSecrets } from "../../config/diagnostic.ts";
import type { Loaded } from "../../config/load.ts";
import { isShipped, shownName } from "../../config/shipped.ts";
import { shownConfig, withoutSecretsOf } from "../../config/shown.ts";
import { readYaml } from "../../config/yaml.ts";
import type { ChangedFile, Changes, Mistake } from "../../console/api/configuration.ts";
import type { ConfigurationSources } from "../../console/pages/configuration.ts";
import { Refusal } from "../../console/refusal.ts";
import { recordBefore } from "../recorded-acts.ts";
import { filesOf, type Preview } from "../reloads.ts";
import type { ConsoleSources } from "./sources.ts";
import { oneAtATime, startMistakesOf } from "./start-mistakes.ts";

const MAX_MISTAKES = 200;
const MAX_TEXT = 500_000;

const yamlOf = (data: unknown): string => stringify(data, { lineWidth: 110 }).slice(0, MAX_TEXT);

/** What the page on the configuration shows and does. */
export function configurationSources({ reloads, file, shared }: ConsoleSources): ConfigurationSources {
  // Only this process can make a seal, so that it tells nothing of the secrets in the files.
  const key = randomBytes(32);
  const sealOf = ({ next, problems }: Pick<Preview, "next" | "problems">): string =>
    createHmac("sha256", key)
      .update(JSON.stringify(next ? [next.config, [...textsOf(next)]] : problems))
      .digest("base64url");
  const startMistakes = oneAtATime(startMistakesOf);
  /** Cleans messages, which may repeat lines of the files: of the secrets in force, and of those in the file as it is now. */
  const clean = () => {
    const { source, registry } = reloads.inForce();
    const next = { source: { given: dataOf(file), secrets: [] }, registry };
    return withoutSecretsOf([{ source, registry }, next]);
  };
  return {
    inForce: () => {
      const loaded = reloads.inForce();
      const { at, refused } = reloads.state();
      const files = [...new Set(filesOf(file, loaded))];
      return {
        written: yamlOf(shownConfig(loaded, { isWhole: false })),
        whole: yamlOf(shownConfig(loaded, { isWhole: true })),
        files: files.filter((each) => !isShipped(each)).map(shownName),
        builtIn: files.filter(isShipped).map(shownName),
        at,
        refused: refused && { ...refused, reason: clean()(refused.reason).slice(0, 5000) },
      };
    },
    changes: async () => {
      const preview = reloads.preview();
      const { next, problems, loosened, needRestart } = preview;
      const seal = sealOf(preview);
      const mistakes = [...problems, ...(next ? await startMistakes(seal, next) : [])];
      const isRefused = loosened.length > 0 || mistakes.some(({ severity }) => severity === "error");
      const changed = next ? changesBetween(file, reloads.inForce(), next) : [];
      return { isRefused, mistakes: shown(mistakes, clean()), changed, loosened, needRestart, seal };
    },
    reload: async (seal, by) => {
      if (seal !== sealOf(reloads.preview())) return "stale";
      const { audit } = shared.services;
      // Recorded first, so that no reload by an operator goes unrecorded.
      const intent = await recordBefore(audit, { event: "reload", by }).catch((error) => {
        throw new Refusal("unavailable", (error as Error).message, { cause: error });
      });
      // Compared with what is applied: a file may change while the record is written.
      const answer = reloads.reloadIf((next) => sealOf({ next, problems: [] }) === seal);
      if (!answer) {
        await audit?.outcome({
          event: "reloaded",
          intent,
          by,
          result: "refused",
          reason: "the files changed meanwhile",
        });
        return "stale";
      }
      const result = answer.isTaken
        ? { result: "ok", needRestart: answer.needRestart }
        : { result: "refused", reason: answer.reason.slice(0, 2000) };
      await audit?.outcome({ event: "reloaded", intent, by, ...result });
      return answer.isTaken ? answer : { isTaken: false, reason: clean()(answer.reason) };
    },
  };
}

/** A file's data, valid or not; nothing if it isn't YAML. */
function dataOf(file: string): unknown {
  try {
    return readYaml(file).data;
  } catch {
    return undefined;
  }
}

const shown = (mistakes: readonly Diagnostic[], clean: (text: string) => string): Mistake[] =>
  mistakes
    .filter(({ accepted }) => accepted === undefined)
    .toSorted((one, other) => Number(one.severity === "warning") - Number(other.severity === "warning"))
    .slice(0, MAX_MISTAKES)
    .map(({ severity, file, line, column, length, message, excerpt }) => ({
      severity,
      file,
      line,
      column,
      length,
      message: clean(message),
      excerpt: excerpt && clean(excerpt),
    }));

/** The texts of the mappings and their resource types, by file. */
const textsOf = ({ routes, typesFiles }: Loaded): Map<string, string> =>
  new Map([
    ...[...routes.values()].flatMap((types) =>
      [...types.values()].map(({ mappingFile, mappingText }) => [mappingFile, mappingText] as const),
    ),
    ...typesFiles,
  ]);

/** The files whose meaning differs from what is in force. */
function changesBetween(file: string, before: Loaded, after: Loaded): Changes["changed"] {
  const configuration: ChangedFile = {
    name: shownName(file),
    before: yamlOf(shownConfig(before, { isWhole: false })),
    after: yamlOf(shownConfig(after, { isWhole: false, comparedWith: before })),
  };
  const [old, now] = [textsOf(before), textsOf(after)];
  const clean = (text = "") => text.slice(0, MAX_TEXT).split("\n").map(withoutSecrets).join("\n");
  const mappings = [...new Set([...old.keys(), ...now.keys()])].map((each) => ({
    name: shownName(each),
    before: clean(old.get(each)),
    after: clean(now.get(each)),
  }));
  return [configuration, ...mappings].filter((each) => each.before !== each.after);
}
