import { z } from "zod";
import { expression, httpSettings } from "../../src/http/settings.ts";
import { pathParts } from "./path.ts";
import { joinsBare, quotes } from "./quotes.ts";

const path = z
  .string()
  .superRefine((given, context) => {
    try {
      pathParts(given);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  })
  .describe("Path below url. Expressions in braces are JSONata and are encoded, such as /users/{$key}.");

const query = z
  .record(z.string(), expression)
  .default({})
  .describe(
    "Query parameters, each a JSONata expression. Empty values are left out; the properties of an object are separate parameters.",
  );
const headers = z.record(z.string(), expression).default({}).describe("Headers, each a JSONata expression.");

const question = { path, query, headers };

const undo = z.strictObject({
  ...question,
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).describe("HTTP method."),
  body: expression.optional().describe("Request body, JSONata."),
});

const step = undo.extend({
  method: z
    .enum(["POST", "PUT", "PATCH", "DELETE", "GET"])
    .describe("HTTP method. Later calls find the response of a GET in $answers."),
  when: expression.optional().describe("Makes the call only if this is true."),
  accept: expression
    .optional()
    .describe(
      "JSONata over the response and $status. If true, a failure counts as success, for example because a member is already there.",
    ),
  idempotencyKey: z
    .string()
    .optional()
    .describe("Header with an idempotency key. If set, the call is repeated when the connection breaks."),
  undo: undo.optional().describe("Call that undoes this one if a later one fails."),
});
const steps = z
  .union([step.transform((one) => [one]), z.array(step).min(1)])
  .describe("A call, or a sequence of calls.");

const page = z
  .strictObject({
    by: z
      .enum(["number", "offset", "cursor", "link", "next"])
      .describe(
        "Paging method. number: $page; offset: $offset; cursor: $cursor, read from the response by `next`; link: the Link header with rel=next; next: a URL read from the response by `next`.",
      ),
    size: z.int().min(1).max(10_000).default(100).describe("Maximum page size of the API. $limit never exceeds it."),
    first: z.int().min(0).max(1).default(1).describe("Number of the first page."),
    next: expression.optional().describe("Next cursor or URL, JSONata over the response; empty at the end."),
  })
  .refine(
    ({ by, next }) => (by === "cursor" || by === "next") === (next !== undefined),
    "`next` is used with by: cursor and by: next",
  )
  .describe("How the API pages long lists. Default: it returns all items at once.");

const list = {
  ...question,
  method: z.enum(["GET", "POST"]).default("GET").describe("HTTP method."),
  body: expression.optional().describe("Request body, JSONata."),
  items: expression.default("$").describe("List of items, JSONata over the response."),
  page: page.optional(),
};

/** A query for the API. A value that is inserted into text by `&` must be quoted, or it could change the query. */
const filterQuestion = expression.refine(
  (source) => !joinsBare(source, ["value"]),
  '$value is inserted into text unquoted and could change the query. Use $quoted, and set search.quote to the quoting of the API\'s language; or return an object, { "name": $value }',
);
const asked = z.union([
  filterQuestion,
  z.strictObject({
    to: filterQuestion.describe("Query for this operator."),
    exact: z.boolean().default(true).describe("Whether the API's answer is exact. If not, it may contain more."),
    call: z
      .strictObject({
        ...list,
        items: list.items.describe("List of items, JSONata over the response: entries, or their keys."),
      })
      .optional()
      .describe(
        "Call to use for this operator instead of the kind's `search`. It has $where, $limit, $attrs and the variables of `page`. A 404 means no match.",
      ),
  }),
]);
const filter = z
  .strictObject({
    caseExact: z.boolean().default(false).describe("Whether the API compares this attribute case-sensitively."),
    ...Object.fromEntries(
      (["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const).map((op) => [
        op,
        asked
          .optional()
          .describe(`Query for ${op}: JSONata over $value, and $quoted, the quoted value. The result becomes $where.`),
      ]),
    ),
    pr: asked.optional().describe("Query for the presence of a value."),
  })
  .describe("How the API filters by this attribute.");

const attribute = z.strictObject({
  filter: filter.optional(),
  list: z
    .boolean()
    .default(false)
    .describe("Whether the API stores a list. If so a list is sent even for one value or none."),
  read: z
    .strictObject({ ...list })
    .optional()
    .describe("Call that reads the values, made for each entry when they are requested. Each item is a value."),
  set: steps.optional().describe("Calls that set the attribute to $value or $values."),
  add: steps.optional().describe("Calls that add $value; or all values at once if they use $values."),
  remove: steps.optional().describe("Calls that remove $value; or all values at once if they use $values."),
});

const snapshot = z
  .strictObject({
    seconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(300)
      .describe("Maximum age of the list, in seconds, for a new listing or a read of one entry."),
    timeout: z.int().min(1).max(7200).default(600).describe("Time limit for reading the list, in seconds."),
    maxBytes: z
      .int()
      .min(1024)
      .max(17_179_869_184)
      .default(1_073_741_824)
      .describe("Maximum size of the list in bytes, uncompressed. It is never held in memory as a whole."),
    maxItems: z.int().min(1).max(10_000_000).default(1_000_000).describe("Maximum number of items."),
  })
  .describe(
    "For an API that returns its whole list at once: Postern reads it once into a temporary file and serves pages from there, in order of the key. Otherwise each page reads the whole list. `items` must then be a path, such as data.rows.",
  );
/** Snapshot settings. */
export type SnapshotSettings = z.output<typeof snapshot>;

