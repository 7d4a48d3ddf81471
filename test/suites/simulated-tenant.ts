import { expect } from "vitest";
import type { ScimEndpoint } from "../../src/cli/scim-endpoint.ts";
import type { Dialect } from "../../src/entra/dialects.ts";
import type { Edit, SourceValue } from "../../src/entra/directory.ts";
import { drawEdits, drawPopulation } from "../../src/entra/population/index.ts";
import type { CycleKind } from "../../src/entra/simulation.ts";
import type { Client } from "../clients/replay.ts";
import { openSimulating, publishedJob } from "../servers/simulating.ts";
import { all, directoryOf } from "./simulator.ts";
import { type Attribute, createModel } from "./tenant.ts";

/** What a tenant's life is made of. */
export interface Life {
  readonly people: number;
  readonly groups: number;
  readonly cycles: number;
  readonly seed: number;
  readonly dialect: Dialect;
  /** An attribute of the source, cut to what the backend can hold: what it refuses is told to Entra, and tried elsewhere. */
  readonly within?: (name: string, value: SourceValue) => SourceValue;
}

/** Attributes that the default job has and the model follows, by their names in the source and in `directoryOf`. */
const ATTRIBUTES: readonly Attribute[] = [
  { source: "userPrincipalName", target: "userName" },
  { source: "displayName", target: "displayName" },
  { source: "jobTitle", target: "title" },
  { source: "mailNickname", target: "externalId", isCaseExact: true },
  { source: "department", target: "department" },
];

/**
 * An initial cycle of a drawn tenant, cycles of drawn edits, and a restart in full: after each the directory is as the model says, nothing
 * failed, nothing was sent twice, and no quarantine would have been.
 */
export async function simulatedLife(
  client: Client,
  { people, groups, cycles, seed, dialect, within = (_, value) => value }: Life,
): Promise<Counted> {
  const opened = openSimulating(client);
  const job = await publishedJob(opened.endpoint);
  await empty(opened.endpoint);
  await opened.close();
  const entra = openSimulating(client, { job, dialect, keeps: false, membersPerRequest: 50, lanes: 4 });
  const model = createModel(ATTRIBUTES);
  const names = uniqueNames();
  const counted: Counted = { requests: 0, edits: 0, counts: {} };
  const turn = async (edits: Iterable<Edit>, kind: CycleKind) => {
    const taken = [...edits].map((edit) => fitted(edit, within)).filter((edit) => names.takes(edit));
    counted.edits += taken.length;
    entra.simulation.apply(taken);
    for (const edit of taken) model.apply(edit);
    const summary = await entra.simulation.cycle(kind);
    model.cycle(kind);
    counted.requests += summary.requests;
    for (const [what, count] of Object.entries(summary.counts))
      counted.counts[what] = (counted.counts[what] ?? 0) + count;
    const failures = entra.told.traces.map(({ displayName, error }) => ({ displayName, ...error }));
    expect({ cycle: summary.cycle, failures, observations: entra.told.observations }).toEqual({
      cycle: summary.cycle,
      failures: [],
      observations: [],
    });
    expect(entra.told.quarantine).toBeUndefined();
    expect(await directoryOf(entra.endpoint)).toEqual(model.directory());
    return summary;
  };
  try {
    await turn(drawPopulation({ people, groups, seed }), "initial");
    for (let cycle = 1; cycle <= cycles; cycle++)
      await turn(drawEdits(entra.store, { share: 0.03, seed, cycle }), "incremental");
    const full = await turn([], "restart in full");
    expect(full.counts["create success"]).toBeUndefined();
    expect((await turn([], "restart")).counts).toEqual({ "other skipped": expect.any(Number) });
    return counted;
  } finally {
    await entra.close();
  }
}

function fitted(edit: Edit, within: NonNullable<Life["within"]>): Edit {
  if (!edit.attributes) return edit;
  const attributes = Object.entries(edit.attributes).map(([name, value]) => [name, within(name, value)]);
  return { ...edit, attributes: Object.fromEntries(attributes) };
}

/** Deletes what was there before. */
async function empty(endpoint: ScimEndpoint): Promise<void> {
  for (const path of ["/Groups", "/Users"])
    for (const { id } of await all(endpoint, `${path}?`)) await endpoint.send("DELETE", `${path}/${id}`);
}

/** What a life came to. */
export interface Counted {
  requests: number;
  edits: number;
  readonly counts: Record<string, number>;
}

/**
 * Lets no edit pass that gives somebody the name of somebody else: what Entra does then is a failure, and tried in tests of its own. Who is
 * purged keeps their name: an account that was left may have it.
 */
function uniqueNames() {
  const owners = new Map<string, string>();
  return {
    takes: ({ type, objectId, attributes }: Edit): boolean => {
      const name = attributes?.[type === "User" ? "userPrincipalName" : "displayName"];
      if (typeof name !== "string") return true;
      const key = `${type} ${name
        .trim()
        .normalize("NFKD")
        .replace(/[^\p{L}\p{N}]/gu, "")
        .toLowerCase()}`;
      const owner = owners.get(key);
      if (owner !== undefined && owner !== objectId) return false;
      owners.set(key, objectId);
      return true;
    },
  };
}
