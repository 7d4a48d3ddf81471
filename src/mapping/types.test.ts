import { describe, expect, test } from "vitest";
import { builtInTypes } from "../scim/schema.ts";
import { defineTypes, typesFormat } from "./types.ts";

const define = (source: unknown) => defineTypes(typesFormat.parse(source), builtInTypes);
const schema = (id: string, ...attributes: object[]) => ({ id, name: "S", attributes });
const device = { name: "Device", endpoint: "/Devices", schema: "urn:x:Device" };
const good = { schemas: [schema("urn:x:Device", { name: "label" })], resourceTypes: [device] };

describe("resource types of one's own", () => {
  test("are there beside the built-in ones, with the characteristics of RFC 7643 §2.2 by default", () => {
    const { types, problems } = define(good);
    expect(problems).toEqual([]);
    expect(types.map(({ name }) => name)).toEqual(["User", "Group", "Device"]);
    expect(types.at(-1)!.schema.attributes).toEqual([
      {
        name: "label",
        type: "string",
        multiValued: false,
        description: "",
        required: false,
        caseExact: false,
        mutability: "readWrite",
        returned: "default",
        uniqueness: "none",
      },
    ]);
  });

  test("extend a built-in type", () => {
    const { types } = define({
      schemas: [schema("urn:x:Badge", { name: "badge", required: true })],
      resourceTypes: [{ name: "User", extensions: [{ schema: "urn:x:Badge", required: true }] }],
    });
    expect(types[0]!.extensions.map(({ id }) => id)).toContain("urn:x:Badge");
    expect(types[0]!.requiredExtensions).toEqual(["urn:x:Badge"]);
  });

  test.each<[string, object, string, (string | number)[]]>([
    [
      "an unknown schema",
      { ...good, resourceTypes: [{ ...device, schema: "urn:x:Devise" }] },
      'there is no schema "urn:x:Devise", did you mean "urn:x:Device"?',
      ["resourceTypes", 0, "schema"],
    ],
    [
      "an endpoint that is taken",
      { ...good, resourceTypes: [{ ...device, endpoint: "/users" }] },
      'the endpoint "/users" is already used by User',
      ["resourceTypes", 0, "endpoint"],
    ],
    [
      "an endpoint of the protocol's own",
      { ...good, resourceTypes: [{ ...device, endpoint: "/Bulk" }] },
      'the endpoint "/Bulk" is already used',
      ["resourceTypes", 0, "endpoint"],
    ],
    [
      "a built-in type with a schema",
      { ...good, resourceTypes: [{ ...device, name: "User" }] },
      "User already exists: it can only be given extensions",
      ["resourceTypes", 0, "name"],
    ],
    [
      "a type without an endpoint",
      { ...good, resourceTypes: [{ name: "Device", schema: "urn:x:Device" }] },
      'Device needs an "endpoint" and a "schema"',
      ["resourceTypes", 0, "name"],
    ],
    [
      "an attribute that comes twice",
      { ...good, schemas: [schema("urn:x:Device", { name: "a" }, { name: "A" })] },
      'the attribute "A" is defined twice',
      ["schemas", 0, "attributes", 1, "name"],
    ],
    [
      "an attribute that every resource has",
      { ...good, schemas: [schema("urn:x:Device", { name: "meta" })] },
      'every resource already has an attribute "meta"',
      ["schemas", 0, "attributes", 0, "name"],
    ],
    [
      "a complex attribute without parts",
      { ...good, schemas: [schema("urn:x:Device", { name: "a", type: "complex" })] },
      'a complex attribute needs "subAttributes"',
      ["schemas", 0, "attributes", 0],
    ],
    [
      "a complex part",
      {
        ...good,
        schemas: [
          schema("urn:x:Device", { name: "a", type: "complex", subAttributes: [{ name: "b", type: "complex" }] }),
        ],
      },
      "a sub-attribute cannot be complex (RFC 7643 §2.3.8)",
      ["schemas", 0, "attributes", 0, "subAttributes", 0, "type"],
    ],
  ])("a type file with a mistake is refused at its place: %s", (_, source, message, path) => {
    expect(define(source).problems).toContainEqual({ path, message });
  });
});
