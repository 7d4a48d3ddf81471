import { endpointsOf, openConnectors, sharedLimitsOf } from "../compose.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { Entry, Uses } from "../connector/connector.ts";
import { filesIn } from "../connector/kit/files.ts";
import { probeShared } from "../edge/limiters.ts";
import type { Endpoint } from "../gateway/references.ts";
import { limitsOf, memoryBudget } from "../graph/budget.ts";
import { openEntra } from "../graph/client.ts";
import { attrsOf, attrsRead, type Mapping, type Row } from "../mapping/mapping.ts";
import { planFilter } from "../mapping/plan.ts";
import { leafOf, type TypedFilter } from "../scim/path.ts";
import { isSharedState } from "../state/state.ts";
import { openStateOf } from "../store.ts";
import type { Rules } from "../sync/rules.ts";

const labels = { true: "ok     ", false: "MISSING", unknown: "UNKNOWN" } as const;
const quiet = { warn: () => {} };
const operators = ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"] as const;

/** Says what is wrong with a configuration, or what of it is pushed down; with `connect` whether each connector serves. */
export async function checkCommand(
  registry: Registry,
  file: string,
  connect: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const loaded = loadConfig(file, registry, env);
  const connectors = openConnectors(loaded, quiet);
  try {
    for (const route of loaded.routes.keys()) {
      for (const [type, endpoint] of endpointsOf(loaded, route, connectors))
        console.log(`${route} ${type}, by ${endpoint.name}\n${table(endpoint)}\n`);
    }
    for (const [name, rules] of loaded.syncs) console.log(`${syncText(name, loaded, rules)}\n`);
    if (!connect) {
      console.log(`${file}: all is well.`);
      return 0;
    }
    const states = await Promise.all(
      [...connectors].map(async ([name, connector]) => {
        try {
          console.log(`${name}: ${await connector.probe(AbortSignal.timeout(5000))}`);
          const findings = (await connector.check?.(await usesOf(loaded, name), AbortSignal.timeout(30_000))) ?? [];
          for (const { ok, text } of findings) console.log(`  ${labels[`${ok}`]} ${text}`);
          return findings.every(({ ok }) => ok === true)
            ? "well"
            : findings.some(({ ok }) => ok === false)
              ? "not well"
              : "unknown";
        } catch (error) {
          console.log(`${name}: does not serve: ${(error as Error).message}`);
          return "not well";
        }
      }),
    );
    states.push(...(await sharedStates(loaded)), ...(await entraStates(loaded)));
    const isWell = !states.includes("not well");
    const all = states.includes("unknown")
      ? "all that could be looked at is well; see what is UNKNOWN above."
      : "all is well.";
    console.log(`${file}: ${isWell ? all : "not all is well, see what is MISSING or does not serve above."}`);
    return isWell ? 0 : 1;
  } finally {
    await Promise.all([...connectors.values()].map((connector) => connector.close()));
  }
}

/** What a sync does, in a few lines. */
function syncText(name: string, { config }: Loaded, { rules, match }: Rules): string {
  const { from, to, schedule = "by hand, or by a signal" } = config.syncs[name]!;
  const target = "route" in to ? to.route : `Entra's job ${to.entra.job}`;
  const named = rules.map(({ place }) => place.name).join(", ");
  return `sync ${name}: ${from.route} -> ${target}, ${schedule}\n  matches by ${match.map((place) => place.name).join(", then ")}\n  writes ${named}`;
}

/** Whether the jobs of Entra's that syncs write to can be used. */
async function entraStates(loaded: Loaded): Promise<("well" | "not well" | "unknown")[]> {
  const settings = Object.entries(loaded.config.syncs).flatMap(([name, { to }]) =>
    "entra" in to ? [[name, to.entra] as const] : [],
  );
  return Promise.all(
    settings.map(async ([name, entra]) => {
      const client = openEntra(entra, { files: filesIn(loaded.folder), budget: memoryBudget(limitsOf(entra)) });
      try {
        const findings = await client.probe(AbortSignal.timeout(30_000));
        console.log(`sync ${name}: Entra's job ${entra.job}`);
        for (const { ok, text } of findings) console.log(`  ${labels[`${ok}`]} ${text}`);
        if (findings.every(({ ok }) => ok === true)) return "well";
        return findings.some(({ ok }) => ok === false) ? "not well" : "unknown";
      } catch (error) {
        console.log(`sync ${name}: Entra cannot be asked: ${(error as Error).message}`);
        return "not well";
      } finally {
        await client.close();
      }
    }),
  );
}

