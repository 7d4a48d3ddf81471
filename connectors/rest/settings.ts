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
  .describe("The path below url; what stands in braces is JSONata, such as /users/{$key}, and is encoded.");

const query = z
  .record(z.string(), expression)
  .default({})
  .describe(
    "Parameters of the query: JSONata each; what gives nothing is left out, and an object's properties are parameters of their own.",
  );
const headers = z.record(z.string(), expression).default({}).describe("Headers, JSONata each.");

const question = { path, query, headers };

const undo = z.strictObject({
  ...question,
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).describe("The method."),
  body: expression.optional().describe("The body, JSONata."),
});

const step = undo.extend({
  method: z
    .enum(["POST", "PUT", "PATCH", "DELETE", "GET"])
    .describe("The method; what a GET gives is there for the calls behind it, in $answers."),
  when: expression.optional().describe("The call is made only where this is true."),
  accept: expression
    .optional()
    .describe(
      "JSONata over the answer, and $status: where it is true a failure is none, such as that a member is there already.",
    ),
  idempotencyKey: z
    .string()
    .optional()
    .describe(
      "A header by which the API knows a call that comes again: then it is sent again where the connection broke.",
    ),
  undo: undo.optional().describe("The call that takes this one back, where a later one fails."),
});
const steps = z
  .union([step.transform((one) => [one]), z.array(step).min(1)])
  .describe("A call, or several in their order.");

const page = z
  .strictObject({
    by: z
      .enum(["number", "offset", "cursor", "link", "next"])
      .describe(
        "number: $page; offset: $offset; cursor: $cursor, which `next` finds in the answer; link: the header Link, rel=next; next: an address that `next` finds in the answer.",
      ),
    size: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe("The most items that the API gives at a time; $limit is never more."),
    first: z.int().min(0).max(1).default(1).describe("The number of the first page."),
    next: expression.optional().describe("The next cursor or address, JSONata over the answer; nothing at the end."),
  })
  .refine(
    ({ by, next }) => (by === "cursor" || by === "next") === (next !== undefined),
    "`next` goes with by: cursor and by: next",
  )
  .describe("How the API gives a long list; without it, it gives all at once.");

const list = {
  ...question,
  method: z.enum(["GET", "POST"]).default("GET").describe("The method."),
  body: expression.optional().describe("The body, JSONata."),
  items: expression.default("$").describe("The items, JSONata over the answer."),
  page: page.optional(),
};

/** A question to the API: a value that is put into text by `&` must be quoted, or it could ask something else. */
const filterQuestion = expression.refine(
  (source) => !joinsBare(source, ["value"]),
  '$value is put into text as it is: a value could ask something else. Put $quoted there, and say by search.quote how the API\'s language quotes; or give an object, { "name": $value }',
);
const asked = z.union([
  filterQuestion,
  z.strictObject({
    to: filterQuestion.describe("What is asked."),
    exact: z.boolean().default(true).describe("Whether the API finds just that, and not more."),
    call: z
      .strictObject({
        ...list,
        items: list.items.describe("The items, JSONata over the answer: entries, or their keys."),
      })
      .optional()
      .describe(
        "The call to use for this operator instead of the kind's `search`: it has $where, $limit, $attrs and what `page` gives. A 404 means no match.",
      ),
  }),
]);
const filter = z
  .strictObject({
    caseExact: z.boolean().default(false).describe("Whether the API tells upper from lower case in it."),
    ...Object.fromEntries(
      (["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const).map((op) => [
        op,
        asked
          .optional()
          .describe(
            `What is asked for ${op}: JSONata over $value, and $quoted, the value in quotes. It gives what $where then is.`,
          ),
      ]),
    ),
    pr: asked.optional().describe("What is asked for the presence of a value."),
  })
  .describe("How the API finds entries by this attribute.");

const attribute = z.strictObject({
  filter: filter.optional(),
  list: z
    .boolean()
    .default(false)
    .describe("Whether the API keeps it as a list: it is sent as one, also of one value or of none."),
  read: z
    .strictObject({ ...list })
    .optional()
    .describe("A call that reads its values, made for each entry where they are wanted; each item is a value."),
  set: steps.optional().describe("Calls that set it, to $value or $values."),
  add: steps
    .optional()
    .describe("Calls that add a value, $value; or all of them at once, where they speak of $values."),
  remove: steps.optional().describe("Calls that take a value away, likewise."),
});

const snapshot = z
  .strictObject({
    seconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(300)
      .describe("How old the list may be that a new listing, or a look at one entry, is answered from."),
    timeout: z.int().min(1).max(7200).default(600).describe("Seconds that reading the list may take."),
    maxBytes: z
      .int()
      .min(1024)
      .max(17_179_869_184)
      .default(1_073_741_824)
      .describe("The largest list, in bytes, unpacked. It is never in memory as a whole."),
    maxItems: z.int().min(1).max(10_000_000).default(1_000_000).describe("The most items of the list."),
  })
  .describe(
    "For an API that gives its list all at once: Postern reads the list once, keeps it in a temporary file that ends with the process, and answers pages from it, by key. Without this each page reads the whole list. `items` is then a path, such as data.rows.",
  );
/** Settings of how a whole list is kept. */
export type SnapshotSettings = z.output<typeof snapshot>;

