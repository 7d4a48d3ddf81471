import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BackendOperation, Value } from "../connector/connector.ts";
import { ConnectorError } from "../connector/error.ts";
import { badRequest, notNow } from "../scim/error.ts";
import { parseFilter } from "../scim/filter.ts";
import { builtInTypes } from "../scim/schema.ts";
import { idOfTime, journalId } from "./entry.ts";
import { membersIn, namedBy, sentenceOf } from "./members.ts";
import { entryOf, type Happened } from "./render.ts";
import { addCall, beginTrace, type CallName } from "./trace.ts";

const [user] = builtInTypes.filter(({ name }) => name === "User");

/** Text that stands nowhere but where it was sent. */
const marker = fc.stringMatching(/^[a-z]{3,9}$/).map((text) => `§${text}§`);
const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    marker,
    fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("value", "type", "display", "formatted", "givenName", "odd"), tie("value"), {
      maxKeys: 3,
    }),
  ),
})).value;
const attribute = fc.constantFrom(
  ...[
    "title",
    "name",
    "emails",
    "nickName",
    "password",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "unknown",
  ],
);
/** Filters, also such as nobody can parse. */
const FILTERS = [
  'title eq "TEXT" and not (nickName co "TEXT")',
  "TEXT TEXT",
  'title eq "TEXT',
  "title eq TEXT)",
  '("TEXT',
];
const resource = fc.dictionary(attribute, value, { minKeys: 1, maxKeys: 5 });
const operation = fc.record(
  {
    op: fc.constantFrom("add", "Replace", "remove"),
    path: fc.oneof(
      attribute,
      marker.map((text) => `emails[value eq "${text}"].value`),
      marker.map((text) => `phoneNumbers[value sw "${text}" and type eq "work"]`),
      marker.map((text) => `emails[value eq "${text}`),
    ),
    value: fc.oneof(value, resource),
  },
  { requiredKeys: ["op"] },
);
const sent = fc.oneof(
  resource.map((body) => ({ action: "create" as const, body })),
  resource.map((body) => ({ action: "replace" as const, body })),
  fc.array(operation, { maxLength: 4 }).map((Operations) => ({ action: "patch" as const, body: { Operations } })),
  fc
    .tuple(marker, fc.constantFrom(...FILTERS))
    .map(([text, filter]) => ({ action: "list" as const, body: { filter: filter.replaceAll("TEXT", text) } })),
);

/** The failure of a filter that cannot be parsed. */
function parseFailure(body: object): unknown {
  const { filter } = body as { readonly filter?: unknown };
  try {
    return typeof filter === "string" ? void parseFilter(filter) : undefined;
  } catch (error) {
    return error;
  }
}

/** A connector's calls that hold what was sent. */
const call = fc.oneof(
  fc.record({
    name: fc.constant("create" as CallName),
    request: value.map((given) => ({ kind: "people", entry: { mail: given as Value, secret: given as Value } })),
  }),
  fc.record({
    name: fc.constant("update" as CallName),
    request: value.map((given) => ({
      kind: "people",
      key: "7",
      changes: [
        { op: "replace", attr: "mail", values: [given as Value] },
        { op: "swap", attr: "cn", from: given as Value, to: null },
      ],
    })),
  }),
  fc.record({
    name: fc.constant("search" as CallName),
    request: marker.map((given) => ({
      kind: "people",
      where: { op: "or", conditions: [{ op: "not", condition: { op: "eq", attr: "mail", value: given } }] },
    })),
  }),
);

const markers = (given: unknown): string[] => JSON.stringify(given)?.match(/§[a-z]+§|\b1\d{9}\b/g) ?? [];

function happenedOf(
  given: { readonly action: Happened["action"]; readonly body: unknown },
  more: Partial<Happened> = {},
): Happened {
  const trace = more.trace ?? beginTrace();
  return {
    ...{
      at: 1_700_000_000_000,
      received: trace.begun,
      ended: trace.begun + 5,
      route: "/scim/v2",
      caller: "entra",
      source: "127.0.0.1",
    },
    ...{ requestId: "r", action: given.action, type: user!, id: "42", sent: given.body, trace },
    outcome: { resource: undefined },
    isStopped: false,
    secretAttrs: new Set(["secret"]),
    memberType: "User",
    ...more,
  };
}

const explain = (asked: BackendOperation) => JSON.stringify(asked);

