import { checksOf } from "../check.ts";
import { must, mustAnswer, mustBe, mustFindNothing, mustFindOne } from "../expect.ts";
import { Skip } from "../outcome.ts";
import { randomId, randomLetters } from "../random.ts";
import { needed, type Session } from "../session.ts";
import { swapCase } from "./entra-users.ts";

const VALIDATOR = "Microsoft SCIM validator";
const WITHOUT_MEMBERS = "&excludedAttributes=members";

/** The groups' rows of Microsoft's SCIM validator, by their numbers in its results. */
export const entraGroupChecks = checksOf("entra", [
  {
    id: "entra-15",
    area: "GET /Groups",
    title: "A group is read by its id without its members",
    rule: { says: "excludedAttributes=members leaves the members out of the answer.", source: VALIDATOR },
    fix: "Honour excludedAttributes=members. Entra relies on it for groups with many members.",
    run: async (session) => {
      const { id } = await groupWithMember(session);
      const answer = mustAnswer(await session.get("Group", id, "?excludedAttributes=members"), 200);
      mustBe(answer.json?.id, id, "id");
      must(answer.json.members === undefined, `${answer.request} gave the members although they were excluded.`);
    },
  },
  {
    id: "entra-16",
    area: "GET /Groups",
    title: "A filter finds a group without its members",
    rule: {
      says: "A filter with excludedAttributes=members finds the group and leaves its members out.",
      source: VALIDATOR,
    },
    fix: "Honour excludedAttributes=members in lists, too.",
    run: async (session) => {
      const { id, displayName } = await groupWithMember(session);
      const answer = await session.filtered("Group", `displayName eq ${JSON.stringify(displayName)}`, WITHOUT_MEMBERS);
      mustFindOne(answer, id);
      must(
        answer.json.Resources[0].members === undefined,
        `${answer.request} gave the members although they were excluded.`,
      );
    },
  },
  {
    id: "entra-17",
    area: "GET /Groups",
    title: "A filter finds an existing group",
    rule: { says: "A filter with eq on the joining attribute finds the one group.", source: VALIDATOR },
    fix: "Support eq filters on the attribute that groups are matched by.",
    run: async (session) => {
      const { joining } = session.groups();
      const value = `postern-${randomLetters()}`;
      const { id } = await session.group({ [joining]: value });
      mustFindOne(await session.filtered("Group", `${joining} eq ${JSON.stringify(value)}`), id);
    },
  },
  {
    id: "entra-18",
    area: "GET /Groups",
    title: "A filter that matches no group is answered with an empty list",
    rule: {
      says: "A filter that finds nothing is answered with 200 and totalResults 0, never with 404.",
      source: VALIDATOR,
    },
    fix: "Answer 200 with an empty ListResponse.",
    run: async (session) => {
      const { joining } = session.groups();
      mustFindNothing(await session.filtered("Group", `${joining} eq "${randomLetters()}"`));
    },
  },
  {
    id: "entra-19",
    area: "GET /Groups",
    title: "A filter finds a group in a different case",
    rule: {
      says: "displayName is compared without regard to case. With externalId as joining attribute, which is case-exact, this isn't asked.",
      source: `${VALIDATOR}; RFC 7643 §4.2`,
    },
    fix: "Compare displayName of groups without regard to case.",
    run: async (session) => {
      if (session.groups().joining === "externalId")
        throw new Skip("externalId, the joining attribute, is case-exact.");
      const { id, displayName } = await session.group();
      mustFindOne(await session.filtered("Group", `displayName eq ${JSON.stringify(swapCase(displayName))}`), id);
    },
  },
  {
    id: "entra-20",
    area: "POST /Groups",
    title: "A group is created",
    rule: {
      says: "POST is answered with 201 and the group with its id; the displayName is read back.",
      source: VALIDATOR,
    },
    fix: "Answer the creation of a group with 201 and the group, even if the schemas name a URN that you don't know.",
    run: async (session) => {
      const { schema } = session.groups();
      const body = session.body("Group");
      const schemas = [schema, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"];
      const answer = mustAnswer(
        await session.post("Group", { ...body, schemas, meta: { resourceType: "Group" } }),
        201,
      );
      mustBe((await session.read("Group", String(answer.json?.id))).displayName, body.displayName, "displayName");
    },
  },
  {
    id: "entra-21",
    area: "POST /Groups",
    title: "A duplicate group is refused with 409",
    rule: { says: "A second POST with the same displayName is answered with 409.", source: VALIDATOR },
    fix: "Enforce the uniqueness of the groups' displayName, and answer a conflict with 409.",
    run: async (session) => {
      const { displayName } = await session.group();
      mustAnswer(await session.post("Group", session.body("Group", { displayName })), 409);
    },
  },
  {
    id: "entra-22",
    area: "PATCH /Groups",
    title: "A group's externalId is replaced without a path",
    rule: { says: "A replace of {externalId} without a path is read back.", source: VALIDATOR },
    fix: "Store externalId of groups, and interpret the keys of a PATCH operation without a path.",
    run: async (session) => {
      const { id } = await session.group();
      const externalId = randomLetters();
      mustBe(
        (await session.patch("Group", id, { op: "replace", value: { externalId } })).externalId,
        externalId,
        "externalId",
      );
    },
  },
  {
    id: "entra-23",
    area: "PATCH /Groups",
    title: "A group's displayName is replaced without a path",
    rule: { says: "A replace of {displayName} without a path is read back, and the id stays.", source: VALIDATOR },
    fix: "Allow groups to be renamed, and use an id that doesn't depend on the name.",
    run: async (session) => {
      const { id } = await session.group();
      const displayName = `postern-${randomLetters()}`;
      const group = await session.patch("Group", id, { op: "replace", value: { displayName } });
      mustBe(group.displayName, displayName, "displayName");
      mustBe(group.id, id, "id");
    },
  },
  {
    id: "entra-24",
    area: "PATCH /Groups",
    title: "A group's members are set",
    rule: { says: "A replace of members with a list sets the members.", source: VALIDATOR },
    fix: "Support replace with path members.",
    run: async (session) => {
      const [{ id }, user] = [await session.group(), await session.user()];
      mustHaveMembers(
        await session.patch("Group", id, { op: "replace", path: "members", value: [{ value: user.id }] }),
        [user.id],
      );
    },
  },
  {
    id: "entra-25",
    area: "PATCH /Groups",
    title: "A member is removed by a filter",
    rule: { says: 'remove of members[value eq "..."] removes that member and no other.', source: VALIDATOR },
    fix: "Support remove with a filter in the path of members.",
    run: async (session) => {
      const [user, other] = [await session.user(), await session.user()];
      const { id } = await groupOf(session, user.id, other.id);
      const group = await session.patch("Group", id, { op: "remove", path: `members[value eq "${user.id}"]` });
      mustHaveMembers(group, [other.id]);
    },
  },
  {
    id: "entra-26",
    area: "DELETE /Groups",
    title: "A group is deleted",
    rule: { says: "DELETE is answered with 204, and the group is then 404.", source: VALIDATOR },
    fix: "Answer DELETE with 204, and GET of a deleted group with 404.",
    run: async (session) => {
      const { id } = await session.group();
      mustAnswer(await session.remove("Group", id), 204);
      mustAnswer(await session.get("Group", id), 404);
    },
  },
  {
    id: "entra-P5",
    severity: "preview",
    area: "PATCH /Groups",
    title: "Members are added and removed in one request",
    rule: { says: "add of members and remove of one of them in a request leave the other.", source: VALIDATOR },
    fix: "Apply the operations of a PATCH one after the other, RFC 7644 §3.5.2.",
    run: async (session) => {
      const [{ id }, a, b] = [await session.group(), await session.user(), await session.user()];
      const group = await session.patch(
        "Group",
        id,
        { op: "add", path: "members", value: [{ value: a.id }, { value: b.id }] },
        { op: "remove", path: `members[value eq "${a.id}"]` },
      );
      mustHaveMembers(group, [b.id]);
    },
  },
  {
    id: "entra-P6",
    severity: "preview",
    area: "DELETE /Groups",
    title: "A group that doesn't exist can't be deleted",
    rule: { says: "DELETE of an unknown id is answered with 404.", source: VALIDATOR },
    fix: "Answer DELETE of an unknown id with 404.",
    run: async (session) => void mustAnswer(await session.remove("Group", randomId()), 404),
  },
  {
    id: "entra-P7",
    severity: "preview",
    area: "DELETE /Groups",
    title: "A group is deleted only once",
    rule: { says: "The second DELETE of a group is answered with 404.", source: VALIDATOR },
    fix: "Answer DELETE of a group that is gone with 404.",
    run: async (session) => {
      const { id } = await session.group();
      mustAnswer(await session.remove("Group", id), 204, 200);
      mustAnswer(await session.remove("Group", id), 404);
    },
  },
]);

/** A group that a check needs, with members. Throws a `Skip` if they can't be added. */
export async function groupOf(
  session: Session,
  ...ids: readonly string[]
): Promise<{ id: string; displayName: string }> {
  const group = await session.group();
  const value = ids.map((each) => ({ value: each }));
  await needed(session.patch("Group", group.id, { op: "add", path: "members", value }));
  return group;
}

const groupWithMember = async (session: Session) => groupOf(session, (await session.user()).id);

/** Throws a `Finding` unless a group has just these members, in any order. */
export function mustHaveMembers(group: { members?: unknown } | undefined, ids: readonly string[]): void {
  const members = Array.isArray(group?.members) ? group.members.map((each) => String(each?.value)) : [];
  const isSame = members.length === ids.length && ids.every((id) => members.includes(id));
  must(
    isSame,
    `The group should have ${ids.length === 0 ? "no members" : `the members ${ids.join(", ")}`}, but has ${members.length === 0 ? "none" : members.join(", ")}.`,
  );
}