const kindFields = z.strictObject({
  key: z.string().describe("The attribute that holds the key."),
  entry: expression.optional().describe("The entry, JSONata over what the API gives of one; as it is without this."),
  within: expression
    .optional()
    .describe(
      "Whether an entry is of the kind, JSONata over the entry: others are not there, for reads, writes, deletions and references. The search should ask for the same.",
    ),
  get: z
    .strictObject({
      ...question,
      method: z.enum(["GET", "POST"]).default("GET").describe("The method."),
      body: expression.optional().describe("The body, JSONata."),
      item: expression
        .optional()
        .describe("What is the entry's in the answer, JSONata; where it gives nothing there is none."),
      gone: expression
        .optional()
        .describe(
          "JSONata over the answer: true if the entry counts as deleted, for APIs that keep deleted entries, such as `deactivated`. Postern then reads an entry before every change or deletion.",
        ),
    })
    .optional()
    .describe("The call that reads one entry, by $key. May be left out where search.snapshot has all of them."),
  search: z
    .strictObject({
      ...list,
      gives: z
        .array(z.string())
        .optional()
        .describe(
          "The attributes that the list gives, where it gives some alone: where others are wanted each entry is read by `get`.",
        ),
      total: expression.optional().describe("How many there are in all, JSONata over the answer, and $headers."),
      count: z
        .strictObject({
          ...question,
          method: list.method,
          body: list.body,
          total: expression.default("$").describe("How many there are, JSONata over the answer, and $headers."),
        })
        .optional()
        .describe("A call of its own that says how many there are, where the list's answer does not; it has $where."),
      countTo: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(1000)
        .describe("Where the API does not say how many there are: how far they are counted, by reading them."),
      atLeast: z
        .union([z.int().min(0).transform(String), expression])
        .optional()
        .describe(
          "How many items the list has at least where nothing is filtered, a number or JSONata over its last answer, and $headers: a list that ends before is a failed read, and nobody is taken for gone. Such as 1, or the API's own total.",
        ),
      snapshot: snapshot.optional(),
      quote: z
        .enum(quotes)
        .optional()
        .describe(
          "How the API's query language writes a value, for $quoted in filters: json (\"a\\\"b\"), odata ('a''b', as in SQL, too), backslash ('a\\'b') or lucene (\"a\\\"b\", one line). Numbers, true and false stand bare.",
        ),
      and: expression.optional().describe("Several of $conditions put together; without it only the first is asked."),
      or: expression.optional().describe("Any of $conditions."),
      not: expression.optional().describe("The opposite of $condition."),
    })
    .refine(
      ({ snapshot, page, items, gives }) =>
        !snapshot || (!page && !gives && (items === "$" || /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(items))),
      "a list with a snapshot is given all at once: without `page` and `gives`, and with a path as `items`, such as data.rows",
    )
    .describe("The call that lists entries: $where, $limit, $attrs, and what `page` gives."),
  create: steps.optional().describe("The calls that create an entry, which is the input. Refused without it."),
  created: z
    .strictObject({
      key: expression
        .optional()
        .describe(
          "The new key, JSONata over the first answer; by default the attribute `key` in it, or in what was sent.",
        ),
      lookFirst: z
        .boolean()
        .optional()
        .describe(
          "Looks whether there is one of this key before it is made: for an API whose PUT replaces what is there. By default where the first call of `create` is a PUT.",
        ),
    })
    .prefault({})
    .describe("What the answer of the first call says."),
  update: steps
    .optional()
    .describe(
      "The calls that change one: $changed are the new values (null: none), $entry the entry before, the input the entry after.",
    ),
  delete: steps.optional().describe("The calls that delete one. Refused without it."),
  version: expression
    .optional()
    .describe("The entry's version, JSONata over the answer of `get`, and $headers; $version in changes."),
  attributes: z
    .record(z.string(), attribute)
    .default({})
    .describe("What is special about an attribute. a.b is the property b of a."),
  secrets: z.array(z.string()).default(["password"]).describe("Attributes whose values are shown nowhere."),
});
const kind = kindFields.refine(
  ({ get, search, create, update, delete: removal }) => get || (search.snapshot && !create && !update && !removal),
  "`get` is missing: it may be left out only of a kind that is read alone, and has search.snapshot",
);
/** Settings of a kind. */
export type KindSettings = z.output<typeof kind>;
/** Settings of a call among several. */
export type StepSettings = z.output<typeof step>;
/** Settings of a call that takes another back. */
export type UndoSettings = z.output<typeof undo>;
/** Settings of a call that lists. */
export type ListSettings = Pick<
  KindSettings["search"],
  "path" | "query" | "headers" | "method" | "body" | "items" | "page"
>;
/** Settings of what an operator asks. */
export type AskedSettings = z.output<typeof asked>;

const failure = z.strictObject({
  when: expression.describe("JSONata over the answer's body, and $status, $headers: whether it is this."),
  is: z
    .enum(["notFound", "conflict", "invalid", "denied", "versionMismatch", "throttled", "unavailable"])
    .describe("What it means."),
  detail: expression.optional().describe("What is said of it, JSONata over the answer's body."),
  attribute: z.string().optional().describe("The attribute that is to blame."),
});

/** Settings of the connector. */
export const config = z.strictObject({
  ...httpSettings,
  failures: z
    .array(failure)
    .default([])
    .describe("What failures mean that their status does not say. Looked at in turn, and before the status."),
  probe: z
    .strictObject({ ...question, method: list.method, body: list.body })
    .optional()
    .describe("A call that says whether the API serves; a search for one entry without it."),
  kinds: z.record(z.string(), kind).describe("The kinds of entries, each with its calls."),
});
/** The connector's settings, with the defaults. */
export type Settings = z.output<typeof config>;
