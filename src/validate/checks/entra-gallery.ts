import { ENTERPRISE_USER } from "../../scim/schema.ts";
import { checksOf, type NotAsked } from "../check.ts";
import { publishedType, resourcesIn } from "../discovery.ts";
import { must, mustAnswer, mustBe, mustFindNothing, mustFindOne, mustList } from "../expect.ts";
import { Skip } from "../outcome.ts";
import type { TypeName } from "../plan.ts";
import { randomEmail, randomLetters } from "../random.ts";
import { needed } from "../session.ts";
import { groupOf, mustHaveMembers } from "./entra-groups.ts";
import { managerOf, mustHaveManager, threeOf } from "./entra-users.ts";
import { changed, planOf, SUITE, written } from "./gallery-values.ts";
import { checkValues } from "./values.ts";

const MANAGER = `${ENTERPRISE_USER}:manager`;

/** The tests of Microsoft's validation for the application gallery, by their numbers: what of them an endpoint can be asked. */
export const entraGalleryChecks = checksOf("entra-gallery", [
  {
    id: "gallery-1",
    area: "POST /Users",
    title: "A user that is created is found by its userName",
    rule: { says: "After the creation the user is found by a filter.", source: SUITE },
    fix: "Make new users visible to filters at once.",
    run: async (session) => {
      const { id, userName } = await session.user();
      mustFindOne(await session.filtered("User", `userName eq ${JSON.stringify(userName)}`), id);
    },
  },
  {
    id: "gallery-2",
    area: "PATCH /Users",
    title: "A change is visible at once",
    rule: { says: "Changed attributes are visible on the endpoint.", source: SUITE },
    fix: "Support Replace with a path; answer reads from the same store that is written to.",
    run: async (session) => {
      const [path] = threeOf(session);
      const { id } = await session.user();
      const value = randomLetters();
      checkValues(await session.patch("User", id, { op: "Replace", path, value }), { [path]: value });
    },
  },
  {
    id: "gallery-3",
    area: "PATCH /Users",
    title: "A user is disabled",
    rule: { says: 'Replace of active with "False" disables the user.', source: SUITE },
    fix: "Support disabling users: it is mandatory for the gallery.",
    run: async (session) => {
      const { id } = await session.user();
      mustBe(
        (await session.patch("User", id, { op: "Replace", path: "active", value: "False" })).active,
        false,
        "active",
      );
    },
  },
  gone("gallery-4", "User"),
  {
    id: "gallery-5",
    area: "PATCH /Users",
    title: "A manager is set, changed and cleared",
    rule: { says: "The manager can be set, changed and cleared.", source: SUITE },
    fix: `Support Add, Replace and Remove of ${MANAGER}.`,
    run: async (session) => {
      mustHaveManager(session);
      const [one, two, { id }] = [await session.user(), await session.user(), await session.user()];
      const set = async (operation: { op: string; value?: unknown }) =>
        managerOf(await session.patch("User", id, { path: MANAGER, ...operation }));
      mustBe(await set({ op: "Add", value: one.id }), one.id, "manager");
      mustBe(await set({ op: "Replace", value: two.id }), two.id, "manager");
      mustBe(await set({ op: "Remove" }), undefined, "manager");
    },
  },
  {
    id: "gallery-6",
    area: "PATCH /Users",
    title: "A user that was disabled comes back",
    rule: { says: "A user that is unassigned and assigned again is active again, with the same id.", source: SUITE },
    fix: "Let active become true again.",
    run: async (session) => {
      const { id } = await session.user();
      await needed(session.patch("User", id, { op: "Replace", path: "active", value: "False" }));
      mustBe(
        (await session.patch("User", id, { op: "Replace", path: "active", value: "True" })).active,
        true,
        "active",
      );
    },
  },
  {
    id: "gallery-8",
    area: "POST /Groups",
    title: "A group that is created is found by its displayName",
    rule: {
      says: "After the creation the group is found by a filter. Groups are mandatory for the gallery.",
      source: SUITE,
    },
    fix: "Support groups, and filters on their displayName.",
    run: async (session) => {
      const { id, displayName } = await session.group();
      mustFindOne(await session.filtered("Group", `displayName eq ${JSON.stringify(displayName)}`), id);
    },
  },
  {
    id: "gallery-9",
    area: "PATCH /Groups",
    title: "A group is renamed",
    rule: { says: "The new displayName is visible on the endpoint.", source: SUITE },
    fix: "Support Replace of a group's displayName.",
    run: async (session) => {
      const { id } = await session.group();
      const displayName = `postern-${randomLetters()}`;
      const group = await session.patch("Group", id, { op: "Replace", path: "displayName", value: displayName });
      mustBe(group.displayName, displayName, "displayName");
    },
  },
  gone("gallery-10", "Group"),
  {
    id: "gallery-11",
    area: "PATCH /Groups",
    title: "A member is added",
    rule: { says: "Add of members with a list adds them.", source: SUITE },
    fix: "Support Add with path members.",
    run: async (session) => {
      const [user, { id }] = [await session.user(), await session.group()];
      const value = [{ $ref: null, value: user.id }];
      mustHaveMembers(await session.patch("Group", id, { op: "Add", path: "members", value }), [user.id]);
    },
  },
  {
    id: "gallery-12",
    area: "PATCH /Groups",
    title: "A member is removed",
    rule: { says: "Remove of members with a list removes these.", source: SUITE },
    fix: "Support Remove with path members and a list of values.",
    run: async (session) => {
      const [user, other] = [await session.user(), await session.user()];
      const { id } = await groupOf(session, user.id, other.id);
      const value = [{ $ref: null, value: user.id }];
      mustHaveMembers(await session.patch("Group", id, { op: "Remove", path: "members", value }), [other.id]);
    },
  },
  {
    id: "gallery-15",
    area: "Discovery",
    title: "What is written can be learnt from /Schemas",
    rule: {
      says: "/Schemas is a ListResponse of the schemas of users and groups, without nulls; /ResourceTypes and /ServiceProviderConfig are there.",
      source: SUITE,
    },
    fix: "Publish every attribute that you take, with canonicalValues for type, and no property that is null.",
    run: async ({ discovery }) => {
      const schemas = mustList(discovery.schemas);
      mustAnswer(discovery.types, 200);
      mustAnswer(discovery.config, 200);
      for (const type of ["User", "Group"] as const)
        must(
          publishedType(discovery, type) !== undefined,
          `/Schemas has no schema of ${type} among its ${schemas.length}.`,
        );
      must(!/:\s*null\b/.test(discovery.schemas.text), "/Schemas has properties that are null.");
      const names = resourcesIn(discovery.schemas)
        .flatMap((schema) => (Array.isArray(schema.attributes) ? schema.attributes : []))
        .map((each) => each?.name);
      for (const name of ["userName", "active", "displayName", "members"])
        must(names.includes(name), `/Schemas does not publish ${name}.`);
    },
  },
  {
    id: "gallery-16",
    area: "PATCH /Users",
    title: "An empty text and null clear what they are sent for",
    rule: { says: 'Replace with "", and with null, leaves the attribute absent or null.', source: SUITE },
    fix: "Take an empty text and null for the removal of an optional attribute.",
    run: async (session) => {
      const [path] = threeOf(session);
      for (const value of ["", null]) {
        const { id } = await session.user({ [path]: randomLetters() });
        checkValues(await session.patch("User", id, { op: "Replace", path, value }), { [path]: undefined });
      }
    },
  },
  ...(["User", "Group"] as const).flatMap((type, index) => [
    written(17 + index * 2, type),
    changed(18 + index * 2, type),
  ]),
  {
    id: "gallery-21",
    area: "Authentication",
    title: "Access tokens of client credentials live one to six hours",
    rule: { says: "The token endpoint gives a token that lives 60 to 360 minutes, and is usable.", source: SUITE },
    fix: "Set expires_in between 3600 and 21600.",
    run: async ({ target, users, ask }) => {
      if (target.tokenUrl === undefined) throw new Skip("Run it with --token-url to have client credentials checked.");
      mustAnswer(await ask("GET", `${users.endpoint}?count=1`), 200);
      const seconds = target.tokenSeconds?.();
      must(seconds !== undefined, "The token endpoint gives no expires_in.");
      must(seconds >= 3600 && seconds <= 21_600, `The token lives ${Math.round(seconds / 60)} minutes.`);
    },
  },
  paged("gallery-23", "User"),
  paged("gallery-24", "Group"),
  {
    id: "gallery-25",
    area: "PATCH /Users",
    title: "A manager is added, replaced, and replaced by nothing",
    rule: { says: "Add, Replace and Replace with an empty value of the manager are read back.", source: SUITE },
    fix: `Support ${MANAGER} with {"value": id}, and take {"value": ""} for its removal.`,
    run: async (session) => {
      mustHaveManager(session);
      const [one, two, { id }] = [await session.user(), await session.user(), await session.user()];
      for (const [op, value, expected] of [
        ["Add", one.id, one.id],
        ["Replace", two.id, two.id],
        ["Replace", "", undefined],
      ])
        mustBe(
          managerOf(await session.patch("User", id, { op, path: MANAGER, value: { value } })),
          expected,
          "manager",
        );
    },
  },
]);

