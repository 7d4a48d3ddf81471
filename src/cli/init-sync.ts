import { stringify } from "yaml";
import { StartError } from "../compose/routes.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { Route } from "../gateway/route.ts";
import type { Mapping, Row } from "../mapping/mapping.ts";
import { isPresent } from "../scim/evaluate.ts";
import type { Resource } from "../scim/schema.ts";
import { contextFor } from "../sync/targets/route.ts";
import { placeIn, shortNames, valueAt } from "../sync/values.ts";
import { counted, people as inWords } from "../sync/words.ts";
import { openRoutes } from "./opened.ts";
import { withProgress } from "./progress.ts";

/** What a sync is drafted from. */
export interface InitSync {
  readonly registry: Registry;
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The routes that are read and written. */
  readonly from: string;
  readonly to: string;
}

/** How many people of the source are looked at, and how many of them are looked for in the target. */
const SAMPLE = 200;
const LOOKED_FOR = 20;

/** Asks a source and a target, and prints a `syncs:` section for the configuration, with what it found as comments. Writes nothing. */
export async function initSyncCommand({ registry, file, env, from, to }: InitSync): Promise<number> {
  const loaded = loadConfig(file, registry, env);
  const opened = await openRoutes(loaded, { writes: false });
  try {
    const route = (base: string): Route => {
      const found = opened.routes.get(base);
      if (!found?.endpoints.has("User"))
        throw new StartError(`${base} serves no users; there are: ${[...opened.routes.keys()].join(", ")}`);
      return found;
    };
    const [source, target] = [route(from), route(to)];
    const operationMs = Math.round(loaded.config.limits.seconds * 1000);
    console.log(await withProgress(`asking ${from} and ${to}`, () => draft(source, target, operationMs)));
    return 0;
  } finally {
    await opened.close();
  }
}

