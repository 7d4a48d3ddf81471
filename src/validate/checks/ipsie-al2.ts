import { checksOf } from "../check.ts";
import { publishedType, resourcesIn } from "../discovery.ts";
import { must, mustAnswer, mustBe, mustFindOne, mustList } from "../expect.ts";
import { Skip } from "../outcome.ts";
import type { TypeName } from "../plan.ts";
import { randomEmail, randomLetters } from "../random.ts";
import type { PatchOperation, Session } from "../session.ts";
import { groupOf, mustHaveMembers } from "./entra-groups.ts";
import { threeOf } from "./entra-users.ts";
import { IPSIE } from "./ipsie-al1.ts";
import { checkValues } from "./values.ts";

const AL2 = `${IPSIE}, AL2`;
const CREDENTIALS = /pass(word|phrase)|secret|privateKey|totp|otpSeed|credential/i;
/** How many users the long PATCH adds and removes, and how many operations it has. */
const MEMBERS = 10;
const OPERATIONS = 50;

/** What IPSIE asks at level 2. */
export const ipsieAl2Checks = checksOf("ipsie-al2", [
  {
    id: "ipsie-user-schema",
    area: "Discovery",
    title: "Users have userName, displayName and active",
    rule: { says: "The User schema includes userName, displayName and active.", source: AL2 },
    fix: "Support and publish the three attributes.",
    run: async ({ discovery }) => mustPublish(discovery, "User", ["userName", "displayName", "active"]),
  },
  {
    id: "ipsie-no-password",
    area: "Discovery",
    title: "There is no password, nor any other credential",
    rule: { says: "The attribute password is not supported, and no schema defines credentials.", source: AL2 },
    fix: "Take password, and custom attributes that hold credentials, out of the schemas.",
    postern: "Leave password out of the mapping, or serve IPSIE on a route without it.",
    run: async ({ discovery }) => {
      const names = mustList(discovery.schemas)
        .flatMap(({ attributes }) => (Array.isArray(attributes) ? attributes : []))
        .flatMap((each) => [each?.name, ...(each?.subAttributes ?? []).map((sub: { name?: unknown }) => sub?.name)])
        .filter((name) => typeof name === "string" && name !== "changePassword" && CREDENTIALS.test(name));
      must(names.length === 0, `/Schemas publishes ${names.join(", ")}.`);
    },
  },
  externalId("ipsie-user-external-id", "User"),
  externalId("ipsie-group-external-id", "Group"),
  {
    id: "ipsie-create-user",
    area: "POST /Users",
    title: "A user is created",
    rule: { says: "POST /Users is supported.", source: AL2 },
    fix: "Answer the creation of a user with 201 and the user.",
    run: async (session) => {
      const body = session.body("User");
      const answer = mustAnswer(await session.post("User", body), 201);
      mustBe((await session.read("User", String(answer.json?.id))).userName, body.userName, "userName");
    },
  },
  {
    id: "ipsie-update-user",
    area: "PATCH /Users",
    title: "A user's attributes are changed",
    rule: { says: "PATCH /Users/{id} is supported.", source: AL2 },
    fix: "Support PATCH with replace of an attribute.",
    run: async (session) => {
      const [path] = threeOf(session);
      const { id } = await session.user();
      const value = randomLetters();
      checkValues(await session.patch("User", id, { op: "replace", path, value }), { [path]: value });
    },
  },
  all("ipsie-all-users", "User"),
  {
    id: "ipsie-page-limit",
    severity: "should",
    area: "GET /Users",
    title: "A page holds no more than 1,000 users",
    rule: { says: "More than 1,000 users a page are avoided.", source: AL2 },
    fix: "Limit pages to 1,000 resources.",
    postern: "`limits.pageSize`.",
    run: async (session) => {
      const { maxPageSize } = session.discovery.config.json?.pagination ?? {};
      must(!(maxPageSize > 1000), `/ServiceProviderConfig says that a page holds up to ${maxPageSize}.`);
      const listed = mustList(await session.ask("GET", `${session.users.endpoint}?count=1001&attributes=id`));
      must(listed.length <= 1000, `A page of ${listed.length} users was given.`);
    },
  },
  {
    id: "ipsie-cursor",
    severity: "should",
    area: "GET /Users",
    title: "Lists page by cursor",
    rule: { says: "Cursor-based pagination is recommended.", source: `${AL2}; RFC 9865` },
    fix: "Support cursor, and say pagination.cursor: true in /ServiceProviderConfig.",
    run: async (session) => {
      for (let n = 0; n < 3; n++) await session.user();
      mustBe(session.discovery.config.json?.pagination?.cursor, true, "pagination.cursor");
      const answer = await session.ask("GET", `${session.users.endpoint}?cursor=&count=2`);
      must(mustList(answer).length === 2, `${answer.request} gave ${answer.json.Resources?.length} users.`);
      must(typeof answer.json.nextCursor === "string", `${answer.request} gave no nextCursor.`);
    },
  },
  {
    id: "ipsie-group-schema",
    area: "Discovery",
    title: "Groups have displayName and members",
    rule: { says: "The Group schema includes displayName and members.", source: AL2 },
    fix: "Support and publish the two attributes.",
    run: async (session) => {
      session.groups();
      mustPublish(session.discovery, "Group", ["displayName", "members"]);
    },
  },
  {
    id: "ipsie-group-unique",
    severity: "should",
    area: "POST /Groups",
    title: "Groups' displayNames are unique",
    rule: { says: "Several groups with the same displayName are not allowed.", source: AL2 },
    fix: "Refuse a second group of the same displayName with 409.",
    run: async (session) => {
      const { displayName } = await session.group();
      mustAnswer(await session.post("Group", session.body("Group", { displayName })), 409);
    },
  },
  {
    id: "ipsie-empty-group",
    area: "POST /Groups",
    title: "A group is created without members",
    rule: { says: "POST /Groups is supported, with zero members.", source: AL2 },
    fix: "Allow groups without members.",
    run: async (session) => {
      for (const more of [{}, { members: [] }]) {
        const answer = mustAnswer(await session.post("Group", { ...session.body("Group"), ...more }), 201);
        mustHaveMembers(await session.read("Group", String(answer.json?.id)), []);
      }
    },
  },
  all("ipsie-all-groups", "Group"),
  {
    id: "ipsie-get-group",
    area: "GET /Groups",
    title: "A group is read by its id",
    rule: { says: "GET /Groups/{id} is supported.", source: AL2 },
    fix: "Support GET by id.",
    run: async (session) => {
      const { id } = await session.group();
      mustBe(mustAnswer(await session.get("Group", id), 200).json?.id, id, "id");
    },
  },
  ...["displayName", "externalId"].map((path) => ({
    id: path === "displayName" ? "ipsie-filter-display-name" : "ipsie-filter-group-external-id",
    area: "GET /Groups",
    title: `Groups are found by ${path} eq ...`,
    rule: { says: `The filter ${path} eq ... is supported for groups.`, source: AL2 },
    fix: `Support eq on ${path} of groups.`,
    run: async (session: Session) => {
      const value = `postern-${randomLetters()}`;
      const { id } = await session.group({ [path]: value });
      mustFindOne(await session.filtered("Group", `${path} eq "${value}"`), id);
    },
  })),
  {
    id: "ipsie-filter-member",
    area: "GET /Groups",
    title: "Groups are found by members[value eq ...]",
    rule: { says: "The filter members[value eq ...] is supported.", source: AL2 },
    fix: "Support members[value eq ...] in filters.",
    run: async (session) => {
      const user = await session.user();
      const { id } = await groupOf(session, user.id);
      mustFindOne(await session.filtered("Group", `members[value eq "${user.id}"]`), id);
    },
  },
  {
    id: "ipsie-update-group",
    area: "PATCH /Groups",
    title: "A group's attributes are changed",
    rule: { says: "PATCH /Groups/{id} is supported.", source: AL2 },
    fix: "Support replace of a group's displayName.",
    run: async (session) => {
      const { id } = await session.group();
      const value = `postern-${randomLetters()}`;
      const group = await session.patch("Group", id, { op: "replace", path: "displayName", value });
      mustBe(group.displayName, value, "displayName");
    },
  },
  {
    id: "ipsie-many-members",
    area: "PATCH /Groups",
    title: `${OPERATIONS} operations on members go in one PATCH`,
    rule: { says: "At least 50 add or remove operations on members in one PATCH are supported.", source: AL2 },
    fix: "Allow at least 50 operations in a PATCH, and apply them one after the other.",
    run: async (session) => {
      const ids: string[] = [];
      for (let n = 0; n < MEMBERS; n++) ids.push((await session.user({ userName: randomEmail() })).id);
      const { id } = await session.group();
      // All are added, removed, added ...: five rounds, of which the last adds.
      const operations = Array.from({ length: OPERATIONS }, (_, index): PatchOperation => {
        const member = ids[index % MEMBERS]!;
        const isAdded = Math.floor(index / MEMBERS) % 2 === 0;
        return isAdded
          ? { op: "add", path: "members", value: [{ value: member }] }
          : { op: "remove", path: `members[value eq "${member}"]` };
      });
      mustHaveMembers(await session.patch("Group", id, ...operations), ids);
    },
  },
]);

