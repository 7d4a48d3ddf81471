import fc from "fast-check";
import { expect } from "vitest";
import { isFailure, type ScimEndpoint } from "../../src/cli/scim-endpoint.ts";
import type { Dialect } from "../../src/entra/dialects.ts";
import type { Client } from "../clients/replay.ts";
import { openSimulating, publishedJob } from "../servers/simulating.ts";
import { type Attribute, Conflict, createModel, type Directory, drawTurns, type Turn } from "./tenant.ts";

const ATTRIBUTES: readonly Attribute[] = [
  { source: "userPrincipalName", target: "userName" },
  { source: "displayName", target: "displayName" },
  { source: "jobTitle", target: "title" },
  { source: "mailNickname", target: "externalId", isCaseExact: true },
  { source: "department", target: "department" },
];

/** Stands for what names of one life begin with: another mark each time, so that all live in one directory. */
const MARK = "@mark@";

/**
 * Draws lives of tenants, and has the simulator bring them to an endpoint in both dialects: after each cycle the directory is as the model
 * says, nothing failed, nothing was sent that did not come back, and the same again asks for nothing.
 */
export async function simulatorLaw(client: Client, runs: number, seed: number): Promise<void> {
  const opened = openSimulating(client);
  const job = await publishedJob(opened.endpoint);
  await opened.close();
  let life = 0;
  await fc.assert(
    fc.asyncProperty(drawTurns(MARK), fc.constantFrom<Dialect>("legacy", "compliant"), async (drawn, dialect) => {
      const mark = `t${seed.toString(36)}${(life++).toString(36)}z`;
      const turns: readonly Turn[] = JSON.parse(JSON.stringify(drawn).replaceAll(MARK, mark));
      const expected = modelled(turns);
      fc.pre(expected !== undefined);
      const entra = openSimulating(client, { job, dialect, membersPerRequest: dialect === "legacy" ? 1 : 100 });
      try {
        for (const [place, { edits, cycle }] of turns.entries()) {
          entra.simulation.apply(edits);
          await entra.simulation.cycle(cycle);
          const failures = entra.told.traces.flatMap(({ error, displayName }) =>
            error ? [{ displayName, ...error }] : [],
          );
          expect({ failures, observations: entra.told.observations }).toEqual({ failures: [], observations: [] });
          expect(await directoryOf(entra.endpoint, mark)).toEqual(expected![place]);
        }
        // A restart sends what was left out until the other side was there; another one has nothing to send.
        await entra.simulation.cycle("restart");
        const before = entra.told.exchanges.length;
        await entra.simulation.cycle("restart");
        const asked = entra.told.exchanges.slice(before).filter(({ method }) => method !== "GET");
        expect(asked).toEqual([]);
      } finally {
        await entra.close();
      }
    }),
    { numRuns: runs, seed },
  );
}

/** The directory after each turn; undefined where two names meet. */
function modelled(turns: readonly Turn[]): readonly Directory[] | undefined {
  const model = createModel(ATTRIBUTES);
  try {
    return turns.map(({ edits, cycle }) => {
      for (const edit of edits) model.apply(edit);
      model.cycle(cycle);
      return model.directory();
    });
  } catch (error) {
    if (error instanceof Conflict) return undefined;
    throw error;
  }
}

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** What the endpoint holds: of names that begin with a mark, or all. */
export async function directoryOf(endpoint: ScimEndpoint, mark?: string): Promise<Directory> {
  const those = (attribute: string) => (mark === undefined ? "" : `filter=${attribute} sw "${mark}"&`);
  const users = await all(endpoint, `/Users?${those("userName")}`);
  const groups = await all(endpoint, `/Groups?${those("displayName")}`);
  const names = new Map(users.map(({ id, userName }) => [id, userName]));
  const plain = ({ userName, displayName, title, externalId, active, [ENTERPRISE]: more }: Json) =>
    Object.fromEntries(
      Object.entries({
        userName,
        displayName,
        title,
        externalId,
        department: more?.department,
        active,
        manager: names.get(more?.manager?.value),
      }).filter(([, value]) => value !== undefined),
    );
  return {
    users: Object.fromEntries(users.map((user) => [user.userName, plain(user)])),
    groups: Object.fromEntries(
      groups.map(({ displayName, members = [] }) => [
        displayName,
        members.map(({ value }: Json) => names.get(value)).sort(),
      ]),
    ),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the endpoint's resources
type Json = any;

/** All resources of a list, by cursor. The path ends with `?` or `&`. */
export async function all(endpoint: ScimEndpoint, path: string): Promise<Json[]> {
  const found: Json[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const answer = await endpoint.send("GET", `${path}count=1000&cursor=${cursor}`);
    if (isFailure(answer) || answer.status !== 200) throw new Error(JSON.stringify(answer));
    found.push(...(answer.json.Resources ?? []));
    cursor = answer.json.nextCursor;
  }
  return found;
}
