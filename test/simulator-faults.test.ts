import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Edit } from "../src/entra/directory.ts";
import type { Behaviour } from "../src/entra/engine.ts";
import type { Job } from "../src/entra/job.ts";
import type { Observation } from "../src/entra/report-data.ts";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openSimulating, publishedJob, type Simulating } from "./servers/simulating.ts";
import { type Fault, type Spoiling, startSpoiling } from "./servers/spoiling.ts";

/** A server that does one thing wrong, and what the simulator says of it. */
interface Case {
  readonly what: string;
  readonly fault: Fault;
  /** Observations by kind and attribute; failures by their code. */
  readonly observed?: readonly (readonly [Observation["kind"], attribute?: string])[];
  readonly failed?: readonly string[];
  readonly quarantined?: string;
  /** What happens in the second cycle, after everybody's title has changed. */
  readonly later?: Pick<Case, "observed" | "failed">;
}

const scimError = (status: number, detail: string) => ({
  status,
  body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), detail },
});

const CASES: readonly Case[] = [
  { what: "nothing", fault: () => undefined },
  {
    what: "404 for a search that finds nothing",
    fault: async ({ path }, answer) =>
      path.includes("filter=") && (await answer()).body.totalResults === 0 ? scimError(404, "not found") : undefined,
    quarantined: "EncounteredQuarantineException",
  },
  {
    what: "HTML for everything",
    fault: () => ({ status: 200, body: "<html>Sign in</html>", headers: { "content-type": "text/html" } }),
    quarantined: "EncounteredQuarantineException",
  },
  {
    what: "401",
    fault: () => scimError(401, "who are you"),
    quarantined: "EncounteredQuarantineException",
  },
  {
    what: "creation as a conflict, although the look-up finds nothing",
    fault: ({ method, path }) => (method === "POST" && path === "/Users" ? scimError(409, "taken") : undefined),
    observed: [["conflict without match"], ["conflict without match"]],
    failed: ["EntryConflict", "EntryConflict", "UnableToResolveReferenceAttributeValue"],
  },
  {
    what: "500 for creations",
    fault: ({ method, path }) => (method === "POST" && path === "/Users" ? { status: 500, body: "oops" } : undefined),
    failed: ["InternalServerError", "InternalServerError", "UnableToResolveReferenceAttributeValue"],
  },
  {
    what: "a creation without an id",
    fault: async ({ method, path }, answer) =>
      method === "POST" && path === "/Users" ? { ...(await answer()), body: { userName: "x" } } : undefined,
    failed: [
      "SystemForCrossDomainIdentityManagementServiceIncompatible",
      "SystemForCrossDomainIdentityManagementServiceIncompatible",
      "UnableToResolveReferenceAttributeValue",
    ],
  },
  {
    what: "a resource without its titles",
    fault: async ({ path, method }, answer) => {
      if (!path.startsWith("/Users") || method !== "GET") return undefined;
      const given = await answer();
      for (const each of given.body.Resources ?? [given.body]) delete each.title;
      return given;
    },
    observed: [
      ["sent but not returned", "title"],
      ["sent but not returned", "title"],
    ],
    later: {
      observed: [
        ["sent but not returned", "title"],
        ["sent but not returned", "title"],
      ],
    },
  },
  {
    what: "phone numbers in a form of its own",
    fault: async ({ path, method }, answer) => {
      if (!path.startsWith("/Users") || method !== "GET") return undefined;
      const given = await answer();
      for (const each of given.body.Resources ?? [given.body])
        for (const phone of each.phoneNumbers ?? []) phone.value = phone.value.replaceAll(" ", "");
      return given;
    },
    observed: [
      ["returned otherwise", 'phoneNumbers[type eq "work"].value'],
      ["returned otherwise", 'phoneNumbers[type eq "work"].value'],
    ],
    later: {
      observed: [
        ["endless update", 'phoneNumbers[type eq "work"].value'],
        ["endless update", 'phoneNumbers[type eq "work"].value'],
        ["returned otherwise", 'phoneNumbers[type eq "work"].value'],
        ["returned otherwise", 'phoneNumbers[type eq "work"].value'],
      ],
    },
  },
  {
    what: "members beyond the first left out",
    fault: async ({ path, method }, answer) => {
      if (!path.startsWith("/Groups/") || method !== "GET") return undefined;
      const given = await answer();
      given.body.members = given.body.members?.slice(0, 1);
      return given;
    },
    observed: [["members differ", "members"]],
  },
  {
    what: "a user whose id is another one when it is read",
    fault: async ({ path, method }, answer) => {
      if (!/^\/Users\/[^?]/.test(path) || method !== "GET") return undefined;
      const given = await answer();
      given.body.id = `x${given.body.id}`;
      return given;
    },
    observed: [["id changed"], ["id changed"]],
    later: { observed: [["id changed"], ["id changed"], ["id changed"], ["id changed"]] },
  },
  {
    what: "a search that finds two",
    fault: async ({ path }, answer) => {
      if (!path.includes("userName eq") || (await answer()).body.totalResults === 0) return undefined;
      const given = await answer();
      return {
        ...given,
        body: { ...given.body, totalResults: 2, Resources: [given.body.Resources[0], { id: "other" }] },
      };
    },
  },
];

