import { checksOf, type Draft, type NotAsked } from "../check.ts";
import { must, mustAnswer, mustBe, mustFindNothing, mustFindOne, mustRefuse } from "../expect.ts";
import { Skip } from "../outcome.ts";
import { valueAt } from "../paths.ts";
import { randomEmail, randomLetters } from "../random.ts";
import { needed, patchBody, type Session } from "../session.ts";
import { threeOf } from "./entra-users.ts";
import { changesSeveral } from "./shared.ts";
import { checkValues } from "./values.ts";

const DRAFT = "draft-zollner-scim-interop-profile-01";
const PROFILE = "`profile: interop` on the route.";
const [WORK, HOME] = ["work", "home"].map((type) => `emails[type eq "${type}"].value`) as [string, string];

/** The interoperability profile's rules on PATCH, on the life of resources, on conflicts and on authentication. */
export const interopChangeChecks = checksOf("interop", [
  {
    id: "interop-patch",
    area: "PATCH /Users",
    title: "PATCH is supported, and declared",
    rule: { says: "PATCH is supported for updates.", source: `${DRAFT} §6.5` },
    fix: "Implement PATCH, and say patch.supported: true in /ServiceProviderConfig.",
    run: async (session) => {
      const [path] = threeOf(session);
      const { id } = await session.user();
      const value = randomLetters();
      checkValues(await session.patch("User", id, { op: "replace", path, value }), { [path]: value });
      mustBe(session.discovery.config.json?.patch?.supported, true, "patch.supported");
    },
  },
  {
    id: "interop-path-required",
    area: "PATCH /Users",
    title: "Operations without a path are refused",
    rule: { says: "An operation without path is 400 invalidSyntax.", source: `${DRAFT} §6.5.1.1` },
    fix: "Refuse operations without path. (Entra's validator, in contrast, sends them: serve the two at different URLs.)",
    postern: PROFILE,
    run: async (session) => {
      const { id } = await session.user();
      const body = patchBody({ op: "replace", value: { displayName: randomLetters() } });
      mustRefuse(await session.tryPatch("User", id, body), 400, "invalidSyntax");
    },
  },
  {
    id: "interop-several",
    area: "PATCH /Users",
    title: "Several attributes change in one request",
    rule: { says: "One request holds an operation for each attribute path.", source: `${DRAFT} §6.5.1.2` },
    fix: "Carry out all operations of a PATCH.",
    run: changesSeveral,
  },
  {
    id: "interop-add-is-replace",
    area: "PATCH /Users",
    title: "add and replace are the same for a single simple attribute",
    rule: { says: "For singular simple attributes add and replace are equivalent.", source: `${DRAFT} §6.5.2.1` },
    fix: "Let add overwrite a value, and replace set one that was absent.",
    run: async (session) => {
      const [path] = threeOf(session);
      for (const op of ["add", "replace"])
        for (const before of [undefined, randomLetters()]) {
          const { id } = await session.user({ [path]: before });
          const value = randomLetters();
          checkValues(await session.patch("User", id, { op, path, value }), { [path]: value });
        }
    },
  },
  {
    id: "interop-complex-replace",
    area: "PATCH /Users",
    title: "replace of a complex attribute replaces all of it",
    rule: {
      says: "replace of name replaces the entire attribute by the object that is given.",
      source: `${DRAFT} §6.5.2.1`,
    },
    fix: "Remove the sub-attributes that a replace of the whole attribute does not name.",
    postern: PROFILE,
    run: async (session) => {
      const familyName = randomLetters();
      const user = await session.patch("User", (await named(session)).id, {
        op: "replace",
        path: "name",
        value: { familyName },
      });
      checkValues(user, { "name.familyName": familyName, "name.givenName": undefined });
    },
  },
  {
    id: "interop-complex-add",
    area: "PATCH /Users",
    title: "add of a complex attribute keeps what it does not name",
    rule: {
      says: "add of name merges: sub-attributes that are omitted keep their values.",
      source: `${DRAFT} §6.5.2.1`,
    },
    fix: "Merge the sub-attributes of an add into what is there.",
    run: async (session) => {
      const { id, givenName } = await named(session);
      const familyName = randomLetters();
      const user = await session.patch("User", id, { op: "add", path: "name", value: { familyName } });
      checkValues(user, { "name.familyName": familyName, "name.givenName": givenName });
    },
  },
  {
    id: "interop-list-replace",
    area: "PATCH /Users",
    title: "replace of a list replaces all of it",
    rule: { says: "replace of emails without a filter replaces the entire collection.", source: `${DRAFT} §6.5.2.2` },
    fix: "Remove the elements that a replace of the list does not hold.",
    run: async (session) => {
      mustHaveTwoAddresses(session);
      const { id } = await session.user({ [WORK]: randomEmail() });
      const value = randomEmail();
      const user = await session.patch("User", id, { op: "replace", path: "emails", value: [{ type: "home", value }] });
      checkValues(user, { [WORK]: undefined, [HOME]: value });
    },
  },
  {
    id: "interop-list-add",
    area: "PATCH /Users",
    title: "add to a list keeps what is there",
    rule: { says: "add of emails without a filter appends to the collection.", source: `${DRAFT} §6.5.2.2` },
    fix: "Append the elements of an add to the list.",
    run: async (session) => {
      mustHaveTwoAddresses(session);
      const [work, home] = [randomEmail(), randomEmail()];
      const { id } = await session.user({ [WORK]: work });
      const user = await session.patch("User", id, {
        op: "add",
        path: "emails",
        value: [{ type: "home", value: home }],
      });
      checkValues(user, { [WORK]: work, [HOME]: home });
    },
  },
  {
    id: "interop-element-path",
    severity: "should",
    area: "PATCH /Users",
    title: "A filter in a path that names no sub-attribute, if refused, is invalidPath",
    rule: {
      says: 'A path such as emails[type eq "work"] is prohibited; endpoints may refuse it, with invalidPath.',
      source: `${DRAFT} §6.5.2.2, §6.5.3`,
    },
    fix: "If you refuse such a path, use 400 and scimType invalidPath.",
    run: async (session) => {
      const { id } = await session.user({ [WORK]: randomEmail() });
      const body = patchBody({
        op: "replace",
        path: 'emails[type eq "work"]',
        value: { type: "work", value: randomEmail() },
      });
      const answer = await session.tryPatch("User", id, body);
      if (answer.status >= 300) mustRefuse(answer, 400, "invalidPath");
    },
  },
  {
    id: "interop-disable-keeps",
    area: "Life cycle",
    title: "active false is no deletion",
    rule: { says: "A resource that is changed by PATCH is retained.", source: `${DRAFT} §6.6` },
    fix: "Keep disabled users readable, by id and by filter.",
    run: async (session) => {
      const { id, userName } = await session.user();
      mustBe(
        (await session.patch("User", id, { op: "replace", path: "active", value: false })).active,
        false,
        "active",
      );
      mustFindOne(await session.filtered("User", `userName eq ${JSON.stringify(userName)}`), id);
    },
  },
  {
    id: "interop-delete-is-gone",
    area: "Life cycle",
    title: "What is deleted is gone for every operation and every query",
    rule: { says: "Operations on a deleted resource are 404, and queries leave it out.", source: `${DRAFT} §6.6` },
    fix: "Delete the resource on DELETE, instead of setting active to false.",
    run: async (session) => {
      const { id, userName } = await session.user();
      mustAnswer(await session.remove("User", id), 204);
      mustAnswer(await session.get("User", id), 404);
      const body = patchBody({ op: "replace", path: "displayName", value: randomLetters() });
      mustAnswer(await session.tryPatch("User", id, body), 404);
      mustAnswer(await session.remove("User", id), 404);
      mustFindNothing(await session.filtered("User", `userName eq ${JSON.stringify(userName)}`));
    },
  },
  recreated("interop-recreate", `${DRAFT} §6.6`),
  {
    id: "interop-conflict-post",
    area: "Errors",
    title: "A conflict on creation is 409 uniqueness",
    rule: { says: "A POST that violates uniqueness is 409 with scimType uniqueness.", source: `${DRAFT} §6.9.1` },
    fix: "Answer with 409, a SCIM error and scimType uniqueness.",
    run: async (session) => {
      const { userName } = await session.user();
      mustRefuse(await session.post("User", session.body("User", { userName })), 409, "uniqueness");
    },
  },
  {
    id: "interop-conflict-patch",
    area: "Errors",
    title: "A conflict on a change is 409 uniqueness",
    rule: { says: "A PATCH that violates uniqueness is 409 with scimType uniqueness.", source: `${DRAFT} §6.9.1` },
    fix: "Answer with 409, a SCIM error and scimType uniqueness.",
    run: async (session) => {
      const [{ userName }, { id }] = [await session.user(), await session.user()];
      const body = patchBody({ op: "replace", path: "userName", value: userName });
      mustRefuse(await session.tryPatch("User", id, body), 409, "uniqueness");
    },
  },
  {
    id: "interop-tls",
    area: "Transport",
    title: "The endpoint is reached by TLS",
    rule: { says: "All communication is secured by TLS.", source: `${DRAFT} §7.1` },
    fix: "Serve the endpoint by HTTPS, with TLS 1.3.",
    run: async ({ target }) => {
      const { protocol, hostname } = new URL(target.url);
      if (protocol !== "https:" && /^(localhost|127\.|\[::1\])/.test(hostname))
        throw new Skip("The endpoint is on this machine, reached without TLS.");
      must(protocol === "https:", `The URL begins with ${protocol}`);
    },
  },
  {
    id: "interop-basic",
    severity: "should",
    area: "Authentication",
    title: "Basic authentication is not offered",
    rule: { says: "HTTP Basic authentication is not recommended.", source: `${DRAFT} §7.2` },
    fix: "Use bearer tokens, and take httpbasic out of authenticationSchemes.",
    run: async ({ discovery }) => {
      const schemes = discovery.config.json?.authenticationSchemes;
      const types = (Array.isArray(schemes) ? schemes : []).map((each) => each?.type);
      must(!types.includes("httpbasic"), "authenticationSchemes offers httpbasic.");
    },
  },
]);