describe("a journal entry", () => {
  test("holds no value that was sent, in its request, its backend's words or its failure, unless values are kept", async () => {
    await fc.assert(
      fc.asyncProperty(sent, fc.array(call, { maxLength: 3 }), fc.boolean(), async (given, calls, isFailing) => {
        const trace = beginTrace();
        for (const { name, request } of calls)
          addCall(
            trace,
            { connector: "hr", name, request, explain, at: trace.begun + 1, ms: 1 },
            isFailing
              ? { error: new ConnectorError("invalid", `The backend refuses ${markers(request).join(" and ")}.`) }
              : { result: undefined },
          );
        const unparsed = parseFailure(given.body);
        const error = unparsed ?? badRequest("invalidValue", `This cannot be: ${markers(given).join(" and ")}.`);
        const happened = happenedOf(given, { trace, ...(isFailing && { outcome: { error } }) });
        const entry = await entryOf(happened, { replica: "here", values: false });
        const { display: _, ...shown } = entry;
        expect(markers(shown)).toEqual([]);
        expect(entry.result).toBe(isFailing ? "failure" : "success");
      }),
      { numRuns: 500 },
    );
  });

  test("holds no secret, even where values are kept", async () => {
    const kept = { replica: "here", values: true };
    for (const body of [
      { userName: "ann", password: "§secret§" },
      { userName: "ann", odd: { clientSecret: "§secret§" } },
    ])
      expect(JSON.stringify(await entryOf(happenedOf({ action: "create", body }), kept))).not.toContain("§secret§");
    const Operations = [
      { op: "add", path: "password", value: "§secret§" },
      { op: "replace", value: { password: "§secret§", title: "kept" } },
    ];
    const trace = beginTrace();
    const entry = { mail: "kept", secret: "§secret§", userPassword: "§secret§" };
    addCall(
      trace,
      { connector: "hr", name: "create", request: { kind: "people", entry }, explain, at: trace.begun, ms: 1 },
      { error: new ConnectorError("conflict", 'Neither "kept" nor "§secret§" can be.') },
    );
    const text = JSON.stringify(await entryOf(happenedOf({ action: "patch", body: { Operations } }, { trace }), kept));
    expect(text).not.toContain("§secret§");
    expect(text).toContain("kept");
  });

  test("says at a step of its own that the guard stopped it, whatever was sent", async () => {
    const body = { Operations: [{ op: "replace", value: { active: false, title: "guard stopped this" } }] };
    const error = notNow("The change guard stopped this: safety.guard allows 1 disables of User per hour.", "guard");
    const entry = await entryOf(happenedOf({ action: "patch", body }, { outcome: { error }, isStopped: true }), {
      replica: "here",
      values: false,
    });
    expect(entry).toMatchObject({ isStopped: true, sentence: expect.stringContaining(error.message) });
    expect(entry.steps.at(-2)).toMatchObject({ step: "guard" });
    const other = await entryOf(happenedOf({ action: "patch", body }, { outcome: { error } }), {
      replica: "here",
      values: false,
    });
    expect(other).not.toHaveProperty("isStopped");
  });

  test("shows which ids a group was given, without values", async () => {
    const group = builtInTypes.find(({ name }) => name === "Group")!;
    const Operations = [
      { op: "Add", path: "members", value: [{ value: "u-1", display: "Ann" }] },
      { op: "remove", path: 'members[value eq "u-2"]' },
    ];
    const entry = await entryOf(happenedOf({ action: "patch", body: { Operations } }, { type: group }), {
      replica: "here",
      values: false,
    });
    expect(entry.request).toEqual({
      Operations: [
        { op: "Add", path: "members", value: [{ value: "u-1", display: "[text]" }] },
        { op: "remove", path: 'members[value eq "[text]"]' },
      ],
    });
  });

  test("says which members were added and removed, by the last that is asked of each, and how many more", () => {
    const changes = (...Operations: object[]) => membersIn({ Operations }, "patch", "User");
    const said = (...Operations: object[]) => {
      const found = changes(...Operations);
      return found && sentenceOf(namedBy(found, ({ id }) => (id === "1" ? "ann" : "")));
    };
    const ids = (count: number) => Array.from({ length: count }, (_, n) => ({ value: String(n + 1) }));
    expect(said({ op: "Add", path: "members", value: ids(5) })).toBe("The request adds ann, 2, 3 and 2 more.");
    expect(said({ op: "add", path: "members", value: ids(1200) })).toBe("The request adds ann, 2, 3 and 1197 more.");
    expect(said({ op: "add", value: { members: ids(2) } }, { op: "Remove", path: 'members[value eq "2"]' })).toBe(
      "The request adds ann; removes 2.",
    );
    expect(said({ op: "remove", path: "members", value: ids(1) })).toBe("The request removes ann.");
    expect(said({ op: "remove", path: "members" })).toBe("The request removes all members.");
    expect(said({ op: "replace", path: "members", value: ids(2) }, { op: "add", path: "members", value: ids(3) })).toBe(
      "The request sets the members ann, 2 and 3.",
    );
    expect(said({ op: "replace", path: "displayName", value: "x" })).toBeUndefined();
    expect(membersIn({ members: ids(1) }, "create", "")).toMatchObject({ added: [{ id: "1" }], more: 0 });
  });

  test("survives whatever is sent in a body's place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), fc.constantFrom("create", "replace", "patch"), async (body, action) => {
        const entry = await entryOf(happenedOf({ action: action as Happened["action"], body }), {
          replica: "here",
          values: true,
        });
        expect(entry.steps.length).toBeGreaterThan(1);
      }),
    );
  });

  test("has an id that sorts by time, and of one process in the order in which entries were made", () => {
    let at = Date.now() + 1_000_000;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 50 }), (gaps) => {
        at += 10;
        const ids = gaps.map((gap) => {
          at += gap;
          return journalId(at);
        });
        expect([...ids].sort()).toEqual(ids);
        expect(idOfTime(at) < ids.at(-1)!).toBe(true);
        expect(idOfTime(at + 1) > ids.at(-1)!).toBe(true);
      }),
    );
  });
});
