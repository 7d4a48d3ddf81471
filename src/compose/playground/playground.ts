import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError, type Diagnostic, fileDiagnostic } from "../../config/diagnostic.ts";
import { type Loaded, loadMapping, type RouteEndpoint } from "../../config/load.ts";
import { isShipped, locate, shownName } from "../../config/shipped.ts";
import { readYaml } from "../../config/yaml.ts";
import type { Connector } from "../../connector/connector.ts";
import { abortable } from "../../connector/kit/deadline.ts";
import type { KindAttributes, MappingFile, MappingList, PlayAnswer, PlayRequest } from "../../console/api/mappings.ts";
import { completionsFor } from "../../play/completions.ts";
import { examplesFor } from "../../play/examples.ts";
import { hashOf, textIn } from "../../play/files.ts";
import { requestOf } from "../../play/input.ts";
import { Refusal } from "../../play/refusal.ts";
import { attributesInForce, restricted } from "../../play/restricted.ts";
import type { Mistake } from "../../play/shown.ts";
import { tableOf } from "../../play/table.ts";
import { type TrialRoute, tryRequest } from "../../play/try.ts";
import { routeParts, StartError } from "../routes.ts";
import { type AskAttributes, attributesKept } from "./attributes.ts";

/** A resource type of a route, and the mapping that serves it. */
export interface Place {
  readonly route: string;
  readonly type: string;
  readonly connector: string;
  readonly mappingFile: string;
}

/** Connectors for a trial. */
export interface Lent {
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Called when the trial has ended. */
  readonly giveBack: () => Promise<void>;
}

/** Where mappings are tried: those of a running gateway, or files on a laptop. */
export interface Ground {
  /** The configuration in force. A mapping with mistakes is missing from its routes. */
  readonly loaded: () => Loaded;
  readonly places: () => readonly Place[];
  /** Connectors that know of a draft what they would know of a mapping in force. */
  readonly lend: (draft: Loaded, place: Place) => Lent;
  /** Whether live entries and references may be read. */
  readonly mayAsk: boolean;
  readonly maySave: () => boolean;
}

/** Maximum number of trials at a time, and the time that one may take, in milliseconds. */
const MAX_TRIALS = 4;
const TRIAL_MS = 10_000;
/** Maximum number of mistakes that are told at once. */
const MAX_MISTAKES = 100;

