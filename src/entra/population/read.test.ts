import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Edit, ObjectType, SourceValue } from "../directory.ts";
import { drawPopulation } from "./draw.ts";
import { type ReadOptions, readEdits } from "./read.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-population-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Read extends ReadOptions {
  readonly type?: ObjectType;
}

async function read(name: string, content: string | Uint8Array, { type = "User", ...options }: Read = {}) {
  writeFileSync(join(folder, name), content);
  const edits: Edit[] = [];
  for await (const edit of readEdits(join(folder, name), type, options)) edits.push(edit);
  return edits;
}

const ANN = "11111111-2222-4333-8444-555555555555";
const BOB = "66666666-7777-4888-9999-aaaaaaaaaaaa";

describe("CSV", () => {
  test("is read with attributes by the names of job schemas, of Graph and of PowerShell", async () => {
    const names = ["Id", "UserPrincipalName", "displayName", "OfficeLocation", "mobilePhone", "IsSoftDeleted"];
    const more = ["onPremisesExtensionAttributes.extensionAttribute1", "extension_0a1b_badge", "AccountEnabled"];
    const header = [...names, ...more].join(",");
    const [edit] = await read("people.csv", `${header}\n${ANN},ann@x.example,Änn,HQ,+49 1,False,CC-1,B7,True\n`);
    expect(edit).toEqual({
      type: "User",
      objectId: ANN,
      attributes: {
        userPrincipalName: "ann@x.example",
        displayName: "Änn",
        physicalDeliveryOfficeName: "HQ",
        mobile: "+49 1",
        IsSoftDeleted: false,
        extensionAttribute1: "CC-1",
        extension_0a1b_badge: "B7",
        accountEnabled: true,
      },
    });
  });

  test.each([
    ["True", true],
    ["true", true],
    ["1", true],
    ["FALSE", false],
    ["0", false],
  ])("takes %s for a truth value", async (text, value) => {
    const [edit] = await read("people.csv", `objectId,accountEnabled,assigned\n${ANN},${text},${text}\n`);
    expect(edit).toMatchObject({ attributes: { accountEnabled: value }, assigned: value });
  });

  test("an empty cell clears an attribute, and leaves a truth value as it is", async () => {
    const [edit] = await read("people.csv", `objectId,mobile,accountEnabled,assigned,purged,manager\n${ANN},,,,,\n`);
    expect(edit).toEqual({ type: "User", objectId: ANN, attributes: { mobile: null, manager: null } });
  });

  test("says who was purged, and who was deleted: a user can be restored, a group cannot", async () => {
    const text = `objectId,purged,deleted\n${ANN},1,\n${BOB},,true\n`;
    expect(await read("people.csv", text)).toEqual([
      { type: "User", objectId: ANN, purged: true },
      { type: "User", objectId: BOB, attributes: { IsSoftDeleted: true } },
    ]);
    expect((await read("groups.csv", text, { type: "Group" }))[1]).toEqual({
      type: "Group",
      objectId: BOB,
      purged: true,
    });
  });

  test.each([
    ["a semicolon", "objectId;displayName\n", ";"],
    ["a tab", "objectId\tdisplayName\n", "\t"],
    ["Excel's first line", "sep=;\nobjectId;displayName\n", ";"],
    ["PowerShell's first line", "#TYPE Microsoft.Graph.User\r\nobjectId,displayName\r\n", ","],
    ["a byte order mark", "\ufeffobjectId,displayName\n", ","],
  ])("is read with %s", async (_, header, separator) => {
    const edits = await read("people.csv", `${header}${ANN}${separator}"Änn; ""A"", B"\n`);
    expect(edits).toEqual([{ type: "User", objectId: ANN, attributes: { displayName: 'Änn; "A", B' } }]);
  });

  test.each([
    ["UTF-16", Buffer.from(`\ufeffobjectId\tdisplayName\n${ANN}\tÄnn\n`, "utf16le")],
    ["Windows-1252", Buffer.from(`objectId,displayName\n${ANN},Änn\n`, "latin1")],
  ])("is read in %s", async (_, bytes) => {
    expect((await read("people.csv", bytes))[0]?.attributes).toEqual({ displayName: "Änn" });
  });

  test("that is written from any edits and read again is the same", async () => {
    const populations = fc.record({
      people: fc.integer({ min: 1, max: 120 }),
      groups: fc.integer({ min: 1, max: 25 }),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(populations, fc.constantFrom(",", ";", "\t"), async (population, separator) => {
        const edits = [...drawPopulation(population)];
        for (const type of ["User", "Group"] as const) {
          const own = edits.filter((edit) => edit.type === type);
          const again = await read(`${type}.csv`, written(own, separator), { type });
          expect(again.map(withoutClearing)).toEqual(own.map(withoutClearing));
        }
      }),
      { numRuns: 15 },
    );
  });

  test("keeps any text of a cell", async () => {
    const texts = fc
      .string({ unit: "binary", minLength: 1 })
      .map((text) => text.toWellFormed().replace(/[\0\ufffd]/g, ""));
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const edits: Edit[] = [{ type: "User", objectId: ANN, attributes: { department: text, displayName: "x" } }];
        const [again] = await read("people.csv", written(edits, ","));
        expect(again?.attributes?.department ?? "").toBe(text);
      }),
      { numRuns: 100 },
    );
  });
});