/** The tests that need a tenant of Entra. */
export const entraGalleryNotAsked: readonly NotAsked[] = (
  [
    [
      "gallery-7",
      "A user is provisioned on demand",
      "On-demand provisioning is started in a tenant; its requests are those of gallery-1 and gallery-2.",
    ],
    [
      "gallery-13",
      "A group is provisioned on demand",
      "On-demand provisioning is started in a tenant; its requests are those of gallery-8 and gallery-11.",
    ],
    [
      "gallery-14",
      "A group is unassigned and comes back",
      "It needs a provisioning job of a tenant; to the endpoint it is gallery-10 and gallery-8.",
    ],
    [
      "gallery-22",
      "Tokens are given for federated identities of workloads",
      "The assertion is signed by Entra for a tenant's own application.",
    ],
  ] as const
).map(([id, title, notAsked]) => ({
  id,
  profile: "entra-gallery",
  area: "Tenant",
  title,
  rule: { says: `${title}.`, source: SUITE },
  severity: "must",
  notAsked,
}));

function gone(id: string, type: TypeName): Parameters<typeof checksOf>[1][number] {
  const [name, path] = type === "User" ? ["user", "userName"] : ["group", "displayName"];
  return {
    id,
    area: `DELETE /${type}s`,
    title: `A ${name} that is deleted is not found any more`,
    rule: { says: "After DELETE a filter finds nothing.", source: SUITE },
    fix: `Leave deleted ${name}s out of lists.`,
    run: async (session) => {
      const made = type === "User" ? await session.user() : await session.group();
      mustAnswer(await session.remove(type, made.id), 200, 204);
      mustFindNothing(await session.filtered(type, `${path} eq ${JSON.stringify(made[path!])}`));
    },
  };
}

function paged(id: string, type: TypeName): Parameters<typeof checksOf>[1][number] {
  return {
    id,
    area: `GET /${type}s`,
    title: `${type}s come in pages`,
    rule: {
      says: "startIndex and count=5 give at least two pages; startIndex is echoed, and no resource comes twice.",
      source: SUITE,
    },
    fix: "Support startIndex and count, RFC 7644 §3.4.2.4, in a stable order.",
    run: async (session) => {
      const { endpoint } = planOf(session, type);
      const make = () => (type === "User" ? session.user({ userName: randomEmail() }) : session.group());
      for (let n = 0; n < 7; n++) await make();
      const ids: unknown[] = [];
      for (const startIndex of [1, 6]) {
        const answer = await session.ask("GET", `${endpoint}?startIndex=${startIndex}&count=5`);
        const page = mustList(answer);
        mustBe(answer.json.startIndex, startIndex, "startIndex");
        must(page.length > 0 && page.length <= 5, `${answer.request} gave ${page.length} resources.`);
        ids.push(...page.map((each) => each?.id));
      }
      must(new Set(ids).size === ids.length, "The two pages have resources in common.");
    },
  };
}