function mustPublish(discovery: Session["discovery"], type: TypeName, names: readonly string[]): void {
  mustAnswer(discovery.schemas, 200);
  const [core] = publishedType(discovery, type)?.schemas ?? [];
  must(core !== undefined, `/Schemas has no schema of ${type} among its ${resourcesIn(discovery.schemas).length}.`);
  const known = Array.isArray(core.attributes) ? core.attributes.map((each) => each?.name) : [];
  const missing = names.filter((name) => !known.includes(name));
  must(missing.length === 0, `The schema of ${type} lacks ${missing.join(", ")}.`);
}

function externalId(id: string, type: TypeName) {
  return {
    id,
    area: `POST /${type}s`,
    title: `${type}s have an externalId`,
    rule: { says: `externalId of a ${type} is supported.`, source: AL2 },
    fix: "Store and return externalId.",
    run: async (session: Session) => {
      const value = randomLetters();
      const made =
        type === "User" ? await session.user({ externalId: value }) : await session.group({ externalId: value });
      mustBe((await session.read(type, made.id)).externalId, value, "externalId");
    },
  };
}

function all(id: string, type: TypeName) {
  return {
    id,
    area: `GET /${type}s`,
    title: `All ${type.toLowerCase()}s are listed`,
    rule: { says: `GET /${type}s lists all ${type.toLowerCase()}s.`, source: AL2 },
    fix: "Support lists without a filter, with totalResults.",
    run: async (session: Session) => {
      const { endpoint } = type === "User" ? session.users : session.groups();
      await (type === "User" ? session.user() : session.group());
      const answer = await session.ask("GET", `${endpoint}?count=5&attributes=id`);
      must(mustList(answer).length > 0, `${answer.request} lists nothing.`);
      if (!(answer.json.totalResults > 0)) throw new Skip("The list has no totalResults.");
    },
  };
}