const withoutClearing = (edit: Edit): Edit => {
  const { attributes = {}, ...rest } = edit;
  const there = Object.entries(attributes).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return { ...rest, ...(there.length > 0 ? { attributes: Object.fromEntries(there) } : {}) };
};

/** Edits as CSV. */
function written(edits: readonly Edit[], separator: string): string {
  const names = [...new Set(edits.flatMap(({ attributes = {} }) => Object.keys(attributes)))];
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const cellOf = (value: SourceValue | undefined) =>
    typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
  const lines = edits.map(({ objectId, attributes, assigned, members }) => [
    objectId,
    cellOf(assigned),
    (members?.add ?? []).join(";"),
    ...names.map((name) => cellOf(attributes?.[name])),
  ]);
  return [["objectId", "assigned", "members", ...names], ...lines]
    .map((cells) => `${cells.map(quoted).join(separator)}\r\n`)
    .join("");
}

describe("JSON", () => {
  const graph = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users",
    value: [
      {
        id: ANN,
        displayName: "Änn",
        accountEnabled: true,
        mobilePhone: null,
        businessPhones: ["+49 1", "+49 2"],
        otherMails: ["a@x.example"],
        onPremisesExtensionAttributes: { extensionAttribute1: "CC-1", extensionAttribute2: null },
        employeeOrgData: { division: "North" },
        manager: { "@odata.type": "#microsoft.graph.user", id: BOB },
      },
    ],
  };
  const expected = {
    type: "User",
    objectId: ANN,
    attributes: {
      displayName: "Änn",
      accountEnabled: true,
      mobile: null,
      telephoneNumber: "+49 1",
      otherMails: ["a@x.example"],
      extensionAttribute1: "CC-1",
      extensionAttribute2: null,
      "employeeOrgData.division": "North",
      manager: BOB,
    },
  };

  test.each([
    ["Graph's answer", "people.json", JSON.stringify(graph, null, 2)],
    ["an array", "people.json", JSON.stringify(graph.value)],
    ["one object per line", "people.jsonl", `\n${JSON.stringify(graph.value[0])}\n`],
  ])("is read as %s", async (_, name, text) => {
    expect(await read(name, text)).toEqual([expected]);
  });

  test("is read from Graph's delta query: who was removed, and which members", async () => {
    const users = [
      { id: ANN, "@removed": { reason: "changed" } },
      { id: BOB, "@removed": { reason: "deleted" } },
    ];
    expect(await read("delta.json", JSON.stringify({ value: users }))).toEqual([
      { type: "User", objectId: ANN, attributes: { IsSoftDeleted: true } },
      { type: "User", objectId: BOB, purged: true },
    ]);
    const members = [{ id: ANN }, { id: BOB, "@removed": { reason: "deleted" } }];
    const groups = [{ id: ANN, displayName: "All", "members@delta": members }];
    expect(await read("delta.json", JSON.stringify({ value: groups }), { type: "Group" })).toEqual([
      { type: "Group", objectId: ANN, attributes: { displayName: "All" }, members: { add: [ANN], remove: [BOB] } },
    ]);
  });

  test("of Graph that goes on at another address is remarked on", async () => {
    const notes: string[] = [];
    const page = { "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=x", value: [{ id: ANN }] };
    await read("people.json", JSON.stringify(page), { note: (sentence) => notes.push(sentence) });
    expect(notes).toEqual([expect.stringMatching(/^people\.json is one page of several/)]);
  });

  test("keeps numbers that JavaScript would round", async () => {
    const [edit] = await read("people.json", `[{"id":"${ANN}","employeeId":12345678901234567890}]`);
    expect(edit?.attributes).toEqual({ employeeId: "12345678901234567890" });
  });
});