/** What the pages on mappings ask. */
export interface Playground {
  readonly list: () => Promise<MappingList>;
  readonly file: (route: string, type: string) => Promise<MappingFile>;
  /** What the backend's schema says of the attributes of a kind. */
  readonly attributes: (route: string, type: string, kind: string) => Promise<KindAttributes>;
  readonly play: (request: PlayRequest) => Promise<PlayAnswer>;
  /** A live entry, by the id of its resource: what the mappings in force read of it, without secrets. */
  readonly entry: (route: string, type: string, id: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** Opens a playground. Nothing in it writes. */
export function createPlayground(ground: Ground): Playground {
  let running = 0;
  const paced = pacing();
  const ask = attributesKept();
  const placeOf = (route: string, type: string): Place => {
    const place = ground.places().find((each) => each.route === route && each.type === type);
    if (!place) throw new Refusal("absent", `The route ${route} does not serve ${type}.`);
    return place;
  };
  return {
    list: async () => listOf(ground),
    file: async (route, type) => fileAt(ground, placeOf(route, type)),
    entry: async (route, type, id) => entryAt(ground, placeOf(route, type), id),
    attributes: async (route, type, kind) => attributesAt(ground, placeOf(route, type), kind, ask),
    play: async (request) => {
      const place = placeOf(request.route, request.type);
      if (running >= MAX_TRIALS) throw new Refusal("busy", "Too many trials run at once. Try again in a moment.");
      running++;
      const trial = paced(() => draftOf(ground.loaded(), place, request))
        .then((draft) => played(ground, place, request, draft))
        .finally(() => running--);
      return abortable(AbortSignal.timeout(TRIAL_MS), trial).catch((error) => {
        if ((error as Error).name !== "TimeoutError") throw error;
        throw new Refusal("busy", `The trial took longer than ${TRIAL_MS / 1000} s: look for an expression that does.`);
      });
    },
  };
}

/** How long drafts rest after one was compiled, in multiples of the time that it took. */
const REST = 3;

/** Compiles drafts, which blocks the process, so that most of its time is left for requests: after a slow one the next must wait. */
function pacing(): (compile: () => Draft) => Promise<Draft> {
  let turn: Promise<unknown> = Promise.resolve();
  return (compile) => {
    const draft = turn.then(() => {
      const start = performance.now();
      const compiled = compile();
      return { compiled, ms: performance.now() - start };
    });
    turn = draft.then(({ ms }) => sleep(REST * ms, undefined, { ref: false })).catch(() => {});
    return draft.then(({ compiled }) => compiled);
  };
}

async function listOf(ground: Ground): Promise<MappingList> {
  const loaded = ground.loaded();
  const mappings = await Promise.all(
    ground.places().map(async (place) => {
      const { route, type, connector, mappingFile } = place;
      const endpoint = loaded.routes.get(route)?.get(type);
      const about = { route, type, connector, backend: loaded.config.connectors[connector]?.type ?? "" };
      const common = { ...about, file: shownName(mappingFile), kind: endpoint?.mapping.kind ?? "", rows: undefined };
      if (!endpoint) return common;
      const { connectors, giveBack } = ground.lend(loaded, place);
      try {
        return { ...common, rows: tableOf(routeParts(loaded, route, connectors).endpoints.get(type)!) };
      } finally {
        await giveBack();
      }
    }),
  );
  return { mappings, maySave: ground.maySave(), mayAsk: ground.mayAsk };
}

/** The file of types that a mapping's text names; undefined if it names none, or nothing that exists. */
export function typesFileOf(mappingFile: string, text: string): string | undefined {
  try {
    const { types } = readYaml(mappingFile, mappingFile, undefined, text).data as { types?: unknown };
    return typeof types === "string" ? locate(types, dirname(mappingFile), "types").file : undefined;
  } catch {
    return undefined;
  }
}

async function fileAt(ground: Ground, { route, type, connector, mappingFile }: Place): Promise<MappingFile> {
  const loaded = ground.loaded();
  const fileText = (file: string) => {
    const text = textIn(file) ?? "";
    return { file: shownName(file), text, hash: hashOf(text), maySave: ground.maySave() && !isShipped(file) };
  };
  const mapping = fileText(mappingFile);
  const typesFile = typesFileOf(mappingFile, mapping.text);
  const endpoint = loaded.routes.get(route)?.get(type);
  const known = [...loaded.routes.values()].flatMap((types) => [...types.values()]);
  return {
    mapping,
    types: typesFile === undefined ? undefined : fileText(typesFile),
    completions: completionsFor({
      type: endpoint?.mapping.type,
      resources: ground.places().flatMap((each) => (each.route === route ? [each.type] : [])),
      mappings: known.filter((each) => each.connector === connector).map((each) => each.mapping),
      kinds: Object.keys(loaded.config.connectors[connector]?.kinds ?? {}),
      attributeTypes: attributeTypesOf(loaded, connector),
    }),
    examples: endpoint ? await examplesFor(endpoint.mapping) : [],
  };
}

/** The types of attributes that a connector knows; those of all of them if it is only assumed. */
function attributeTypesOf({ registry, config }: Pick<Loaded, "registry" | "config">, name: string): readonly string[] {
  const settings = config.connectors[name];
  const definitions = registry.connectors.filter(({ type }) => settings === undefined || type === settings.type);
  return definitions.flatMap(({ types }) => types ?? []);
}

async function attributesAt(ground: Ground, place: Place, kind: string, ask: AskAttributes): Promise<KindAttributes> {
  if (!ground.mayAsk) return { attributes: [] };
  const { connectors, giveBack } = ground.lend(ground.loaded(), place);
  try {
    return { attributes: await ask(connectors.get(place.connector)!, kind) };
  } finally {
    await giveBack();
  }
}

async function entryAt(ground: Ground, place: Place, id: string) {
  if (!ground.mayAsk) throw new Refusal("absent", "There is no backend to ask here.");
  const loaded = ground.loaded();
  const endpoint = loaded.routes.get(place.route)?.get(place.type);
  if (!endpoint) throw new Refusal("absent", "The mapping has mistakes.");
  const { kind } = endpoint.mapping;
  const { connectors, giveBack } = ground.lend(loaded, place);
  try {
    const connector = connectors.get(place.connector)!;
    const attrs = [...attributesInForce([endpoint.mapping], connector).get(kind)!];
    const found = await connector.get({ kind, key: id, attrs, signal: AbortSignal.timeout(TRIAL_MS) });
    if (!found) throw new Refusal("absent", `There is no ${place.type} with the id ${JSON.stringify(id)}.`);
    return found;
  } finally {
    await giveBack();
  }
}

async function played(ground: Ground, place: Place, request: PlayRequest, draft: Draft): Promise<PlayAnswer> {
  const loaded = ground.loaded();
  if (!draft.endpoint) return { problems: mistakesIn(draft.problems, place), trial: undefined };
  const edited = withEndpoint(loaded, place, draft.endpoint);
  let lent: Lent | undefined;
  try {
    lent = ground.lend(edited, place);
    const { connectors } = lent;
    const route = trialRoute(loaded, edited, place, connectors);
    const { type, kind } = draft.endpoint.mapping;
    const { key } = connectors.get(place.connector)!.kinds.get(kind)!;
    const { request: asked, entry } = requestOf(request.input, { endpoint: type.endpoint, key });
    const trial = await tryRequest(route, asked, { entry, whole: true, live: ground.mayAsk && request.live === true });
    return { problems: mistakesIn(draft.problems, place), trial };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const { mappingFile } = place;
    const problem = fileDiagnostic(shownName(mappingFile), error.message, "start");
    return { problems: mistakesIn([...draft.problems, problem], place), trial: undefined };
  } finally {
    await lent?.giveBack();
  }
}

/** A compiled draft with its warnings, or its mistakes. */
interface Draft {
  readonly endpoint: RouteEndpoint | undefined;
  readonly problems: readonly Diagnostic[];
}

/** Compiles the texts of an editor. Without texts, the mapping in force. */
export function draftOf(
  { routes, config, ...loaded }: Loaded,
  place: Place,
  { mapping: text, types }: Pick<PlayRequest, "mapping" | "types">,
): Draft {
  const { route, type, connector, mappingFile } = place;
  const inForce = routes.get(route)?.get(type);
  if (text === undefined && types === undefined && inForce) return { endpoint: inForce, problems: [] };
  const attributeTypes = attributeTypesOf({ config, ...loaded }, connector);
  const kinds = config.connectors[connector] && Object.keys(config.connectors[connector].kinds);
  try {
    const textOf = (file: string) => (file === mappingFile ? text : types);
    const loadedMapping = loadMapping(mappingFile, { kinds, attributeTypes, textOf });
    const { mapping, warnings, diagnose, text: mappingText } = loadedMapping;
    if (mapping.type.name !== type) {
      const message = `this mapping is for ${mapping.type.name}, not for ${type}`;
      return { endpoint: undefined, problems: [diagnose(["resource"], message, { code: "other-type" })] };
    }
    const patchResponse = inForce?.patchResponse ?? (type === "Group" ? "none" : "resource");
    return { endpoint: { connector, mapping, mappingFile, mappingText, patchResponse, diagnose }, problems: warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { endpoint: undefined, problems: error.diagnostics };
  }
}

/** A configuration in which a mapping is replaced. */
function withEndpoint(loaded: Loaded, { route, type }: Place, endpoint: RouteEndpoint): Loaded {
  const types = new Map([...(loaded.routes.get(route) ?? []), [type, endpoint]]);
  return { ...loaded, routes: new Map([...loaded.routes, [route, types]]) };
}

/** The route of a draft, whose connectors read nothing but what the mappings in force read. */
function trialRoute(loaded: Loaded, edited: Loaded, { route }: Place, connectors: Lent["connectors"]): TrialRoute {
  const inForce = [...loaded.routes.values()].flatMap((types) => [...types.values()]);
  const readings = new Map(
    [...connectors].map(([name, connector]) => {
      const mappings = inForce.filter((each) => each.connector === name).map(({ mapping }) => mapping);
      return [connector, restricted(connector, attributesInForce(mappings, connector))];
    }),
  );
  const { endpoints, ...parts } = routeParts(edited, route, connectors);
  const restrictedEndpoints = [...endpoints].map(
    ([type, endpoint]) => [type, { ...endpoint, connector: readings.get(endpoint.connector)! }] as const,
  );
  return { ...parts, endpoints: new Map(restrictedEndpoints) };
}

/** Problems of a place's texts, as the playground shows them: but for those that the author accepts. */
export const mistakesIn = (problems: readonly Diagnostic[], { mappingFile }: Place): Mistake[] =>
  problems
    .filter(({ accepted }) => accepted === undefined)
    .slice(0, MAX_MISTAKES)
    .map(({ excerpt: _, accepted: __, ...problem }) => ({
      ...problem,
      in: problem.file === shownName(mappingFile) ? "mapping" : "types",
    }));
