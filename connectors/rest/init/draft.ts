import { answerOf, type Collection, isPlainName, type OpenApi, propertiesOf, queryOf } from "./openapi.ts";

/** What a kind of an API's is drafted to. */
export interface KindDraft {
  readonly settings: Readonly<Record<string, unknown>>;
  /** What an attribute of a mapping is made of, by SCIM path. */
  readonly rows: ReadonlyMap<string, string | Readonly<Record<string, unknown>>>;
  readonly notes: readonly string[];
}

const USER: readonly (readonly [RegExp, string])[] = [
  [/^(username|login|loginname|userlogin|account)$/, "userName"],
  [/^externalid$/, "externalId"],
  [/^(givenname|firstname)$/, "name.givenName"],
  [/^(familyname|lastname|surname)$/, "name.familyName"],
  [/^(displayname|fullname|name)$/, "displayName"],
  [/^(title|jobtitle|position)$/, "title"],
  [/^(email|mail|emailaddress)$/, 'emails[type eq "work"].value'],
  [/^(phone|phonenumber|telephone|workphone)$/, 'phoneNumbers[type eq "work"].value'],
  [/^(mobile|mobilephone|cellphone)$/, 'phoneNumbers[type eq "mobile"].value'],
  [/^(active|enabled|isactive|isenabled)$/, "active"],
  [/^(disabled|suspended|blocked|deactivated|isdisabled)$/, "active"],
  [/^(locale|language|preferredlanguage)$/, "preferredLanguage"],
  [/^(employeenumber|employeeid|personnelnumber)$/, "enterprise:employeeNumber"],
  [/^department$/, "enterprise:department"],
  [/^costcenter$/, "enterprise:costCenter"],
  [/^password$/, "password"],
];
const GROUP: readonly (readonly [RegExp, string])[] = [
  [/^externalid$/, "externalId"],
  [/^(displayname|name|title)$/, "displayName"],
];
const REQUIRED = { user: "userName", group: "displayName" } as const;

/** Drafts a kind and the rows of its mapping from a list of an API's. */
export function draftKind(api: OpenApi, collection: Collection, kind: "user" | "group"): KindDraft {
  const { path, itemPath, create, update, canDelete } = collection;
  const notes: string[] = [];
  const { items, element, total, next } = listOf(api, collection);
  const properties = flat(
    api,
    Object.keys(element).length > 0 ? element : propertiesOf(api, answerOf(api, collection.get)),
  );
  const parameter = itemPath?.slice(path.length + 2, -1);
  const key =
    ["id", "uuid", "guid", "_id", parameter].find((each) => each !== undefined && properties.has(each)) ?? "id";
  const rows = rowsOf(properties, kind, key, notes);
  const call = itemPath === undefined ? `${path}/{$key}` : itemPath.replace(/\{[^/{}]+\}$/, "{$key}");
  if (!collection.get) notes.push(`${kind}: the document has no call for a single one: GET ${call} is a guess.`);
  if (!create) notes.push(`${kind}: the document has no POST ${path}: none can be created.`);
  if (!update) notes.push(`${kind}: the document has no PATCH or PUT for one: none can be changed.`);
  const maxima = queryOf(api, collection.list);
  const parameters = [...maxima.keys()];
  const { query, page } = pagesOf(maxima, next);
  const filters = filtersOf(parameters, properties);
  const cursor = parameters.find((each) => CURSOR.test(each));
  if (!page)
    notes.push(
      cursor === undefined
        ? `${kind}: no parameters for pages are known: the list is read as one answer.`
        : `${kind}: ${cursor} looks like a cursor, but the document does not say where the answer has the next one: the list is read as one answer until you set search.page.`,
    );
  if (Object.keys(filters).length === 0)
    notes.push(
      `${kind}: no parameter finds one by a property: look-ups read the whole list. See docs/guides/rest.md#finding.`,
    );
  return {
    notes,
    rows,
    settings: {
      key,
      get: { path: call },
      search: {
        path,
        ...((page || Object.keys(filters).length > 0) && {
          query: { ...query, ...(Object.keys(filters).length > 0 && { where: "$where" }) },
        }),
        ...(items !== "$" && { items }),
        ...(total !== undefined && { total }),
        ...(page && { page }),
      },
      ...(create && { create: { method: "POST", path, body: "$" } }),
      ...(update && { update: { method: update, path: call, body: update === "PUT" ? "$" : "$changed" } }),
      ...(canDelete && { delete: { method: "DELETE", path: call } }),
      ...(Object.keys(filters).length > 0 && { attributes: filters }),
    },
  };
}

