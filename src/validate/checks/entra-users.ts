import { ENTERPRISE_USER } from "../../scim/schema.ts";
import { checksOf, type Draft } from "../check.ts";
import { mustAnswer, mustBe, mustFindNothing, mustFindOne } from "../expect.ts";
import { Skip } from "../outcome.ts";
import { randomEmail, randomId, randomLetters } from "../random.ts";
import type { Session } from "../session.ts";
import { type Change, checkValues, mustHold, operationsOf, pathless, valuesOf } from "./values.ts";

const VALIDATOR = "Microsoft SCIM validator";
const MANAGER = `${ENTERPRISE_USER}:manager`;

/** The users' rows of Microsoft's SCIM validator, by their numbers in its results. */
export const entraUserChecks = checksOf("entra", [
  {
    id: "entra-1",
    area: "POST /Users",
    title: "A new user has every attribute that was sent",
    rule: {
      says: "POST is answered with 201, and every attribute that was sent is read back unchanged.",
      source: VALIDATOR,
    },
    fix: "Store and return every attribute that /Schemas publishes, without reformatting it; answer a creation with 201.",
    postern: "Map the attribute in the route's mapping, or mark it readOnly so that it isn't published as writable.",
    run: async (session) => {
      const values = valuesOf(session.users);
      const answer = mustAnswer(await session.post("User", session.body("User", values)), 201);
      mustHold(await session.read("User", answer.json?.id), values);
    },
  },
  {
    id: "entra-2",
    area: "POST /Users",
    title: "A duplicate user is refused with 409",
    rule: { says: "A second POST with the same userName is answered with 409.", source: VALIDATOR },
    fix: "Enforce the uniqueness of userName, and answer a conflict with 409 (scimType uniqueness), not with 400 or 500.",
    run: async (session) => {
      const { userName } = await session.user();
      mustAnswer(await session.post("User", session.body("User", { userName })), 409);
    },
  },
  {
    id: "entra-3",
    area: "GET /Users",
    title: "A filter finds an existing user",
    rule: {
      says: "A filter with eq on the joining attribute finds the one user, in a ListResponse.",
      source: VALIDATOR,
    },
    fix: "Support eq filters on the attribute that users are matched by; answer with a ListResponse with totalResults and Resources.",
    run: async (session) => {
      const { id, value } = await joined(session);
      mustFindOne(await session.filtered("User", `${session.users.joining} eq ${JSON.stringify(value)}`), id);
    },
  },
  {
    id: "entra-4",
    area: "GET /Users",
    title: "A filter that matches nobody is answered with an empty list",
    rule: {
      says: "A filter that finds nothing is answered with 200 and totalResults 0, never with 404.",
      source: VALIDATOR,
    },
    fix: "Answer 200 with an empty ListResponse. Entra takes a 404 here for an endpoint that doesn't speak SCIM, and quarantines the job.",
    run: async (session) =>
      mustFindNothing(await session.filtered("User", `${session.users.joining} eq "${randomEmail()}"`)),
  },
  {
    id: "entra-5",
    area: "GET /Users",
    title: "A filter finds a user in a different case",
    rule: { says: "userName is compared without regard to case.", source: `${VALIDATOR}; RFC 7643 §4.1.1` },
    fix: "Compare userName without regard to case, in filters as well as for uniqueness.",
    run: async (session) => {
      const { id, userName } = await session.user();
      mustFindOne(await session.filtered("User", `userName eq ${JSON.stringify(swapCase(userName))}`), id);
    },
  },
  {
    id: "entra-6",
    area: "PATCH /Users",
    title: "Attributes are replaced without a path, by dotted keys",
    rule: {
      says: "A replace without a path takes dotted and URN-prefixed keys for paths, and the new values are read back.",
      source: VALIDATOR,
    },
    fix: "In a PATCH operation without a path, interpret each key of the value as a path: name.givenName, urn:...:User:department.",
    run: async (session) => patched(session, (changes) => pathless("replace", changes)),
  },
  {
    id: "entra-7",
    area: "PATCH /Users",
    title: "Attributes are replaced by one operation each",
    rule: {
      says: "Each operation with a path replaces its attribute, and the new values are read back.",
      source: VALIDATOR,
    },
    fix: "Support replace for each path that /Schemas allows, sub-attributes and filtered elements among them.",
    run: async (session) => patched(session, (changes) => operationsOf("replace", changes)),
  },
  {
    id: "entra-8",
    area: "PATCH /Users",
    title: "A user's userName changes, and its id stays",
    rule: { says: "userName can be replaced; the id, which Entra keeps for good, stays the same.", source: VALIDATOR },
    fix: "Allow userName to change, and use an id that doesn't depend on it.",
    run: async (session) => {
      const { id } = await session.user();
      const userName = randomEmail();
      const user = await session.patch("User", id, { op: "replace", value: { userName } });
      mustBe(user.userName, userName, "userName");
      mustBe(user.id, id, "id");
    },
  },
  {
    id: "entra-9",
    area: "PATCH /Users",
    title: "A user is disabled, and still found",
    rule: { says: "A user with active false is still found by a filter, with active false.", source: VALIDATOR },
    fix: "Keep disabled users readable, by id and by filter. Entra would otherwise create them again.",
    run: async (session) => {
      const { id, userName } = await session.user();
      mustBe(
        (await session.patch("User", id, { op: "replace", path: "active", value: false })).active,
        false,
        "active",
      );
      const answer = await session.filtered("User", `userName eq ${JSON.stringify(userName)}`);
      mustFindOne(answer, id);
      mustBe(answer.json.Resources[0].active, false, "active in the list");
    },
  },
  {
    id: "entra-10",
    area: "PATCH /Users",
    title: "Attributes are added to a user that has little more than a name",
    rule: {
      says: 'add with a path creates what isn\'t there yet, elements such as emails[type eq "work"] among it.',
      source: VALIDATOR,
    },
    fix: 'Let add and replace on attribute[type eq "..."].value create the element if there is none, and compare primary with "True" as a truth value.',
    run: async (session) => {
      const none = Object.fromEntries(
        session.users.targets.filter(({ isRequired }) => !isRequired).map(({ path }) => [path, undefined]),
      );
      const values = valuesOf(session.users, ({ isChangeable, isRequired }) => isChangeable && !isRequired);
      const { displayName } = values;
      const { id } = await session.user({
        ...none,
        userName: randomEmail(),
        ...(displayName !== undefined && { displayName }),
      });
      mustHold(await session.patch("User", id, ...operationsOf("add", values)), values);
    },
  },
  ...(["Add", "Replace", "Remove"] as const).map(
    (step, index): Draft => ({
      id: `entra-${11 + index}`,
      area: "PATCH /Users",
      title: {
        Add: "A manager is added",
        Replace: "A manager is replaced",
        Remove: "A manager is removed by an empty value",
      }[step],
      rule: {
        says:
          step === "Remove"
            ? 'A replace of the manager with {"value": ""} removes it: it is no longer read back.'
            : `${step} of the manager by the extension's path, with {"value": id}, is read back.`,
        source: VALIDATOR,
      },
      fix: `Support ${MANAGER}, and take an empty value for its removal.`,
      run: async (session) => {
        mustHaveManager(session);
        const [one, two, { id }] = [await session.user(), await session.user(), await session.user()];
        const set = async (op: string, value: string) =>
          managerOf(await session.patch("User", id, { op, path: MANAGER, value: { value } }));
        mustBe(await set("add", one.id), one.id, "manager");
        if (step === "Replace") mustBe(await set("replace", two.id), two.id, "manager");
        if (step === "Remove") mustBe(await set("replace", ""), undefined, "manager");
      },
    }),
  ),
  {
    id: "entra-14",
    area: "DELETE /Users",
    title: "A user is deleted",
    rule: { says: "DELETE is answered with 204, and the user is then 404.", source: VALIDATOR },
    fix: "Answer DELETE with 204, and GET of a deleted user with 404.",
    run: async (session) => {
      const { id } = await session.user();
      mustAnswer(await session.remove("User", id), 204);
      mustAnswer(await session.get("User", id), 404);
    },
  },
  {
    id: "entra-P1",
    severity: "preview",
    area: "PATCH /Users",
    title: "Operations on different attributes go in one request",
    rule: { says: "add, replace and remove of different attributes are carried out by one PATCH.", source: VALIDATOR },
    fix: "Carry out all operations of a PATCH.",
    run: async (session) => {
      const [a, b, c] = threeOf(session);
      const { id } = await session.user({ [a]: randomLetters(), [b]: randomLetters(), [c]: undefined });
      const [added, replaced] = [randomLetters(), randomLetters()];
      const user = await session.patch(
        "User",
        id,
        { op: "add", path: c, value: added },
        { op: "replace", path: b, value: replaced },
        { op: "remove", path: a },
      );
      checkValues(user, { [a]: undefined, [b]: replaced, [c]: added });
    },
  },
  {
    id: "entra-P2",
    severity: "preview",
    area: "PATCH /Users",
    title: "Operations on the same attribute are carried out in order",
    rule: { says: "remove, add and replace of one attribute in a request leave the last value.", source: VALIDATOR },
    fix: "Apply the operations of a PATCH one after the other, RFC 7644 §3.5.2.",
    run: async (session) => {
      const [path] = threeOf(session);
      const { id } = await session.user({ [path]: randomLetters() });
      const last = randomLetters();
      const user = await session.patch(
        "User",
        id,
        { op: "remove", path },
        { op: "add", path, value: randomLetters() },
        { op: "replace", path, value: last },
      );
      checkValues(user, { [path]: last });
    },
  },
  {
    id: "entra-P3",
    severity: "preview",
    area: "DELETE /Users",
    title: "A user that doesn't exist can't be deleted",
    rule: { says: "DELETE of an unknown id is answered with 404.", source: VALIDATOR },
    fix: "Answer DELETE of an unknown id with 404.",
    run: async (session) => void mustAnswer(await session.remove("User", randomId()), 404),
  },
  {
    id: "entra-P4",
    severity: "preview",
    area: "DELETE /Users",
    title: "A user is deleted only once",
    rule: { says: "The second DELETE of a user is answered with 404.", source: VALIDATOR },
    fix: "Answer DELETE of a user that is gone with 404.",
    run: async (session) => {
      const { id } = await session.user();
      mustAnswer(await session.remove("User", id), 204, 200);
      mustAnswer(await session.remove("User", id), 404);
    },
  },
]);

