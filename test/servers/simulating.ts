import { isFailure, openEndpoint, type ScimEndpoint } from "../../src/cli/scim-endpoint.ts";
import { DEFAULT_JOB_SCHEMA } from "../../src/entra/default-job.ts";
import type { Behaviour } from "../../src/entra/engine.ts";
import { compileJob, type Job } from "../../src/entra/job.ts";
import { QUARANTINE_LIMITS } from "../../src/entra/quarantine.ts";
import type { CycleSummary, Exchange, Observation, Quarantine, Trace } from "../../src/entra/report-data.ts";
import { openSimulation, type Simulation } from "../../src/entra/simulation.ts";
import { openStore, type Store } from "../../src/entra/store.ts";
import type { Client } from "../clients/replay.ts";

/** A simulation before an endpoint, with all that it told. */
export interface Simulating {
  readonly simulation: Simulation;
  readonly store: Store;
  readonly job: Job;
  readonly told: {
    readonly exchanges: Exchange[];
    readonly traces: Trace[];
    readonly observations: Observation[];
    readonly cycles: CycleSummary[];
    quarantine?: Quarantine | undefined;
  };
  readonly endpoint: ScimEndpoint;
  readonly close: () => Promise<void>;
}

/** What Entra does where nothing else is said; what is written is read back. */
export const BEHAVIOUR: Behaviour = {
  dialect: "legacy",
  scope: "assigned",
  membersPerRequest: 1,
  skipsOutOfScopeDeletions: false,
  lanes: 1,
  verifies: true,
  quarantine: QUARANTINE_LIMITS,
};

/** Opens a simulation in memory before an endpoint. Waits are not waited for. */
export function openSimulating(
  { base, token }: Client,
  {
    job = compileJob(DEFAULT_JOB_SCHEMA),
    keeps = true,
    store = openStore(undefined),
    signal = new AbortController().signal,
    ...behaviour
  }: Partial<Behaviour> & { job?: Job; keeps?: boolean; store?: Store; signal?: AbortSignal } = {},
): Simulating {
  const endpoint = openEndpoint({ url: base, token, timeout: 20 }, {});
  const told: Simulating["told"] = { exchanges: [], traces: [], observations: [], cycles: [] };
  const simulation = openSimulation({
    store,
    job,
    behaviour: { ...BEHAVIOUR, ...behaviour },
    send: async ({ method, path, body }) => {
      const answer = await endpoint.send(method, path, body);
      return isFailure(answer) ? answer : { ...answer, text: answer.text.slice(0, 65_536) };
    },
    wait: async () => {},
    signal,
    seed: 7,
    defaultDomain: "contoso.example",
    listeners: {
      exchange: (each) => keeps && told.exchanges.push(each),
      trace: (each) => (keeps || each.status === "failure") && told.traces.push(each),
      observation: (each) => told.observations.push(each),
      cycle: (each) => told.cycles.push(each),
      quarantine: (each) => {
        told.quarantine = each;
      },
    },
  });
  const close = async () => {
    await endpoint.close();
    store.close();
  };
  return { simulation, store, job, told, endpoint, close };
}

/** Entra's job for a new application, with those attributes alone that an endpoint's schemas publish. */
export const publishedJob = async (endpoint: ScimEndpoint): Promise<Job> => compileJob(await publishedSchema(endpoint));

/** Its schema. */
export async function publishedSchema(endpoint: ScimEndpoint): Promise<EditableSchema> {
  const answer = await endpoint.send("GET", "/Schemas");
  if (isFailure(answer)) throw new Error(answer.failure);
  // A common attribute is in no schema, RFC 7643 §3.1.
  const names = new Set(["externalid"]);
  // biome-ignore lint/suspicious/noExplicitAny: the endpoint's own schemas
  for (const { id, attributes = [] } of answer.json.Resources as any[])
    for (const { name, subAttributes = [] } of attributes) {
      const whole = `${id.includes(":core:") ? "" : `${id}:`}${name}`;
      // biome-ignore lint/suspicious/noExplicitAny: likewise
      const types: string[] = subAttributes.find((sub: any) => sub.name === "type")?.canonicalValues ?? [];
      const selected = types.map((type) => `${whole}[type eq "${type}"]`);
      for (const each of [whole, ...selected])
        for (const sub of ["", ...subAttributes.map(({ name: of }: { readonly name: string }) => `.${of}`)])
          names.add(`${each}${sub}`.toLowerCase());
    }
  const isPublished = ({ targetAttributeName: name }: { readonly targetAttributeName: string }) =>
    names.has(name.toLowerCase());
  const schema = structuredClone(DEFAULT_JOB_SCHEMA) as unknown as EditableSchema;
  for (const { objectMappings } of schema.synchronizationRules)
    for (const mapping of objectMappings) mapping.attributeMappings = mapping.attributeMappings.filter(isPublished);
  return schema;
}

/** A job's schema, as tests change it. */
export interface EditableSchema {
  readonly synchronizationRules: readonly {
    readonly objectMappings: readonly { attributeMappings: { readonly targetAttributeName: string }[] }[];
  }[];
}
