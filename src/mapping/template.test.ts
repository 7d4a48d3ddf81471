import { describe, expect, test } from "vitest";
import { builtInTypes } from "../scim/schema.ts";
import { compileMapping } from "./compile.ts";
import { mappingFormat } from "./format.ts";
import { mappingTestFormat, runMappingTests } from "./testing.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const compile = (more: object) =>
  compileMapping(
    mappingFormat.parse({
      resource: "User",
      kind: "person",
      attributes: { id: { attr: "id", readOnly: true }, userName: "login", "name.familyName": "last" },
      ...more,
    }),
    builtInTypes,
  );

/** An API that keeps phones in one text and mails in objects of its own. */
const whole = compile({
  read: `(
    $phones := $split(phones, ";");
    {
      "userName": "never this: the table has it",
      "displayName": last ? first & " " & last,
      "name": { "givenName": first, "familyName": "never this", "formatted": last ? last & ", " & first },
      "emails": [mails.{ "value": address, "type": kind, "primary": kind = "work" }],
      "phoneNumbers": [$phones.{ "value": $, "type": "other" }],
      "${ENTERPRISE}": { "department": unit.name }
    }
  )`,
  write: {
    first: "name.givenName",
    mails:
      '[emails.{ "address": value, "kind": type, "since": $single($entry.mails, function($m) { $m.address = value }).since }]',
    phones: '$join(phoneNumbers.value, ";")',
  },
});

const entry = {
  id: "7",
  login: "ann",
  first: "Ann",
  last: "Berg",
  mails: [
    { address: "ann@work.test", kind: "work", since: 2020 },
    { address: "ann@home.test", kind: "home", since: 2021 },
  ],
  phones: "1;2",
  unit: { name: "Sales" },
};

const cases = [
  {
    name: "reads under the table: what a row has is the row's, of a complex attribute part by part",
    read: entry,
    resource: {
      id: "7",
      userName: "ann",
      displayName: "Ann Berg",
      name: { givenName: "Ann", familyName: "Berg", formatted: "Berg, Ann" },
      emails: [
        { value: "ann@work.test", type: "work", primary: true },
        { value: "ann@home.test", type: "home", primary: false },
      ],
      phoneNumbers: [
        { value: "1", type: "other" },
        { value: "2", type: "other" },
      ],
      [ENTERPRISE]: { department: "Sales" },
    },
  },
  { name: "reads what is not there as nothing", read: { id: "7", login: "bo" }, resource: { id: "7", userName: "bo" } },
  {
    name: "writes the whole lists again, and keeps what SCIM does not know of them",
    patch: [
      { op: "remove", path: 'emails[type eq "home"]' },
      { op: "add", path: "phoneNumbers", value: [{ value: "3", type: "other" }] },
    ],
    present: entry,
    changes: ['delete mails {"address":"ann@home.test","kind":"home","since":2021}', 'swap phones "1;2" "1;2;3"'],
  },
  {
    name: "leaves alone what a change does not touch",
    patch: [{ op: "replace", path: "userName", value: "anna" }],
    changes: ['replace login "anna"'],
  },
  {
    name: "filters behind the backend",
    filter: 'emails.value eq "ann@work.test" and userName eq "ann"',
    where: 'login eq "ann"',
    rest: 'emails.value eq "ann@work.test"',
  },
  {
    name: "creates",
    create: { userName: "cy", name: { givenName: "Cy" }, emails: [{ value: "cy@work.test", type: "work" }] },
    entry: { login: "cy", first: "Cy", mails: [{ address: "cy@work.test", kind: "work" }] },
  },
];

describe("a mapping with a template for the whole resource", async () => {
  expect(whole.problems).toEqual([]);
  const outcomes = await runMappingTests(whole.mapping!, mappingTestFormat.parse({ cases }));
  test.each(outcomes)("$name", ({ failure }) => expect(failure).toBeUndefined());

  test.each([
    ["'no object'", /must be written as an object/],
    ["{ name: first }", /must be written as an object/],
    ['{ "displyName": first }', /There is no attribute "displyName" in a User/],
    ['{ "name": { "first": first } , "title": }', /./],
  ])("whose `read` is %s is refused when it is loaded", (read, message) => {
    const { problems } = compile({ read });
    expect(problems.map(({ path, message: text }) => [path, text])).toEqual([
      [["read"], expect.stringMatching(message)],
    ]);
  });
});

test("a row may read a list of its own shape, and one element", async () => {
  const { mapping, problems } = compile({
    attributes: {
      id: { attr: "id", readOnly: true },
      userName: "login",
      emails: {
        read: 'mails.{ "value": address, "type": kind }',
        write: { mails: '[emails.{ "address": value, "kind": type }]' },
      },
      phoneNumbers: { read: 'phone ? { "value": phone, "type": "work" }' },
    },
  });
  expect(problems).toEqual([]);
  const mail = (n: number) => ({ address: `${n}@x.test`, kind: "work" });
  const cases = [
    {
      name: "several",
      read: { id: "1", login: "ann", mails: [mail(1), mail(2)], phone: "7" },
      resource: {
        id: "1",
        userName: "ann",
        emails: [
          { value: "1@x.test", type: "work" },
          { value: "2@x.test", type: "work" },
        ],
        phoneNumbers: [{ value: "7", type: "work" }],
      },
    },
    {
      name: "one",
      read: { id: "1", login: "ann", mails: mail(1) },
      resource: { id: "1", userName: "ann", emails: [{ value: "1@x.test", type: "work" }] },
    },
    {
      name: "an added one",
      patch: [{ op: "add", path: "emails", value: [{ value: "2@x.test", type: "work" }] }],
      present: { id: "1", login: "ann", mails: mail(1) },
      changes: ['add mails {"address":"2@x.test","kind":"work"}'],
    },
  ];
  const outcomes = await runMappingTests(mapping!, mappingTestFormat.parse({ cases }));
  expect(outcomes.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
});