describe("references", () => {
  test("to user names are found in the same file, wherever they stand, in any case", async () => {
    const text = `objectId,userPrincipalName,manager\n${ANN},ann@x.example,BOB@x.example\n${BOB},bob@x.example,\n`;
    const notes: string[] = [];
    const [ann] = await read("people.csv", text, { note: (sentence) => notes.push(sentence) });
    expect(ann?.attributes?.manager).toBe(BOB);
    expect(notes).toEqual([]);
  });

  test("to user names of people who are elsewhere are asked for, or derived and noted", async () => {
    const text = "displayName,members,removedMembers\nAll,ann@x.example; bob@x.example,ann@x.example\n";
    const notes: string[] = [];
    const note = (sentence: string) => notes.push(sentence);
    const resolve = (name: string) => (name === "ann@x.example" ? ANN : undefined);
    const [group] = await read("groups.csv", text, { type: "Group", note, resolve });
    const [bob] = await read("people.csv", "userPrincipalName\nBob@X.example\n");
    expect(group?.members).toEqual({ add: [ANN, bob?.objectId], remove: [ANN] });
    expect(notes).toEqual([
      expect.stringMatching(/^groups\.csv:2:2 \(members\): unknown user name "bob@x\.example"/),
      expect.stringMatching(/^groups\.csv: missing objectIds are derived from displayName/),
    ]);
  });

  test("a missing objectId is derived: the same each time, from the user name in any case", async () => {
    const [first] = await read("a.csv", "userPrincipalName\nann@x.example\n");
    const [again] = await read("b.csv", "userPrincipalName,mail\nANN@x.example,\n");
    expect(first?.objectId).toMatch(/^[0-9a-f-]{36}$/);
    expect(again?.objectId).toBe(first?.objectId);
  });
});

test("a name that is close to an attribute's is noted", async () => {
  const notes: string[] = [];
  const text = `objectId,givenNmae,displayName\n${ANN},Ann,Ann\n${BOB},Bob,Bob\n`;
  await read("people.csv", text, { note: (sentence) => notes.push(sentence) });
  expect(notes).toEqual(['people.csv: no default job reads the attribute "givenNmae", did you mean "givenName"?']);
});

describe("what cannot be read", () => {
  test.each([
    ["people.xlsx", "x", /^people\.xlsx: unknown file format.*Rename the file/],
    ["people.csv", "", /^people\.csv is empty/],
    [
      "people.csv",
      `objectId,accountEnabled\n${ANN},maybe\n`,
      /^people\.csv:2:2 \(accountEnabled\): "maybe" is not a truth/,
    ],
    ["people.csv", "objectId\n17\n", /^people\.csv:2: the objectId "17" is not a GUID/],
    ["people.csv", "displayName\nAnn\n", /^people\.csv:2: there is neither an objectId nor a userPrincipalName/],
    ["people.csv", `objectId,manager\n${ANN},Bob\n`, /^people\.csv:2:2 \(manager\): "Bob" is neither/],
    [
      "people.csv",
      `objectId,mail\n${ANN},"a\nb"\n${BOB}\n`,
      /^people\.csv:4: the row has 1 columns, but the header has 2/,
    ],
    ["people.csv", `objectId,mail\n${ANN},"a" b\n`, /^people\.csv:2: invalid quotes/],
    ["people.csv", "objectId,Mail,mail\n", /^people\.csv:1:3: columns 2 and 3 are both named "mail"/],
    ["people.json", '{"users":[]}', /^people\.json contains no list/],
    ["people.json", "", /^people\.json/],
    ["people.json", `[{"id":"${ANN}"},`, /^people\.json: invalid JSON after item 1/],
    ["people.json", `[{"id":"${ANN}","accountEnabled":"x"}]`, /^people\.json: item 1 \(accountEnabled\): "x"/],
    ["people.json", "[17]", /^people\.json: item 1: this is not an object/],
    ["people.jsonl", `{"id":"${ANN}"}\n{"id":\n`, /^people\.jsonl:2: invalid JSON/],
  ])("%s with %j is refused with the place and what to do", async (name, text, why) => {
    await expect(read(name, text)).rejects.toThrow(why);
    await expect(read(name, text)).rejects.toMatchObject({ name: "PopulationFileError" });
  });
});
