import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileFilter } from "../../src/scim/evaluate.ts";
import { typedFilter } from "../../src/scim/path.ts";
import { builtInTypes, type Resource } from "../../src/scim/schema.ts";
import { send } from "../clients/replay.ts";
import type { TestGateway } from "../servers/gateway.ts";

const SIDE_BY_SIDE = 16;
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const [userType] = builtInTypes;

/** Texts that fold, sort or mean something to some backend. */
const texts = [
  "ann",
  "Ann",
  "bo",
  "annex",
  "a%n",
  "a_n",
  "*",
  "(uid=*)",
  "a\\b",
  "o'x",
  'q"q',
  "é",
  "É",
  "日本 Ω",
  "straße",
  "10",
  "9",
  "x y",
  "true",
];
const text = fc.constantFrom(...texts);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** A user whose values fold, sort or mean something to some backend. */
export const drawnUser = fc.record({
  title: maybe(text),
  preferredLanguage: maybe(text),
  externalId: maybe(text),
  active: fc.boolean(),
  name: fc.record({ givenName: maybe(text), familyName: text }),
  mail: maybe(fc.constantFrom("ann@x.test", "BO@x.test", "c@y.test")),
  work: maybe(fc.constantFrom("1", "3", "22-33", "+47 22 33")),
  mobile: maybe(fc.constantFrom("1", "2", "+47 22 33")),
  department: maybe(text),
  employeeNumber: maybe(text),
});

const single = fc.constantFrom(
  "title",
  "preferredLanguage",
  "externalId",
  "name.givenName",
  "name.familyName",
  "userName",
  "displayName",
  `${ENTERPRISE}:department`,
  "employeeNumber",
);
const listed = fc.constantFrom(
  "emails",
  "emails.value",
  'emails[type eq "work"].value',
  'emails[type eq "home"].value',
  "phoneNumbers.value",
  'phoneNumbers[type eq "mobile"].value',
  'phoneNumbers[not (type eq "work")].value',
  'phoneNumbers[value sw "1"].type',
);
const op = fc.constantFrom("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le");
const literal = fc
  .oneof(
    text,
    text.map((each) => each.slice(0, 2)),
    fc.constantFrom("work", "mobile", "@x", "ANN@X.TEST", "1"),
  )
  .map((each) => JSON.stringify(each));
const leaf = fc.oneof(
  { arbitrary: fc.tuple(fc.oneof(single, listed), op, literal).map((parts) => parts.join(" ")), weight: 6 },
  { arbitrary: fc.oneof(single, listed).map((path) => `${path} pr`), weight: 2 },
  {
    arbitrary: fc.constantFrom(
      "active eq true",
      "active ne true",
      "active eq false",
      'active eq "False"',
      "not (active pr)",
      'meta.resourceType eq "User"',
      'meta.created gt "2020-01-01T00:00:00+02:00"',
      'meta.lastModified lt "2020-01-01T00:00:00Z"',
      "title eq null",
      "emails.primary eq true",
    ),
    weight: 1,
  },
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom("emails", "phoneNumbers"),
        op,
        literal,
        fc.constantFrom("and", "or"),
        fc.constantFrom('type eq "work"', 'not (type eq "mobile")', "value pr"),
      )
      .map(([path, each, value, logic, other]) => `${path}[value ${each} ${value} ${logic} ${other}]`),
    weight: 2,
  },
);
/** A drawn user as a resource, without its names. */
export function resourceOf({ mail, work, mobile, department, employeeNumber, ...rest }: Drawn) {
  return {
    ...rest,
    ...(mail && { emails: [{ type: "work", value: mail, primary: true }] }),
    phoneNumbers: [
      ...(work ? [{ type: "work", value: work }] : []),
      ...(mobile ? [{ type: "mobile", value: mobile }] : []),
    ],
    [ENTERPRISE]: { department, employeeNumber },
  };
}
type Drawn = typeof drawnUser extends fc.Arbitrary<infer Value> ? Value : never;

/** A filter on such users. */
export const drawnFilter = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(tie("filter"), fc.constantFrom("and", "or"), tie("filter"))
      .map(([one, logic, two]) => `(${one}) ${logic} (${two})`),
    tie("filter").map((inner) => `not (${inner})`),
  ),
})).filter;

/**
 * The law of filters: what the backend and the gateway find together is what the filter means, evaluated in memory. `npm run test:long`
 * draws 10,000.
 */
export function filterSuite(backend: string, start: () => Promise<TestGateway>, most = 3000): void {
  const filters = Number(process.env.FILTERS ?? most);
  describe(`filters on ${backend}`, () => {
    let gateway: TestGateway;
    let population: Resource[];
    beforeAll(async () => {
      gateway = await start();
      for (const [n, drawn] of fc.sample(drawnUser, { numRuns: 40, seed: 11 }).entries()) {
        const body = { ...resourceOf(drawn), userName: `drawn${n}`, displayName: texts[n % texts.length] };
        const made = await send(gateway, "POST", "/Users", body);
        expect(made.status, made.text).toBe(201);
      }
      population = (await send(gateway, "GET", "/Users")).json.Resources;
    });
    afterAll(() => gateway.stop());

    const find = async (text: string): Promise<string[]> => {
      const {
        status,
        json,
        text: answer,
      } = await send(gateway, "GET", `/Users?attributes=id&filter=${encodeURIComponent(text)}`);
      expect(status, `${text}: ${answer}`).toBe(200);
      expect(json.totalResults).toBe(json.Resources.length);
      return json.Resources.map((each: Resource) => each.id);
    };
    const meant = (text: string) => {
      const matches = compileFilter(typedFilter(text, userType!), userType!);
      return population.filter(matches).map(({ id }) => id);
    };

    test(`RFC 7644 §3.4.2.2: $filtersdrawn filters find what they mean`, {
      timeout: 60_000 + filters * 30,
    }, async () => {
      const drawn = fc.sample(drawnFilter, { numRuns: filters, seed: Number(process.env.SEED ?? 1) });
      let someFound = 0;
      for (let from = 0; from < filters; from += SIDE_BY_SIDE) {
        await Promise.all(
          drawn.slice(from, from + SIDE_BY_SIDE).map(async (each) => {
            const [found, expected] = [await find(each), meant(each)];
            expect(found.toSorted(), each).toEqual(expected.toSorted());
            if (found.length > 0 && found.length < population.length) someFound++;
          }),
        );
      }
      // The draw is worth something only where filters part the population.
      expect(someFound).toBeGreaterThan(filters / 4);
    });
  });
}