/** The rules that cannot be asked over SCIM. */
export const interopNotAsked: readonly NotAsked[] = [
  {
    id: "interop-tls13",
    profile: "interop",
    area: "Transport",
    title: "TLS 1.3 is supported",
    rule: { says: "Implementations support TLS 1.3.", source: `${DRAFT} §7.1` },
    severity: "must",
    notAsked: "The version of TLS is not visible to this command. Ask with: openssl s_client -tls1_3 -connect HOST:443",
  },
];

/** The check that the userName of a deleted user is free again, which two profiles have. */
export function recreated(id: string, source: string): Draft {
  return {
    id,
    area: "Life cycle",
    title: "The userName of a deleted user is free again",
    rule: { says: "After a deletion a new user with the same userName can be created.", source },
    fix: "Leave deleted users out of uniqueness. If you keep their rows, free or change the unique columns.",
    run: async (session) => {
      const { id: old, userName } = await session.user();
      await needed(session.remove("User", old).then((answer) => mustAnswer(answer, 200, 204)));
      mustAnswer(await session.post("User", session.body("User", { userName })), 201);
    },
  };
}

async function named(session: Session): Promise<{ readonly id: string; readonly givenName: string }> {
  const paths = ["name.givenName", "name.familyName"];
  if (!paths.every((path) => session.users.targets.some((each) => each.path === path)))
    throw new Skip("Users have no name with givenName and familyName.");
  const givenName = randomLetters();
  const user = await session.user({ "name.givenName": givenName });
  if (valueAt(await session.read("User", user.id), "name.givenName") !== givenName)
    throw new Skip("name.givenName is not read back, so changes of it can't be seen.", true);
  return { id: user.id, givenName };
}

function mustHaveTwoAddresses({ users }: Session): void {
  if (![WORK, HOME].every((path) => users.targets.some((each) => each.path === path)))
    throw new Skip("The endpoint doesn't publish both work and home as types of e-mail addresses.");
}
