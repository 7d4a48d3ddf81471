import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { conversions } from "../mapping/codecs.ts";
import { compileMapping } from "../mapping/compile.ts";
import { mappingFormat } from "../mapping/format.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { builtInTypes } from "../scim/schema.ts";
import { completionsFor } from "./completions.ts";
import { replaceText, withCase } from "./files.ts";
import type { Reading } from "./rehearsed.ts";
import { type TrialRoute, tryRequest } from "./try.ts";

const mapping = (source: object): Mapping => compileMapping(mappingFormat.parse(source), builtInTypes).mapping!;

const user = mapping({
  resource: "User",
  kind: "person",
  attributes: {
    id: { attr: "id", readOnly: true },
    userName: "uid",
    title: "title",
    password: { attr: "secret", writeOnly: true },
  },
});
const group = mapping({
  resource: "Group",
  kind: "team",
  attributes: {
    id: { attr: "id", readOnly: true },
    displayName: "cn",
    members: { attr: "memberUid", ref: "User", by: "uid", many: true },
  },
});

/** A backend that answers nothing: whoever asks it fails. */
const nobody: Reading = {
  kinds: new Map([user, group].map(({ kind }) => [kind, { key: "id" }])),
  supports: () => "exact",
  sorts: () => true,
  search: () => Promise.reject(new Error("the backend was searched")),
  get: () => Promise.reject(new Error("the backend was read")),
  probe: async () => "",
  explain: (operation) => JSON.stringify(operation),
  close: async () => {},
};
const endpoint = (of: Mapping) => [of.type.name, { mapping: of, connector: nobody, name: "directory" }] as const;
const route: TrialRoute = {
  base: "/scim/v2",
  endpoints: new Map([endpoint(user), endpoint(group)]),
  limits: { pageSize: 100, scan: 1000 },
  patchAnswers: new Map(),
};

describe("a trial that is not live", () => {
  test("makes up what references are looked up by, and asks nobody", async () => {
    const body = { displayName: "Sales", members: [{ value: "7" }] };
    const { answer, asked } = await tryRequest(route, { method: "POST", url: "/Groups", body });
    expect(answer.status).toBe(201);
    expect(asked.at(-1)!.entry).toEqual({ cn: "Sales", memberUid: "<the uid of person 7>" });
  });

  test("shows no secret, neither in the entry nor in the backend's words", async () => {
    const body = { userName: "ann", password: "correct horse" };
    const trial = await tryRequest(route, { method: "POST", url: "/Users", body });
    expect(trial.asked.at(-1)!.entry).toEqual({ uid: "ann", secret: "[secret]" });
    const patch = { Operations: [{ op: "replace", path: "password", value: "correct horse" }] };
    const changed = await tryRequest(route, { method: "PATCH", url: "/Users/1", body: patch });
    expect(JSON.stringify([trial, changed])).not.toContain("correct horse");
  });

  test("says whether a filter finds the entry", async () => {
    const found = async (filter: string) => {
      const url = `/Users?${new URLSearchParams({ filter })}`;
      const { answer } = await tryRequest(route, { method: "GET", url }, { entry: { uid: "ann", title: "Boss" } });
      return (answer.body as { totalResults: number }).totalResults;
    };
    expect(await Promise.all([found('title eq "boss"'), found('title eq "staff"')])).toEqual([1, 0]);
  });

  test("answers what a client would be refused", async () => {
    const { answer } = await tryRequest(route, { method: "POST", url: "/Users", body: { title: "Boss" } });
    expect(answer).toMatchObject({ status: 400, body: { scimType: "invalidValue" } });
    expect((await tryRequest(route, { method: "GET", url: "/Printers" })).answer.status).toBe(404);
  });
});

test("a case is added to a test file, whose comments stay", () => {
  const text = withCase("# about\ncases: []\n", { name: "one", filter: 'userName eq "ann"', where: 'uid eq "ann"' });
  expect(text).toBe(`# about
cases:
  - name: one
    filter: userName eq "ann"
    where: uid eq "ann"
`);
  expect(() => replaceText(join(import.meta.dirname, "no-such-folder/x.yaml"), "", undefined)).toThrow(
    "src/play/no-such-folder/x.yaml cannot be written: ENOENT.",
  );
  expect(() => withCase("cases: 1\n", { name: "one", filter: "", where: "" })).toThrow("no list of");
});

test("an editor is told every path, conversion and function", () => {
  const found = completionsFor({
    type: user.type,
    mappings: [user],
    resources: ["User"],
    kinds: ["person"],
    attributeTypes: ["guid"],
  });
  const labels = (of: readonly { readonly label: string }[]) => of.map(({ label }) => label);
  expect(labels(found.paths)).toEqual(
    expect.arrayContaining(["userName", "name.givenName", 'emails[type eq "work"].value', "enterprise:manager.value"]),
  );
  expect(labels(found.attributes)).toEqual(["id", "secret", "title", "uid"]);
  expect(labels(found.conversions)).toEqual(expect.arrayContaining([...conversions, "guid"]));
  expect(found.functions).toContainEqual({
    label: "$accountName",
    detail: "(text, suffix?)",
    info: expect.stringContaining("at most 20 characters"),
  });
});
