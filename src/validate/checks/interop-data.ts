import { isObject } from "../../scim/schema.ts";
import { checksOf } from "../check.ts";
import { publishedType, resourcesIn } from "../discovery.ts";
import { must, mustAnswer, mustBe, mustFindNothing, mustFindOne, mustList, mustRefuse } from "../expect.ts";
import { Skip } from "../outcome.ts";
import { randomEmail, randomId, randomLetters } from "../random.ts";
import { patchBody } from "../session.ts";
import { swapCase } from "./entra-users.ts";

const DRAFT = "draft-zollner-scim-interop-profile-01";
const PROFILE = "`profile: interop` on the route.";
const SCIM_JSON = "application/scim+json";
const UNKNOWN = "posternUnknownAttribute";

/** The attributes whose types RFC 7643 §4.1.2 names. */
const TYPED = new Set(["emails", "phoneNumbers", "ims", "photos", "addresses"]);

/** The interoperability profile's rules on discovery, case, attributes, media types, filters and pages. */
export const interopDataChecks = checksOf("interop", [
  {
    id: "interop-declared",
    severity: "should",
    area: "Discovery",
    title: "The endpoint declares that it conforms",
    rule: {
      says: "An endpoint that claims conformance has interopProfileConformant: true in /ServiceProviderConfig.",
      source: `${DRAFT} §4`,
    },
    fix: "Add interopProfileConformant: true to /ServiceProviderConfig once the other checks pass.",
    postern: PROFILE,
    run: async ({ discovery }) => {
      const { json } = mustAnswer(discovery.config, 200);
      mustBe(json?.interopProfileConformant, true, "interopProfileConformant");
    },
  },
  {
    id: "interop-discovery",
    area: "Discovery",
    title: "The three discovery endpoints are there",
    rule: { says: "/ServiceProviderConfig, /Schemas and /ResourceTypes are implemented.", source: `${DRAFT} §5.1` },
    fix: "Implement all three; /Schemas and /ResourceTypes are ListResponses.",
    run: async ({ discovery }) => {
      mustAnswer(discovery.config, 200);
      mustList(discovery.types);
      mustList(discovery.schemas);
    },
  },
  {
    id: "interop-schemas-referenced",
    area: "Discovery",
    title: "Every schema of a resource type is at /Schemas",
    rule: { says: "All schemas that /ResourceTypes refers to are available at /Schemas.", source: `${DRAFT} §5.1` },
    fix: "Publish the schemas that schema and schemaExtensions of your resource types name.",
    run: async ({ discovery }) => {
      const published = resourcesIn(discovery.schemas).map(({ id }) => id);
      const referred = mustList(discovery.types).flatMap(({ schema, schemaExtensions }) => [
        schema,
        ...(Array.isArray(schemaExtensions) ? schemaExtensions.map((each) => each?.schema) : []),
      ]);
      const missing = referred.filter((urn) => !published.includes(urn));
      must(missing.length === 0, `/Schemas lacks ${missing.join(", ")}.`);
    },
  },
  {
    id: "interop-type-id",
    area: "Discovery",
    title: "A resource type's id is its name",
    rule: { says: "Each resource type has an id that equals its name.", source: `${DRAFT} §5.1` },
    fix: "Set id to the value of name in /ResourceTypes.",
    run: async ({ discovery }) => {
      for (const { id, name } of mustList(discovery.types)) mustBe(id, name, `The id of the resource type ${name}`);
    },
  },
  {
    id: "interop-schemas-accurate",
    area: "Discovery",
    title: "What is returned is published",
    rule: { says: "/Schemas matches exactly what the service implements.", source: `${DRAFT} §5.1` },
    fix: "Publish every attribute that you return.",
    run: async (session) => {
      const published = publishedType(session.discovery, "User");
      if (!published) throw new Skip("The endpoint publishes no schema of User.", true);
      const [core, ...extensions] = published.schemas;
      const namesOf = (schema: unknown) =>
        isObject(schema) && Array.isArray(schema.attributes) ? schema.attributes.map((each) => String(each?.name)) : [];
      const known = [
        "schemas",
        "id",
        "externalId",
        "meta",
        ...namesOf(core),
        ...extensions.map(({ id }) => String(id)),
      ];
      const user = await session.read("User", (await session.user()).id);
      const unknown = Object.keys(user).filter((name) => !known.includes(name));
      must(unknown.length === 0, `A user has attributes that /Schemas does not publish: ${unknown.join(", ")}.`);
    },
  },
  {
    id: "interop-endpoints",
    area: "Discovery",
    title: "Each resource type has its own endpoint",
    rule: { says: "Resources of different types do not share an endpoint.", source: `${DRAFT} §6.1` },
    fix: "Give each resource type an endpoint of its own.",
    run: async ({ discovery }) => {
      const endpoints = mustList(discovery.types).map(({ endpoint }) => endpoint);
      must(new Set(endpoints).size === endpoints.length, `The endpoints are ${endpoints.join(", ")}.`);
    },
  },
  {
    id: "interop-canonical-types",
    area: "Discovery",
    title: "Lists with a type publish the types that there are",
    rule: {
      says: "Every multi-valued attribute with type declares its canonicalValues. RFC 7643 knows none for roles and the like.",
      source: `${DRAFT} §5.4`,
    },
    fix: "Add canonicalValues to the sub-attribute type of emails, phoneNumbers, addresses ...",
    postern: PROFILE,
    run: async ({ discovery }) => {
      const lists = mustList(discovery.schemas)
        .flatMap(({ attributes }) => (Array.isArray(attributes) ? attributes : []))
        .filter(
          ({ name, multiValued, mutability }) => TYPED.has(name) && multiValued === true && mutability !== "readOnly",
        );
      const without = lists.filter(({ subAttributes }) => {
        const type = (Array.isArray(subAttributes) ? subAttributes : []).find((each) => each?.name === "type");
        return type && type.mutability !== "readOnly" && !(type.canonicalValues?.length > 0);
      });
      must(without.length === 0, `type has no canonicalValues in ${without.map(({ name }) => name).join(", ")}.`);
    },
  },
  {
    id: "interop-case-user-name",
    area: "Case",
    title: "userName ignores case, in filters and for uniqueness alike",
    rule: { says: "userName is not case-exact; filters and uniqueness follow the same rule.", source: `${DRAFT} §5.2` },
    fix: "Compare userName without regard to case in both.",
    run: async (session) => {
      const { id, userName } = await session.user();
      const other = swapCase(userName);
      mustFindOne(await session.filtered("User", `userName eq ${JSON.stringify(other)}`), id);
      mustAnswer(await session.post("User", session.body("User", { userName: other })), 409);
    },
  },
  {
    id: "interop-case-id",
    area: "Case",
    title: "id is compared with its case",
    rule: { says: "id is case-exact: abc-123 and ABC-123 are distinct.", source: `${DRAFT} §5.2` },
    fix: "Compare ids exactly, in paths and in filters.",
    postern: PROFILE,
    run: async (session) => {
      const { id } = await session.user();
      const other = swapCase(id);
      if (other === id) throw new Skip("The endpoint's ids have no letters.");
      mustAnswer(await session.get("User", other), 404);
      mustFindNothing(await session.filtered("User", `id eq "${other}"`));
    },
  },
  {
    id: "interop-case-external-id",
    area: "Case",
    title: "externalId is compared with its case",
    rule: { says: "externalId is case-exact, if it is supported.", source: `${DRAFT} §5.2` },
    fix: "Compare externalId exactly.",
    postern: PROFILE,
    run: async (session) => {
      const externalId = `Postern${randomLetters()}`;
      const { id } = await session.user({ externalId });
      if ((await session.read("User", id)).externalId !== externalId) throw new Skip("externalId is not supported.");
      mustFindNothing(await session.filtered("User", `externalId eq "${swapCase(externalId)}"`));
    },
  },
  {
    id: "interop-unknown-attribute",
    area: "POST /Users",
    title: "A creation with an unknown attribute is refused",
    rule: { says: "Attributes that no schema defines are 400 invalidSyntax.", source: `${DRAFT} §5.3` },
    fix: "Refuse unknown attributes with 400 and scimType invalidSyntax.",
    postern: `${PROFILE} \`unmapped: reject\` refuses them, too.`,
    run: async (session) => {
      mustRefuse(await session.post("User", { ...session.body("User"), [UNKNOWN]: "x" }), 400, "invalidSyntax");
    },
  },
  {
    id: "interop-unknown-schema",
    area: "POST /Users",
    title: "A creation with an unknown schema is refused",
    rule: { says: "Schema URIs that are not defined are 400 invalidSyntax.", source: `${DRAFT} §5.3` },
    fix: "Refuse unknown URIs in schemas with 400 and scimType invalidSyntax.",
    postern: PROFILE,
    run: async (session) => {
      const schemas = [session.users.schema, "urn:example:params:scim:schemas:extension:none:2.0:User"];
      mustRefuse(await session.post("User", { ...session.body("User"), schemas }), 400, "invalidSyntax");
    },
  },
  {
    id: "interop-unknown-attribute-patch",
    area: "PATCH /Users",
    title: "A PATCH of an unknown attribute is refused",
    rule: { says: "Attributes that no schema defines are 400 invalidSyntax.", source: `${DRAFT} §5.3` },
    fix: "Refuse unknown attributes with 400 and scimType invalidSyntax.",
    postern: PROFILE,
    run: async (session) => {
      const { id } = await session.user();
      const body = patchBody({ op: "add", path: UNKNOWN, value: "x" });
      mustRefuse(await session.tryPatch("User", id, body), 400, "invalidSyntax");
    },
  },
  {
    id: "interop-address",
    area: "GET /Users",
    title: "Resources are addressed by their id only",
    rule: {
      says: "The canonical URI is /{endpoint}/{id}; other attributes do not address resources.",
      source: `${DRAFT} §6.1`,
    },
    fix: "Set meta.location to /Users/{id}, and answer GET /Users/{userName} with 404.",
    run: async (session) => {
      const { id, userName } = await session.user();
      const { meta } = await session.read("User", id);
      const path = `${session.users.endpoint}/${encodeURIComponent(id)}`;
      must(
        String(meta?.location).endsWith(path),
        `meta.location is ${meta?.location}, which does not end with ${path}.`,
      );
      mustAnswer(await session.get("User", userName), 404);
    },
  },
  {
    id: "interop-media-type",
    area: "Transport",
    title: "All answers are application/scim+json",
    rule: { says: "All SCIM data has the Content-Type application/scim+json.", source: `${DRAFT} §6.2` },
    fix: "Send application/scim+json with resources, lists, errors and discovery.",
    run: async (session) => {
      const { config, types, schemas } = session.discovery;
      const { id } = await session.user();
      for (const answer of [
        config,
        types,
        schemas,
        await session.get("User", id),
        await session.get("User", randomId()),
      ])
        must(
          answer.text === "" || answer.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() === SCIM_JSON,
          `${answer.request} was answered with Content-Type ${answer.headers["content-type"] ?? "(none)"}.`,
        );
    },
  },
  {
    id: "interop-filter-and",
    area: "GET /Users",
    title: "Filters support eq and and",
    rule: { says: "The operators eq and and are supported.", source: `${DRAFT} §6.3` },
    fix: "Support and of two comparisons with eq.",
    run: async (session) => {
      const { id, userName } = await session.user();
      const both = (name: string) => `userName eq ${JSON.stringify(name)} and id eq "${id}"`;
      mustFindOne(await session.filtered("User", both(userName)), id);
      mustFindNothing(await session.filtered("User", both(randomEmail())));
    },
  },
  {
    id: "interop-filter-unknown",
    area: "GET /Users",
    title: "A filter by an unknown attribute is refused",
    rule: {
      says: "A filter that refers to an attribute that is not defined is 400 invalidFilter.",
      source: `${DRAFT} §6.3`,
    },
    fix: "Refuse such filters with 400 and scimType invalidFilter, instead of finding nothing or everybody.",
    run: async (session) => {
      mustRefuse(await session.filtered("User", `${UNKNOWN} eq "x"`), 400, "invalidFilter");
    },
  },
  {
    id: "interop-paging",
    area: "GET /Users",
    title: "Lists come in pages, by index or by cursor",
    rule: { says: "At least one of the two is supported, by index or by cursor.", source: `${DRAFT} §6.4; RFC 9865` },
    fix: "Support startIndex and count, or cursor and count.",
    run: async (session) => {
      for (let n = 0; n < 3; n++) await session.user();
      const { endpoint } = session.users;
      const first = await session.ask("GET", `${endpoint}?startIndex=1&count=2`);
      const second = await session.ask("GET", `${endpoint}?startIndex=3&count=2`);
      const ids = (answer: typeof first) => mustList(answer).map((each) => each?.id);
      const byIndex =
        ids(first).length === 2 && ids(second).length > 0 && !ids(second).some((id) => ids(first).includes(id));
      if (byIndex) return;
      const begun = mustList(await session.ask("GET", `${endpoint}?cursor&count=2`));
      must(begun.length === 2, "Neither startIndex and count nor cursor and count give a page of two users.");
    },
  },
  {
    id: "interop-page-size",
    area: "GET /Users",
    title: "A page of 100 can be requested",
    rule: { says: "A count of at least 100 is supported.", source: `${DRAFT} §6.4` },
    fix: "Allow count=100.",
    postern: "`limits.pageSize`.",
    run: async (session) => {
      await session.user();
      const answer = await session.ask("GET", `${session.users.endpoint}?startIndex=1&count=100`);
      const expected = Math.min(100, Number(answer.json?.totalResults));
      const size = mustList(answer).length;
      must(size === expected, `${answer.request} gave ${size} of ${answer.json.totalResults} users.`);
    },
  },
]);