describe("the Entra simulator before a server that does something wrong", () => {
  let gateway: TestGateway;
  let server: Spoiling;
  let job: Job;
  let entra: Simulating;
  beforeAll(async () => {
    gateway = await startGateway(legacyHr());
    server = await startSpoiling(gateway);
    const opened = openSimulating(gateway);
    job = await publishedJob(opened.endpoint);
    await opened.close();
  });
  afterAll(async () => {
    await server.stop();
    await gateway.stop();
  });
  let turn = 0;
  const open = (behaviour: Partial<Behaviour> = {}) => {
    entra = openSimulating(server, { job, ...behaviour });
  };
  beforeEach(() => {
    turn++;
    open();
  });
  afterEach(async () => {
    server.spoil();
    await entra.close();
  });
  const id = (n: number) => `${String(turn).padStart(8, "0")}-0000-4000-8000-${String(n).padStart(12, "0")}`;
  const person = (n: number, name: string, jobTitle: string): Edit => ({
    type: "User",
    objectId: id(n),
    attributes: {
      userPrincipalName: `${name}${turn}@contoso.example`,
      displayName: name,
      mailNickname: `${name}${turn}`,
      jobTitle,
      telephoneNumber: "+47 22 33 44",
    },
  });
  const company = (): Edit[] => [
    person(1, "ann", "Clerk"),
    person(2, "bob", "Clerk"),
    { type: "Group", objectId: id(3), attributes: { displayName: `team${turn}` }, members: { add: [id(1), id(2)] } },
  ];
  const cycle = async (kind: "initial" | "incremental" | "restart in full") => {
    for (const list of [entra.told.observations, entra.told.traces]) list.length = 0;
    await entra.simulation.cycle(kind);
    return {
      observed: entra.told.observations
        .map(({ kind: what, attribute }) => (attribute ? [what, attribute] : [what]))
        .sort(),
      failed: entra.told.traces.flatMap(({ error }) => (error ? [error.code] : [])).sort(),
    };
  };

  test.each(CASES)("$what", async ({ fault, observed = [], failed = [], quarantined, later }) => {
    server.spoil(fault);
    entra.simulation.apply(company());
    expect(await cycle("initial")).toEqual({ observed: [...observed].sort(), failed: [...failed].sort() });
    expect(entra.told.quarantine?.reason).toBe(quarantined);
    if (!later) return;
    entra.simulation.apply([person(1, "ann", "Boss"), person(2, "bob", "Boss")]);
    expect(await cycle("incremental")).toEqual({
      observed: [...(later.observed ?? [])].sort(),
      failed: later.failed ?? [],
    });
  });
});