async function draft(source: Route, target: Route, operationMs: number): Promise<string> {
  const ask = (route: Route, query: object) =>
    route.run({
      name: "list",
      type: "User",
      query,
      context: contextFor(route.base, {
        caller: "postern init sync",
        operationMs,
        signal: new AbortController().signal,
      }),
    });
  const [people, accounts] = await Promise.all([ask(source, { count: String(SAMPLE) }), ask(target, { count: "0" })]);
  const from = source.endpoints.get("User")!.mapping;
  const into = target.endpoints.get("User")!.mapping;
  const sample = people.Resources;
  const share = (name: string) =>
    sample.filter((each) => isPresent(valueAt(each, placeIn(from.type, name), from.type))).length;
  const key = keyOf(from, sample);
  const notes: string[] = [
    `${source.base} has ${inWords(people.totalResults)}, ${target.base} ${counted(accounts.totalResults, "account")}. ${inWords(sample.length)} ${sample.length === 1 ? "was" : "were"} looked at.`,
  ];
  const { attributes, comments } = attributesFor(from, into, { key, share, count: sample.length });
  const matches = await foundIn(ask, target, into, from, key, sample.slice(0, LOOKED_FOR));
  notes.push(...matches);
  const left = hasPath(from, "hr:endDate") ? { left: "$after(hr.endDate)" } : {};
  const hasActive = hasRow(into, "active");
  const leavers = { ...left, ...(!hasActive && { missing: "ignore", outOfScope: "ignore" }) };
  const leaver = Object.keys(leavers).length > 0 ? { leavers } : {};
  if (!hasActive)
    comments.push("the target maps no active, so that nobody can be disabled: leavers only lose what rules take away");
  const sync = {
    from: { route: source.base, ...(key !== "externalId" && { key }) },
    to: { route: target.base },
    asOf: { zone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    match: ["externalId", ...(hasRow(into, "userName") ? ["userName"] : [])],
    attributes,
    ...leaver,
    guard: { creates: 50, changes: "10%", disables: "5%", deletes: 0 },
  };
  const text = stringify(
    { syncs: { [`${source.base.slice(1)}-to-${target.base.slice(1)}`.replaceAll("/", "-")]: sync } },
    { lineWidth: 140 },
  );
  return [
    ...notes.map((note) => `# ${note}`),
    ...comments.map((note) => `# ? ${note}`),
    "# Add this to the configuration, look at each line, and then: postern sync plan",
    text.trimEnd(),
  ].join("\n");
}

/** What tells people apart: `externalId` where everybody has one of their own, else `id`. */
function keyOf(mapping: Mapping, sample: readonly Resource[]): string {
  const values = sample.map((each) => each.externalId);
  const isKey = hasRow(mapping, "externalId") && values.every(isPresent) && new Set(values).size === values.length;
  return isKey ? "externalId" : "id";
}

const hasRow = ({ rows }: Mapping, name: string): boolean => rows.some((row) => row.name === name);
const hasPath = (mapping: Mapping, name: string): boolean => {
  try {
    const { typed } = placeIn(mapping.type, name);
    return mapping.rows.some(({ path }) => path.attribute === typed.attribute);
  } catch {
    return false;
  }
};

interface Looked {
  readonly key: string;
  readonly share: (name: string) => number;
  readonly count: number;
}

function attributesFor(from: Mapping, into: Mapping, { key, share, count }: Looked) {
  const attributes: Record<string, unknown> = {};
  const comments: string[] = [];
  const unmapped: string[] = [];
  const isWritten = (row: Row) =>
    !row.readOnly && row.path.attribute.name !== "id" && row.path.attribute.name !== "groups";
  for (const row of into.rows.filter(isWritten)) {
    const { name } = row;
    const short = shortened(name, into);
    if (name === "externalId") attributes[short] = key;
    else if (name === "userName") attributes[short] = { value: USER_NAMES, unique: true, when: "create" };
    else if (name === "active") attributes[short] = { value: activeRule(from) };
    else if (name === "password") {
      attributes[short] = { value: '$secret() & "aA1!"', when: "create" };
      comments.push("password: what your policy asks of it; nobody is told it without `passwords`");
    } else if (row.is === "ref") {
      const manager = ["hr:managerId", "enterprise:manager.value"].find((each) => hasPath(from, each));
      if (!name.endsWith("manager.value") || !manager)
        comments.push(`${short} refers to others: give it a rule, { reference: User, from: ... }`);
      else {
        attributes[short] = { reference: "User", from: manager };
        comments.push(
          `${short}: ${manager} must name managers by their ${key}; otherwise say by what: { by: userName }`,
        );
      }
    } else if (hasRow(from, name)) {
      attributes[short] = short;
      const present = share(name);
      if (present < count)
        comments.push(
          `${short}: ${present} of ${inWords(count)} ${present === 1 ? "has" : "have"} one; absent: keep leaves the target's where the source has none`,
        );
    } else if (name === "displayName" && hasRow(from, "name.givenName") && hasRow(from, "name.familyName"))
      attributes[short] = { value: 'name.givenName & " " & name.familyName' };
    else unmapped.push(short);
  }
  if (unmapped.length > 0) comments.push(`not written, as the source has nothing of the name: ${unmapped.join(", ")}`);
  if (hasRow(into, "userName"))
    comments.push(
      "userName: the names that are tried, one after the other, for a new account; give them your domain where the target wants one",
    );
  return { attributes, comments };
}

const USER_NAMES = [
  '$lowercase($normalize(name.givenName, "entra") & "." & $normalize(name.familyName, "entra"))',
  '$lowercase($normalize(name.givenName, "entra") & "." & $normalize(name.familyName, "entra")) & $n',
];

/** A path with the short name of its extension. */
function shortened(name: string, { type }: Mapping): string {
  for (const [short, urn] of shortNames(type))
    if (name.startsWith(`${urn}:`)) return `${short}:${name.slice(urn.length + 1)}`;
  return name;
}

function activeRule(from: Mapping): string {
  const hired = hasPath(from, "hr:hireDate") ? ["$from(hr.hireDate)"] : [];
  const ended = hasPath(from, "hr:endDate") ? ["$until(hr.endDate)"] : [];
  const active = hasRow(from, "active") ? ["active"] : [];
  const all = [...active, ...hired, ...ended];
  return all.length > 0 ? all.join(" and ") : "true";
}

/** How many of some people have an account already, by what. */
async function foundIn(
  ask: (route: Route, query: object) => Promise<{ readonly totalResults: number }>,
  target: Route,
  into: Mapping,
  from: Mapping,
  key: string,
  sample: readonly Resource[],
): Promise<string[]> {
  const pairs = [
    ["externalId", key],
    ["userName", "userName"],
  ].filter(([path, of]) => hasRow(into, path!) && (of === "id" || hasRow(from, of!)));
  return Promise.all(
    pairs.map(async ([path, of]) => {
      let found = 0;
      for (const person of sample) {
        const value = valueAt(person, placeIn(from.type, of!), from.type);
        if (!isPresent(value)) continue;
        const { totalResults } = await ask(target, {
          filter: `${path} eq ${JSON.stringify(String(value))}`,
          count: "0",
        });
        if (totalResults > 0) found++;
      }
      return `${found} of ${inWords(sample.length)} ${found === 1 ? "has" : "have"} an account whose ${path} is the source's ${of}. What the rules make of it shows in the plan.`;
    }),
  );
}