/** Whether what several gateways share can be reached: PostgreSQL, and Valkey or Redis. */
async function sharedStates(loaded: Loaded): Promise<("well" | "not well")[]> {
  const { url } = loaded.config.state;
  const shared = sharedLimitsOf(loaded);
  const probes: [string, () => Promise<void>][] = [];
  if (isSharedState(url)) {
    const state = openStateOf(loaded);
    probes.push([`state: ${url}`, () => state.probe().finally(state.close)]);
  }
  if (shared) probes.push([`limits.shared: ${shared.url}`, () => probeShared(shared)]);
  return Promise.all(
    probes.map(async ([name, probe]) => {
      try {
        await probe();
        console.log(`${name} answers`);
        return "well";
      } catch (error) {
        console.log(`${name} is unreachable: ${(error as Error).message}`);
        return "not well";
      }
    }),
  );
}

/** What provisioning clients match users and groups by. */
const matching = ["userName", "externalId", "emails", "displayName"];

/** What the mappings of a connector do with attributes, by kind. */
async function usesOf(loaded: Loaded, name: string): Promise<Map<string, Uses>> {
  const endpoints = [...loaded.routes.values()].flatMap((types) => [...types.values()]);
  const uses = new Map<string, Uses>();
  for (const { mapping } of endpoints.filter(({ connector }) => connector === name)) {
    const known = uses.get(mapping.kind);
    const isMatched = ({ path: { attribute } }: Row) =>
      matching.includes(attribute.name) && (attribute.name !== "displayName" || mapping.type.name === "Group");
    uses.set(mapping.kind, {
      reads: [...(known?.reads ?? []), ...mapping.rows.filter((row) => !row.writeOnly).flatMap(attrsRead)],
      writes: [...(known?.writes ?? []), ...attrsOf(mapping), ...mapping.create.map(({ attr }) => attr)],
      matches: [
        ...(known?.matches ?? []),
        ...mapping.rows.filter(isMatched).flatMap((row) => {
          const caseExact = leafOf(row.path).caseExact === true;
          return attrsRead(row).map((attr) => ({ attr, caseExact }));
        }),
      ],
      constants: { ...known?.constants, ...(await constantsOf(mapping)) },
    });
  }
  return uses;
}

/** What `create` gives of itself, without anything of a resource. */
async function constantsOf({ create }: Mapping): Promise<Entry> {
  const given = await Promise.all(
    create.map(async ({ attr, expressions }) => {
      const value = await expressions[0]?.evaluate({}, {}).catch(() => undefined);
      return [attr, value ?? undefined] as const;
    }),
  );
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Entry;
}

/** Each attribute with what it is in the backend, and the operators of a filter that the backend answers. */
function table(endpoint: Endpoint): string {
  const lines = endpoint.mapping.rows.map((row) => [
    row.name,
    rightSide(row),
    row.readOnly ? "read" : row.writeOnly ? "write" : "read, write",
    pushed(row, endpoint),
  ]);
  const header = ["attribute", "backend", "", "filter: pushed down (~ in part)"];
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => line[column]!.length)));
  return [header, ...lines]
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd())
    .join("\n");
}

function rightSide(row: Row): string {
  if (row.is === "expression") return "JSONata";
  return row.is === "ref"
    ? `${row.attr} -> ${row.refs.join(", ")}${row.by === undefined ? "" : ` by ${row.by}`}`
    : row.attr;
}

function pushed(row: Row, { mapping, connector }: Endpoint): string {
  if (row.writeOnly) return "";
  const leaf = leafOf(row.path);
  const sample =
    leaf.type === "boolean"
      ? true
      : leaf.type === "dateTime"
        ? "2026-01-31T08:00:00.000Z"
        : leaf.type === "integer"
          ? 1
          : row.name === "id"
            ? "00000000-0000-4000-8000-000000000000"
            : "sample";
  const isOrdered = leaf.type !== "boolean";
  const isText = leaf.type === "string" || leaf.type === "reference";
  const asked = operators.filter(
    (op) => op === "eq" || op === "pr" || (isOrdered && (isText || !["co", "sw", "ew"].includes(op))),
  );
  const answers = asked.flatMap((op) => {
    const filter: TypedFilter = op === "pr" ? { op, path: row.path } : { op, path: row.path, value: sample };
    const references = { toReference: () => "cn=sample", toId: () => "sample" };
    const alone = {
      ...mapping,
      groups: new Map([
        [row.path.attribute, mapping.groups.get(row.path.attribute)!.filter((group) => group.rows.includes(row))],
      ]),
    };
    const plan = planFilter(alone, filter, (condition) => connector.supports(mapping.kind, condition), references);
    if (plan.rest === undefined) return [op];
    return plan.where ? [`${op}~`] : [];
  });
  return answers.join(" ") || "nothing: read and filtered behind the backend";
}
