import { type HrRequest, isUser, startHr } from "./server.ts";

type Nav = readonly Readonly<Record<string, unknown>>[];
/** A person with navs as lists, which the stand-in wraps. */
export interface Person {
  readonly personIdExternal: string;
  readonly [name: string]: unknown;
}

const isNav = (name: string) => name.endsWith("Nav") || name.endsWith("DEFLT");

/** A thing with its navs as OData v2 writes them: deferred unless they are expanded. */
function expanded(thing: Readonly<Record<string, unknown>>, paths: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(thing).map(([name, value]) => {
      if (!isNav(name)) return [name, value];
      if (!paths.some((path) => path === name || path.startsWith(`${name}/`)))
        return [name, { __deferred: { uri: `https://api.example.com/odata/v2/x/${name}` } }];
      const inner = paths.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1));
      const nav = Array.isArray(value)
        ? { results: (value as Nav).map((each) => expanded(each, inner)) }
        : expanded(value as Record<string, unknown>, inner);
      return [name, nav];
    }),
  );
}

/** Whether somebody of the person's employments may sign in: others are left out, unless they are asked for. */
const isListed = (person: Person, { query }: HrRequest): boolean => {
  const asked = query.get("$filter") ?? "";
  const statuses = /employmentNav\/userNav\/status in (.*)/.exec(asked)?.[1] ?? "'t'";
  return (person.employmentNav as { userStatus?: string }[]).some(({ userStatus = "t" }) =>
    statuses.includes(`'${userStatus}'`),
  );
};

/**
 * Employee Central's OData v2: XML without `$format=json`, pages by a link to the next one, navs that are deferred unless they are expanded,
 * people who have left only where the filter asks for them, and employments in no order.
 */
export const startSuccessFactors = () =>
  startHr<Person>((request, people) => {
    const { path, query, base } = request;
    if (!isUser(request, "postern@example", "secret"))
      return {
        status: 401,
        body: { error: { code: "LGN_0004", message: { lang: "en-US", value: "[LGN0004] Login failed" } } },
      };
    if (query.get("$format") !== "json") return { body: "<feed/>" };
    const shown = (each: Person) => expanded(each, (query.get("$expand") ?? "").split(","));
    const key = /^\/odata\/v2\/PerPerson\('((?:[^']|'')*)'\)$/.exec(path)?.[1]?.replaceAll("''", "'");
    if (key !== undefined) {
      const found = people.find(({ personIdExternal }) => personIdExternal === key);
      return found
        ? { body: { d: shown(found) } }
        : { status: 404, body: { error: { code: "NotFound", message: { value: "Entity PerPerson not found" } } } };
    }
    const listed = people.filter((each) => isListed(each, request));
    const from = Number(query.get("$skiptoken") ?? 0);
    const size = Math.min(Number(query.get("customPageSize") ?? 1000), 1000);
    const next = new URL(path, base);
    for (const [name, value] of query) next.searchParams.set(name, value);
    next.searchParams.set("$skiptoken", String(from + size));
    return {
      body: {
        d: {
          results: listed.slice(from, from + size).map(shown),
          ...(query.get("$inlinecount") === "allpages" && { __count: String(listed.length) }),
          ...(from + size < listed.length && { __next: next.href }),
        },
      },
    };
  });