const kindFields = z.strictObject({
  key: z.string().describe("Attribute that holds the key."),
  entry: expression
    .optional()
    .describe("The entry, JSONata over the response for one entry. Default: the whole response."),
  within: expression
    .optional()
    .describe(
      "Whether an entry is of this kind, JSONata over the entry. Others cannot be read, written, deleted or referenced. The search should use the same condition.",
    ),
  get: z
    .strictObject({
      ...question,
      method: z.enum(["GET", "POST"]).default("GET").describe("HTTP method."),
      body: expression.optional().describe("Request body, JSONata."),
      item: expression
        .optional()
        .describe("The entry within the response, JSONata. An empty result means that there is no entry."),
      gone: expression
        .optional()
        .describe(
          "JSONata over the response: true if the entry counts as deleted, for APIs that keep deleted entries, such as `deactivated`. Postern then reads an entry before every change or deletion.",
        ),
    })
    .optional()
    .describe("Call that reads one entry by $key. Optional if search.snapshot contains all of them."),
  search: z
    .strictObject({
      ...list,
      gives: z
        .array(z.string())
        .optional()
        .describe(
          "Attributes that the list contains, if not all. Each entry is read by `get` when others are requested.",
        ),
      total: expression.optional().describe("The total, JSONata over the response and $headers."),
      count: z
        .strictObject({
          ...question,
          method: list.method,
          body: list.body,
          total: expression.default("$").describe("The total, JSONata over the response and $headers."),
        })
        .optional()
        .describe("Separate call that returns the total, if the list's response does not. It has $where."),
      countTo: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(1000)
        .describe("How far entries are counted, by reading them, if the API does not report a total."),
      atLeast: z
        .union([z.int().min(0).transform(String), expression])
        .optional()
        .describe(
          "Minimum length of the unfiltered list: a number, or JSONata over its last response and $headers. A shorter list is treated as a failed read, so that nobody seems to have left. For example 1, or the API's own total.",
        ),
      snapshot: snapshot.optional(),
      quote: z
        .enum(quotes)
        .optional()
        .describe(
          "Quoting of the API's query language, for $quoted in filters: json (\"a\\\"b\"), odata ('a''b', also SQL's), backslash ('a\\'b') or lucene (\"a\\\"b\", one line). Numbers, true and false are not quoted.",
        ),
      and: expression.optional().describe('Combines $conditions with "and". Without it only one of them is sent.'),
      or: expression.optional().describe('Combines $conditions with "or".'),
      not: expression.optional().describe("Negates $condition."),
    })
    .refine(
      ({ snapshot, page, items, gives }) =>
        !snapshot || (!page && !gives && (items === "$" || /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(items))),
      "a list with a snapshot is returned at once: remove `page` and `gives`, and use a path as `items`, such as data.rows",
    )
    .describe("Call that lists entries. It has $where, $limit, $attrs and the variables of `page`."),
  create: steps
    .optional()
    .describe("Calls that create an entry, which is the input. Without them, creation is refused."),
  created: z
    .strictObject({
      key: expression
        .optional()
        .describe(
          "Key of the new entry, JSONata over the first response. Default: the attribute `key` in the response, or in the request.",
        ),
      lookFirst: z
        .boolean()
        .optional()
        .describe(
          "Checks for an existing entry with the key first: for APIs whose PUT replaces it. Default: true if the first call of `create` is a PUT.",
        ),
    })
    .prefault({})
    .describe("What the first response contains."),
  update: steps
    .optional()
    .describe(
      "Calls that change an entry: $changed has the new values (null for none), $entry the entry before, the input the entry after.",
    ),
  delete: steps.optional().describe("Calls that delete an entry. Without them, deletion is refused."),
  version: expression
    .optional()
    .describe("Version of the entry, JSONata over the response of `get` and $headers. Changes have it as $version."),
  attributes: z
    .record(z.string(), attribute)
    .default({})
    .describe("Settings of single attributes. a.b is property b of a."),
  secrets: z.array(z.string()).default(["password"]).describe("Attributes whose values are never shown."),
});
const kind = kindFields.refine(
  ({ get, search, create, update, delete: removal }) => get || (search.snapshot && !create && !update && !removal),
  "`get` is missing: it is optional only for a read-only kind with search.snapshot",
);
/** Settings of a kind. */
export type KindSettings = z.output<typeof kind>;
/** Settings of a call in a sequence. */
export type StepSettings = z.output<typeof step>;
/** Settings of an undo call. */
export type UndoSettings = z.output<typeof undo>;
/** Settings of a list call. */
export type ListSettings = Pick<
  KindSettings["search"],
  "path" | "query" | "headers" | "method" | "body" | "items" | "page"
>;
/** Settings of a filter operator. */
export type AskedSettings = z.output<typeof asked>;

const failure = z.strictObject({
  when: expression.describe("JSONata over the response body, $status and $headers: true if the rule applies."),
  is: z
    .enum(["notFound", "conflict", "invalid", "denied", "versionMismatch", "throttled", "unavailable"])
    .describe("Meaning of the failure."),
  detail: expression.optional().describe("Error message, JSONata over the response body."),
  attribute: z.string().optional().describe("Attribute that caused the failure."),
});

/** Settings of the connector. */
export const config = z.strictObject({
  ...httpSettings,
  failures: z
    .array(failure)
    .default([])
    .describe("Rules for failures that the status does not express. They are checked in order, before the status."),
  probe: z
    .strictObject({ ...question, method: list.method, body: list.body })
    .optional()
    .describe("Call that tells whether the API is available. Default: a search for one entry."),
  kinds: z.record(z.string(), kind).describe("The kinds of entries, each with its calls."),
});
/** The connector's settings with defaults. */
export type Settings = z.output<typeof config>;
