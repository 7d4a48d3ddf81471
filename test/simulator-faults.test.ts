import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_JOB_SCHEMA } from "../src/entra/default-job.ts";
import type { Edit } from "../src/entra/directory.ts";
import type { Behaviour } from "../src/entra/engine.ts";
import { compileJob, type Job } from "../src/entra/job.ts";
import type { Observation } from "../src/entra/report-data.ts";
import type { CycleKind } from "../src/entra/simulation.ts";
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
  /** What is changed before the second cycle: everybody's title, where nothing else is said. And its kind. */
  readonly edits?: (id: (n: number) => string) => readonly Edit[];
  readonly cycle?: CycleKind;
  /** What happens in the second cycle. */
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
    what: "every search with everybody, the probe too",
    fault: async ({ method, path }, answer) =>
      method === "GET" && path.startsWith("/Users?")
        ? {
            ...(await answer()),
            body: { schemas: [], totalResults: 1, Resources: [{ id: "stranger", userName: "x" }] },
          }
        : undefined,
    quarantined: "EncounteredQuarantineException",
  },
  {
    what: "every creation of a user with the same id",
    fault: ({ method, path }) =>
      method === "POST" && path === "/Users" ? { status: 201, body: { id: "one", userName: "x" } } : undefined,
    observed: [["id lost"], ["members differ", "members"]],
    failed: ["DuplicateSourceEntries", "UnableToResolveReferenceAttributeValue"],
  },
  {
    what: "a removal of members as done, and nothing is done",
    fault: ({ method, body }) =>
      method === "PATCH" && body.Operations[0].op === "Remove" ? { status: 204, body: undefined } : undefined,
    edits: (id) => [{ type: "Group", objectId: id(3), members: { remove: [id(2)] } }],
    later: { observed: [["members differ", "members"]] },
  },
  {
    what: "a change of active as done, and nothing is done",
    fault: ({ method, body }) =>
      method === "PATCH" && body.Operations[0].path === "active" ? { status: 204, body: undefined } : undefined,
    edits: (id) => [{ type: "User", objectId: id(1), attributes: { accountEnabled: false } }],
    later: { observed: [["active ignored", "active"]] },
  },
  {
    what: "a deletion as done, and nothing is done",
    fault: ({ method }) => (method === "DELETE" ? { status: 204, body: undefined } : undefined),
    edits: (id) => [{ type: "User", objectId: id(1), purged: true }],
    later: { observed: [["not deleted"]] },
  },
  {
    what: "a look-up that finds two",
    fault: async ({ path }, answer) => {
      if (!path.includes("userName eq") || (await answer()).body.totalResults === 0) return undefined;
      const given = await answer();
      return {
        ...given,
        body: { ...given.body, totalResults: 2, Resources: [given.body.Resources[0], { id: "other" }] },
      };
    },
    cycle: "restart in full",
    edits: () => [],
    later: {
      observed: [
        ["duplicates", "userName"],
        ["duplicates", "userName"],
      ],
      failed: ["DuplicateTargetEntries", "DuplicateTargetEntries", "UnableToResolveReferenceAttributeValue"],
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
  const cycle = async (kind: CycleKind) => {
    for (const list of [entra.told.observations, entra.told.traces]) list.length = 0;
    await entra.simulation.cycle(kind);
    return {
      observed: entra.told.observations
        .map(({ kind: what, attribute }) => (attribute ? [what, attribute] : [what]))
        .sort(),
      failed: entra.told.traces.flatMap(({ error }) => (error ? [error.code] : [])).sort(),
    };
  };

  test.each(CASES)(
    "$what",
    async ({ fault, observed = [], failed = [], quarantined, edits, cycle: kind = "incremental", later }) => {
      server.spoil(fault);
      entra.simulation.apply(company());
      expect(await cycle("initial")).toEqual({ observed: [...observed].sort(), failed: [...failed].sort() });
      expect(entra.told.quarantine?.reason).toBe(quarantined);
      if (!later) return;
      entra.simulation.apply(edits?.(id) ?? [person(1, "ann", "Boss"), person(2, "bob", "Boss")]);
      expect(await cycle(kind)).toEqual({
        observed: [...(later.observed ?? [])].sort(),
        failed: later.failed ?? [],
      });
    },
  );

  const writes = () => entra.told.exchanges.filter(({ method }) => method !== "GET");
  const isMember = async (n: number) => {
    const answer = await fetch(`${gateway.base}/Groups?filter=displayName eq "team${turn}"`, {
      headers: { authorization: `Bearer ${gateway.token}` },
    });
    const { Resources } = (await answer.json()) as { Resources: { members?: { value: string }[] }[] };
    const link = entra.store.link("User", id(n));
    return Resources[0]?.members?.some(({ value }) => value === link?.targetId) ?? false;
  };

  test("what could not be created gets its manager and its members once it is", async () => {
    const [ann, bob, team] = company() as [Edit, Edit, Edit];
    entra.simulation.apply([{ ...ann, attributes: { ...ann.attributes, manager: id(2) } }, bob, team]);
    server.spoil(({ method }) => (method === "POST" ? scimError(500, "later") : undefined));
    await cycle("initial");
    server.spoil();
    expect((await cycle("incremental")).failed).toEqual([]);
    expect([await isMember(1), await isMember(2)]).toEqual([true, true]);
    const managers = entra.told.traces.filter(({ modified }) => modified.some(({ name }) => /manager$/.test(name)));
    expect(managers).toHaveLength(1);
    expect(entra.store.countEscrows()).toEqual({ export: 0, reference: 0 });
  });

  test("a member that is refused does not keep the others out", async () => {
    entra.simulation.apply(company());
    server.spoil(({ method, body }) => {
      if (method !== "PATCH" || body.Operations[0].path !== "members") return undefined;
      return body.Operations[0].value[0].value === entra.store.link("User", id(1))?.targetId
        ? scimError(400, "not this one")
        : undefined;
    });
    expect((await cycle("initial")).failed).toEqual(["SystemForCrossDomainIdentityManagementServiceIncompatible"]);
    expect([await isMember(1), await isMember(2)]).toEqual([false, true]);
    server.spoil();
    expect((await cycle("incremental")).failed).toEqual([]);
    expect(await isMember(1)).toBe(true);
  });

  test("a restart whose probe fails is still owed: the next cycle looks at everything, and no account is forgotten", async () => {
    entra.simulation.apply(company());
    await cycle("initial");
    server.spoil(() => scimError(500, "away"));
    await cycle("restart in full");
    server.spoil();
    entra.told.exchanges.length = 0;
    await cycle("incremental");
    expect(entra.told.exchanges.filter(({ purpose }) => purpose === "match")).toHaveLength(3);
    expect(writes().filter(({ method }) => method === "POST")).toEqual([]);
    expect(entra.store.countLinks()).toBe(3);
  });

  test("a cycle that is interrupted goes on where it was: nobody is made twice, no member is forgotten", async () => {
    await entra.close();
    const stop = new AbortController();
    entra = openSimulating(server, { job, signal: stop.signal });
    entra.simulation.apply(company());
    server.spoil(async ({ method, path }, answer) => {
      if (method === "POST" && path === "/Groups") stop.abort();
      return answer();
    });
    await expect(entra.simulation.cycle("initial")).rejects.toThrow("interrupted");
    server.spoil();
    const { store } = entra;
    const again = openSimulating(server, { job, store });
    entra.told.exchanges.length = 0;
    await again.simulation.cycle("initial");
    expect(again.told.exchanges.filter(({ method }) => method === "POST")).toEqual([]);
    entra = again;
    expect([await isMember(1), await isMember(2)]).toEqual([true, true]);
  });

  test("purges of disabled accounts count against the deletion threshold, and what would not be sent does not", async () => {
    await entra.close();
    open({ deletionThreshold: 1 });
    entra.simulation.apply(company());
    await cycle("initial");
    for (const n of [1, 2]) {
      entra.simulation.apply([{ type: "User", objectId: id(n), attributes: { accountEnabled: false } }]);
      await cycle("incremental");
    }
    entra.simulation.apply([1, 2].map((n): Edit => ({ type: "User", objectId: id(n), purged: true })));
    await cycle("incremental");
    expect(entra.told.quarantine?.reason).toBe("TooManyDeletes");
    expect(entra.told.cycles.at(-1)?.state).toBe("EntryLevelErrors");
    expect(writes().filter(({ method }) => method === "DELETE")).toEqual([]);
  });

  test("out of scope is left as it is where the job says so, and does not count", async () => {
    await entra.close();
    open({ deletionThreshold: 1, skipsOutOfScopeDeletions: true });
    entra.simulation.apply(company());
    await cycle("initial");
    entra.told.exchanges.length = 0;
    entra.simulation.apply([1, 2].map((n): Edit => ({ type: "User", objectId: id(n), assigned: false })));
    await cycle("incremental");
    expect([writes(), entra.told.quarantine]).toEqual([[], undefined]);
  });

  test("two people with one user name: the second fails, however many are worked on at a time", async () => {
    for (const lanes of [1, 4]) {
      await entra.close();
      open({ lanes });
      turn++;
      const twin: Edit = { ...person(2, "bob", "Clerk") };
      const name = { userPrincipalName: `ann${turn}@contoso.example` };
      entra.simulation.apply([person(1, "ann", "Clerk"), { ...twin, attributes: { ...twin.attributes, ...name } }]);
      expect(await cycle("initial")).toEqual({ observed: [], failed: ["DuplicateSourceEntries"] });
    }
  });

  test("redacted values and passwords are in no exchange, whatever the server repeats of them", async () => {
    await entra.close();
    const schema = structuredClone(DEFAULT_JOB_SCHEMA) as unknown as Schema;
    schema.synchronizationRules[0]!.objectMappings[0]!.attributeMappings = [
      { targetAttributeName: "userName", matchingPriority: 1, source: { expression: "[userPrincipalName]" } },
      { targetAttributeName: "title", source: { expression: "Redact([jobTitle])" } },
      { targetAttributeName: "password", source: { expression: "[extensionAttribute1]" } },
    ];
    entra = openSimulating(server, { job: compileJob(schema) });
    server.spoil(({ method, body }) => (method === "POST" ? scimError(400, `no: ${JSON.stringify(body)}`) : undefined));
    const secret = 'Top "secret" 1';
    const ann = person(1, "ann", "Hidden title");
    entra.simulation.apply([{ ...ann, attributes: { ...ann.attributes, extensionAttribute1: secret } }]);
    await cycle("initial");
    const told = JSON.stringify([entra.told.exchanges, entra.told.traces, entra.told.observations]);
    expect(told).toContain("[Redact]");
    expect(told).not.toMatch(/Hidden title|Top /);
  });
});

interface Schema {
  readonly synchronizationRules: readonly {
    readonly objectMappings: readonly { attributeMappings: readonly object[] }[];
  }[];
}