/** Where the items are in the list's answer, what one has, and where the total is. */
function listOf(api: OpenApi, { list }: Collection) {
  const answer = answerOf(api, list);
  const elementOf = (schema: Readonly<Record<string, unknown>> | undefined) =>
    propertiesOf(api, api.resolved(schema?.items));
  if (!answer || answer.type === "array")
    return { items: "$", element: elementOf(answer), total: undefined, next: undefined };
  const properties = Object.fromEntries(
    Object.entries(propertiesOf(api, answer)).filter(([name]) => isPlainName(name)),
  );
  const lists = Object.entries(properties).filter(([, each]) => each.type === "array");
  const usual = lists.find(([name]) => /^(data|items|results|value|records|users|groups)$/i.test(name)) ?? lists[0];
  const places = Object.entries(properties).flatMap(([name, each]) => [
    name,
    ...Object.keys(propertiesOf(api, each)).map((inner) => `${name}.${inner}`),
  ]);
  const total = places.find((place) => /(^|\.)(total|totalCount|total_count|totalResults|totalItems)$/i.test(place));
  const next = places.find((place) => NEXT.test(place) && /^[\w.]+$/.test(place));
  return { items: usual?.[0] ?? "$", element: elementOf(usual?.[1]), total, next };
}

/** Properties by their place: those of objects within, too. */
function flat(
  api: OpenApi,
  properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Map<string, string> {
  const places = Object.entries(properties).flatMap(([name, each]): [string, string][] => {
    const inner = Object.entries(propertiesOf(api, each)).map(([sub, of]): [string, string] => [
      `${name}.${sub}`,
      String(of.type),
    ]);
    return inner.length > 0 ? inner : [[name, String(each.type)]];
  });
  return new Map(places.filter(([place]) => isPlainName(place)));
}

const plain = (place: string) =>
  place
    .split(".")
    .at(-1)!
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

function rowsOf(properties: ReadonlyMap<string, string>, kind: "user" | "group", key: string, notes: string[]) {
  const rows = new Map<string, string | Readonly<Record<string, unknown>>>([["id", { attr: key, readOnly: true }]]);
  const used = new Set<string>([key]);
  for (const [pattern, path] of kind === "user" ? USER : GROUP)
    for (const [place, type] of properties) {
      if (rows.has(path) || used.has(place) || type === "array" || !pattern.test(plain(place))) continue;
      const isNegated = /^(is)?(disabled|suspended|blocked|deactivated)$/.test(plain(place));
      rows.set(path, path === "password" ? { attr: place, writeOnly: true } : isNegated ? negated(place) : place);
      used.add(place);
    }
  const required = REQUIRED[kind];
  if (!rows.has(required)) {
    const mail = rows.get('emails[type eq "work"].value');
    if (kind === "user" && typeof mail === "string") {
      rows.delete('emails[type eq "work"].value');
      rows.set(required, mail);
      rows.set('emails[type eq "work"].value', { attr: mail, readOnly: true });
      notes.push(`user: no property looks like a user name: ${mail} stands for it.`);
    } else {
      rows.set(required, `CHOOSE_A_PROPERTY`);
      notes.push(`${kind}: no property looks like ${required}: name it in place of CHOOSE_A_PROPERTY.`);
    }
  }
  const others = [...properties.keys()].filter((place) => !used.has(place));
  if (others.length > 0) notes.push(`${kind}: not mapped: ${others.slice(0, 30).join(", ")}.`);
  return rows;
}

const negated = (attr: string) => ({ attr, as: { values: { true: false, false: true } } });

const CURSOR = /^(cursor|page_?token|next_?token|continuation_?token|starting_?after|after|marker)$/i;
const NEXT =
  /(^|\.)(next_?cursor|next_?page_?token|next_?token|continuation_?token|next_?marker|cursors?\.(next|after))$/i;

/** How the list's pages are asked for, and where its answer has the next cursor. */
function pagesOf(maxima: ReadonlyMap<string, number | undefined>, next: string | undefined) {
  const named = (pattern: RegExp) => [...maxima.keys()].find((each) => pattern.test(each));
  const size = named(/^(per_?page|page_?size|limit|size|count|max_?results|top|\$top)$/i);
  const number = named(/^(page|page_?number)$/i);
  // A page that is shorter than asked is taken for the last one: no more is asked for than the API gives.
  const most = Math.floor((size !== undefined && maxima.get(size)) || 100);
  const pageSize = most > 0 ? Math.min(most, 100) : 100;
  const offset = named(/^(offset|skip|\$skip|start|start_?index)$/i);
  if (number !== undefined)
    return {
      query: { ...(size !== undefined && { [size]: "$limit" }), [number]: "$page" },
      page: { by: "number", size: pageSize },
    };
  if (offset !== undefined)
    return {
      query: { ...(size !== undefined && { [size]: "$limit" }), [offset]: "$offset" },
      page: { by: "offset", size: pageSize },
    };
  const cursor = named(CURSOR);
  if (cursor !== undefined && next !== undefined)
    return {
      query: { ...(size !== undefined && { [size]: "$limit" }), [cursor]: "$cursor" },
      page: { by: "cursor", next, size: pageSize },
    };
  return { query: {}, page: undefined };
}

/** Properties that a parameter of the list finds by its own name. Whether it finds just that nobody says. */
function filtersOf(parameters: readonly string[], properties: ReadonlyMap<string, string>) {
  const found = [...properties].flatMap(([place, type]) => {
    const parameter = parameters.find((each) => plain(each) === plain(place));
    return parameter === undefined || type === "boolean" || type === "array"
      ? []
      : [[place, { filter: { eq: { to: `{ ${JSON.stringify(parameter)}: $value }`, exact: false } } }] as const];
  });
  return Object.fromEntries(found);
}