/** A user with a value for the joining attribute. */
async function joined(session: Session): Promise<{ readonly id: string; readonly value: string }> {
  const { joining } = session.users;
  const value = randomEmail();
  const { id } = await session.user({ [joining]: value });
  return { id, value };
}

async function patched(
  session: Session,
  operations: (changes: Change) => Parameters<Session["patch"]>[2][],
): Promise<void> {
  const { joining } = session.users;
  const before = valuesOf(session.users);
  const { id } = await session.user(before);
  const isChanged = (path: string) => path !== joining && path !== "userName" && path !== "active";
  const values = valuesOf(session.users, ({ path, isChangeable }) => isChangeable && isChanged(path));
  mustHold(await session.patch("User", id, ...operations(values)), values);
}

/** Three plain attributes of text that can be taken away; a check that needs them is skipped if there are fewer. */
export function threeOf({ users }: Session): readonly [string, string, string] {
  const wanted = ["title", "nickName", "preferredLanguage", "userType", `${ENTERPRISE_USER}:department`];
  const plain = users.targets
    .filter(({ kind, choices, isRequired, isChangeable, path }) => {
      const isFree = kind === "text" && !choices && !isRequired && isChangeable;
      return isFree && !/[.[]/.test(path.replace(/^urn:.*:/, "")) && !["externalId", users.joining].includes(path);
    })
    .map(({ path }) => path);
  const sorted = [...wanted.filter((path) => plain.includes(path)), ...plain.filter((path) => !wanted.includes(path))];
  const [a, b, c] = sorted;
  if (a === undefined || b === undefined || c === undefined)
    throw new Skip("The endpoint publishes fewer than three optional attributes of plain text.");
  return [a, b, c];
}

/** Throws a `Skip` unless users have a manager. */
export function mustHaveManager({ users }: Session): void {
  if (!users.hasManager) throw new Skip("The endpoint publishes no manager.");
}

/** The manager of a user, in either form; undefined if there is none. */
export function managerOf(user: Record<string, unknown> | undefined): unknown {
  const manager = (user?.[ENTERPRISE_USER] as { manager?: unknown } | undefined)?.manager;
  const value = typeof manager === "object" && manager !== null ? (manager as { value?: unknown }).value : manager;
  return value === "" || value === null ? undefined : value;
}

/** A text with the case of its letters swapped. */
export const swapCase = (text: string): string =>
  [...text].map((letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase())).join("");
