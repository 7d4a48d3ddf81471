import { expect, test } from "vitest";
import type { Completions } from "../src/console/api/mappings.ts";
import { suggestionsAt } from "../web/play/complete.ts";
import { placeAtEnd } from "../web/play/yaml-place.ts";

const MAPPING = `# a mapping
resource: User
kind: person # people
attributes:
  id: { attr: id, readOnly: true }
  emails[type eq "work"].value: mail
  enterprise:department: department

  active:
    as:
`;

test.each([
  ["", [], "key", ""],
  ["ki", [], "key", "ki"],
  ["kind: per", ["kind"], "value", "per"],
  [`${MAPPING}      fl`, ["attributes", "active", "as"], "key", "fl"],
  [`${MAPPING}    attr: lo`, ["attributes", "active", "attr"], "value", "lo"],
  [`${MAPPING}    mis`, ["attributes", "active"], "key", "mis"],
  [`${MAPPING}  enterprise:de`, ["attributes"], "key", "enterprise:de"],
  [`${MAPPING}  emails[type eq "wo`, ["attributes"], "key", 'emails[type eq "wo'],
  [`${MAPPING}  emails[type eq "work"].value: ma`, ["attributes", 'emails[type eq "work"].value'], "value", "ma"],
  [`${MAPPING}un`, [], "key", "un"],
  [`${MAPPING}  title: { at`, ["attributes", "title"], "key", "at"],
  [`${MAPPING}  title: { attr: job, `, ["attributes", "title"], "key", ""],
  [`${MAPPING}  title: { attr: job,\n    missing: re`, ["attributes", "title", "missing"], "value", "re"],
  [`${MAPPING}  title: { as: { fl`, ["attributes", "title", "as"], "key", "fl"],
  [`${MAPPING}  title: { write: { title: "$low`, ["attributes", "title", "write", "title"], "value", '"$low'],
  [`${MAPPING}  title: { as: { flag: 2 }, re`, ["attributes", "title"], "key", "re"],
  [`${MAPPING}  title: { attr: job }\n  ni`, ["attributes"], "key", "ni"],
  [`${MAPPING}  manager.value: { ref: [User, Gr`, ["attributes", "manager.value", "ref", "[]"], "value", "Gr"],
  [`${MAPPING}read: |\n  { "title": $upp`, ["read"], "value", '{ "title": $upp'],
  [`${MAPPING}read: |\n  { "title": 1 }\ncr`, [], "key", "cr"],
  ["schemas:\n  - id: x\n    attributes:\n    - name: a\n      ty", ["schemas", "[]", "attributes", "[]"], "key", "ty"],
  ["schemas:\n- id: x\n  na", ["schemas", "[]"], "key", "na"],
  ["schemas:\n  - i", ["schemas", "[]"], "key", "i"],
  ["create:\n  objectClass:\n    - to", ["create", "objectClass", "[]"], "key", "to"],
])("the place of the cursor in %j", (text, path, slot, typed) => {
  expect(placeAtEnd(text)).toEqual({ path, slot, typed });
});

const labels = (list: readonly { readonly label: string }[]) => list.map(({ label }) => label);
const words: Completions = {
  paths: [{ label: "userName" }, { label: "enterprise:department" }],
  attributes: [{ label: "login", detail: "varchar" }],
  kinds: [{ label: "person" }],
  resources: [{ label: "User" }],
  conversions: [{ label: "boolean" }],
  functions: [{ label: "$uppercase", detail: "(text)" }],
};
const suggested = (text: string, file: "mapping" | "types" = "mapping") =>
  suggestionsAt(placeAtEnd(text), { file, words });

test("keys and values come from the format's JSON Schema, with their descriptions", () => {
  expect(suggested("un").options).toContainEqual({
    label: "unmapped",
    detail: "ignore | reject",
    info: expect.stringContaining("What happens to values"),
  });
  expect(labels(suggested("unmapped: ").options)).toEqual(["ignore", "reject"]);
  expect(labels(suggested("types: ").options)).toContain("postern:ad/ad.types");
  expect(labels(suggested("attributes:\n  title: { attr: job, readOnly: ").options)).toEqual(["true", "false"]);
  expect(labels(suggested("attributes:\n  active:\n    as:\n      ").options)).toEqual(
    expect.arrayContaining(["flag", "presence", "inverted"]),
  );
  expect(labels(suggested("schemas:\n  - ", "types").options)).toEqual(expect.arrayContaining(["id", "attributes"]));
});

test.each([
  ["kind: ", "person"],
  ["resource: ", "User"],
  ["attributes:\n  ", "userName"],
  ["attributes:\n  enterprise:de", "enterprise:department"],
  ["attributes:\n  userName: ", "login"],
  ["attributes:\n  userName: { attr: ", "login"],
  ["attributes:\n  userName: { as: ", "boolean"],
  ["attributes:\n  manager.value: { ref: ", "User"],
  ["create:\n  ", "login"],
  ['read: \'{ "title": ', "login"],
  ["write:\n  login: $upp", "$uppercase"],
  ["write:\n  login: $uppercase(us", "userName"],
])("%j is completed by %s", (text, label) => {
  expect(labels(suggested(text).options)).toContain(label);
});
