import { ENTERPRISE_USER } from "../../scim/schema.ts";
import { checksOf } from "../check.ts";
import { must, mustAnswer, mustBe, mustFindNothing, mustFindOne, mustList, same } from "../expect.ts";
import { Skip } from "../outcome.ts";
import { valueAt } from "../paths.ts";
import { randomEmail, randomId, randomLetters } from "../random.ts";
import { needed, patchBody } from "../session.ts";
import { groupOf, mustHaveMembers } from "./entra-groups.ts";
import { managerOf, mustHaveManager, threeOf } from "./entra-users.ts";
import { checkValues } from "./values.ts";

const MANAGER = `${ENTERPRISE_USER}:manager`;
const TUTORIAL = "Microsoft: Develop a SCIM endpoint";
const COMPATIBILITY = "Microsoft: Known issues with SCIM 2.0 protocol compliance";
const SEEN = "seen in requests of Entra";

/** What Entra's provisioning service does beyond its validator's rows. */
export const entraWayChecks = checksOf("entra", [
  {
    id: "entra-probe",
    area: "Test connection",
    title: "The probes of Test connection are answered with empty lists",
    rule: {
      says: "A filter for a random GUID is answered with 200 and an empty ListResponse, for users and for groups, even without groups.",
      source: TUTORIAL,
    },
    fix: "Answer both filters with 200 and an empty list. A 404 on /Groups fails Test connection even if you have no groups.",
    run: async (session) => {
      for (const path of ["/Users?filter=userName", "/Groups?excludedAttributes=members&filter=displayName"])
        mustFindNothing(await session.ask("GET", `${path}+eq+%22${randomId()}%22`));
    },
  },
  {
    id: "entra-dialects",
    area: "PATCH /Users",
    title: "Operations may be capitalised, and truth values may be text",
    rule: {
      says: 'op comes as Add, Replace and Remove or in lower case, and active as "True" and "False" or as a truth value.',
      source: COMPATIBILITY,
    },
    fix: 'Compare op without regard to case, and take "True" and "False" for truth values.',
    run: async (session) => {
      const { id } = await session.user();
      const set = async (op: string, value: unknown) =>
        (await session.patch("User", id, { op, path: "active", value })).active;
      mustBe(await set("Replace", "False"), false, "active");
      mustBe(await set("replace", true), true, "active");
      const [path] = threeOf(session);
      const value = randomLetters();
      checkValues(await session.patch("User", id, { op: "Add", path, value }), { [path]: value });
    },
  },
  {
    id: "entra-typed-elements",
    area: "PATCH /Users",
    title: "Add and Replace of a typed value make the element that is missing",
    rule: {
      says: 'Add and Replace of emails[type eq "work"].value create the element, and .primary lands on the same one.',
      source: SEEN,
    },
    fix: 'Create the element with type work if no element matches, and take "True" for a truth value.',
    run: async (session) => {
      const path = 'emails[type eq "work"].value';
      if (!session.users.targets.some((each) => each.path === path))
        throw new Skip("Users have no work e-mail address.");
      for (const op of ["Add", "Replace"]) {
        const { id } = await session.user({ [path]: undefined });
        const value = randomEmail();
        const operations = [
          { op, path, value },
          { op, path: 'emails[type eq "work"].primary', value: "True" },
        ];
        const user = await session.patch("User", id, ...operations);
        mustBe(valueAt(user, path), value, path);
        const count = Array.isArray(user.emails) ? user.emails.length : 0;
        must(count === 1, `The two operations should make one element, but there are ${count}.`);
      }
    },
  },
  {
    id: "entra-manager-shapes",
    area: "PATCH /Users",
    title: "A manager comes as text, object or list, and goes by an empty value",
    rule: {
      says: 'The manager is written as "id", {"value": "id"} or [{"value": "id"}], and removed by "".',
      source: SEEN,
    },
    fix: `Take all three forms for ${MANAGER}, and an empty text for its removal.`,
    run: async (session) => {
      mustHaveManager(session);
      const [boss, { id }] = [await session.user(), await session.user()];
      const set = async (value: unknown) =>
        managerOf(await session.patch("User", id, { op: "Replace", path: MANAGER, value }));
      for (const value of [boss.id, { value: boss.id }, [{ $ref: `../Users/${boss.id}`, value: boss.id }]])
        mustBe(await set(value), boss.id, `After ${JSON.stringify(value).slice(0, 20)}..., manager`);
      mustBe(await set(""), undefined, "manager");
    },
  },
  {
    id: "entra-manager-unknown",
    severity: "should",
    area: "PATCH /Users",
    title: "A manager that doesn't exist is no error",
    rule: {
      says: "The validator writes random text for the manager and expects success, so references are not checked strictly.",
      source: "results of Microsoft's SCIM validator",
    },
    fix: "Store or ignore a manager that refers to nobody, instead of refusing the request.",
    postern: "`missing: ignore` on the manager's row in the mapping.",
    run: async (session) => {
      mustHaveManager(session);
      const { id } = await session.user();
      await session.patch("User", id, { op: "Add", path: MANAGER, value: { value: randomLetters() } });
    },
  },
  {
    id: "entra-matching",
    area: "GET /Users",
    title: "Users are found by each attribute that usually matches them",
    rule: {
      says: 'Filters with eq work for externalId and emails[type eq "work"].value, which administrators choose for matching.',
      source: TUTORIAL,
    },
    fix: "Support eq filters on every attribute that an administrator may choose to match users by.",
    run: async (session) => {
      const known = session.users.targets.map(({ path }) => path);
      for (const path of ["externalId", 'emails[type eq "work"].value'].filter((each) => known.includes(each))) {
        const value = randomEmail();
        const { id } = await session.user({ [path]: value });
        mustFindOne(await session.filtered("User", `${path} eq ${JSON.stringify(value)}`), id);
      }
    },
  },
  {
    id: "entra-round-trip",
    area: "POST /Users",
    title: "Values come back as they were sent",
    rule: {
      says: "Values are not reformatted. Entra compares what it reads with what it wants, and would write them again and again.",
      source: TUTORIAL,
    },
    fix: "Store phone numbers and names as they are sent: blanks, signs, accents and case.",
    run: async (session) => {
      const wanted = { displayName: "Åse  O'Neil-Łuk", 'phoneNumbers[type eq "work"].value': "+47 22-33 (44) 5" };
      const known = Object.entries(wanted).filter(([path]) => session.users.targets.some((each) => each.path === path));
      const { id } = await session.user(Object.fromEntries(known));
      checkValues(await session.read("User", id), Object.fromEntries(known));
    },
  },
  {
    id: "entra-lenient-create",
    area: "POST /Users",
    title: "URNs in schemas that are unknown, and empty lists, are no error",
    rule: {
      says: "A creation may name unknown URNs in schemas, and hold roles: [], null values and meta.resourceType.",
      source: TUTORIAL,
    },
    fix: "Ignore unknown URNs in schemas, empty lists, nulls and meta in a creation.",
    postern: "Leave `strict` off on the route that Entra uses.",
    run: async (session) => {
      const { schema } = session.users;
      const extras = { schemas: [schema, "urn:x:y:z"], roles: [], meta: { resourceType: "User" } };
      mustAnswer(await session.post("User", { ...session.body("User"), ...extras }), 201);
    },
  },
  {
    id: "entra-references",
    area: "GET /Groups",
    title: "Membership and manager are asked for by id",
    rule: {
      says: 'The filters id eq "..." and members eq "...", and the same with manager, find the resource or nothing.',
      source: TUTORIAL,
    },
    fix: "Support and of id with members and with manager in filters, and attributes=id.",
    run: async (session) => {
      const [user, other] = [await session.user(), await session.user()];
      if (session.users.hasManager) {
        await needed(session.patch("User", user.id, { op: "Add", path: MANAGER, value: { value: other.id } }));
        const filter = `id eq "${user.id}" and manager eq "${other.id}"`;
        mustFindOne(await session.filtered("User", filter, "&attributes=id"), user.id);
      }
      const { id } = await groupOf(session, user.id);
      const member = (each: string) =>
        session.filtered("Group", `id eq "${id}" and members eq "${each}"`, "&excludedAttributes=members");
      mustFindOne(await member(user.id), id);
      mustFindNothing(await member(other.id));
    },
  },
  {
    id: "entra-remove-members",
    area: "PATCH /Groups",
    title: "Remove of members with a list removes these members only",
    rule: {
      says: "Remove with path members and a list of values removes those members and keeps the others.",
      source: COMPATIBILITY,
    },
    fix: "Look at the value of a Remove of members. An endpoint that ignores it empties the group.",
    run: async (session) => {
      const [user, other] = [await session.user(), await session.user()];
      const { id } = await groupOf(session, user.id, other.id);
      const value = [{ $ref: null, value: user.id }];
      const remove = () => session.patch("Group", id, { op: "Remove", path: "members", value });
      mustHaveMembers(await remove(), [other.id]);
      // Entra repeats what it is not sure of.
      mustHaveMembers(await remove(), [other.id]);
    },
  },
  {
    id: "entra-empty-patch",
    severity: "should",
    area: "PATCH /Users",
    title: "An empty list of operations changes nothing",
    rule: {
      says: "A PATCH without operations is a success that changes nothing.",
      source: "issues of other SCIM servers",
    },
    fix: "Answer a PATCH with an empty Operations with 200 or 204.",
    postern: "Leave `strict` off on the route that Entra uses.",
    run: async (session) => {
      const { id, displayName } = await session.user();
      const user = await session.patch("User", id);
      must(same(user.displayName, displayName), "The PATCH without operations changed displayName.");
    },
  },
  {
    id: "entra-discovery-paging",
    severity: "should",
    area: "GET /Users",
    title: "Account discovery pages through users, each once",
    rule: {
      says: "Lists page by startIndex and count, in a stable order; startIndex is echoed.",
      source: "Microsoft: Account discovery; RFC 7644 §3.4.2.4",
    },
    fix: "Support startIndex and count without a filter, and keep the order between pages.",
    run: async (session) => {
      for (let n = 0; n < 4; n++) await session.user();
      const seen: unknown[] = [];
      for (const startIndex of [1, 3]) {
        const answer = await session.ask("GET", `${session.users.endpoint}?startIndex=${startIndex}&count=2`);
        const page = mustList(answer);
        mustBe(answer.json.startIndex, startIndex, "startIndex");
        must(page.length <= 2, `${answer.request} gave ${page.length} resources, although count is 2.`);
        seen.push(...page.map((each) => each?.id));
      }
      must(
        seen.length === 4 && new Set(seen).size === 4,
        `Two pages of two should list four users, but list ${new Set(seen).size}.`,
      );
    },
  },
  {
    id: "entra-idempotent-members",
    area: "PATCH /Groups",
    title: "Adding a member twice is no error",
    rule: { says: "Add of a member that is there succeeds, and leaves one.", source: SEEN },
    fix: "Ignore members that are in the group already: Entra repeats requests whose answer was lost.",
    run: async (session) => {
      const user = await session.user();
      const { id } = await groupOf(session, user.id);
      const again = patchBody({ op: "Add", path: "members", value: [{ value: user.id }] });
      mustAnswer(await session.tryPatch("Group", id, again), 200, 204);
      mustHaveMembers(await session.read("Group", id), [user.id]);
    },
  },
]);
