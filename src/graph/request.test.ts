import fc from "fast-check";
import { expect, test } from "vitest";
import { bulkRequest } from "./request.ts";

const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const data = fc.dictionary(
  fc.oneof(
    fc.constantFrom("userName", "displayName", ENTERPRISE, "urn:contoso:employee", "urn:other:2.0:User"),
    fc.string(),
  ),
  fc.jsonValue(),
);
const records = fc.uniqueArray(fc.record({ externalId: fc.string({ minLength: 1 }), data }), {
  minLength: 1,
  maxLength: 50,
  selector: ({ externalId }) => externalId,
});

test("each record is one operation with its data, a bulkId of its own, and all the schemas that it uses", () => {
  fc.assert(
    fc.property(records, (given) => {
      const { body, headers } = bulkRequest(given);
      expect(headers["content-type"]).toBe("application/scim+json");
      expect(body.schemas).toEqual(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
      expect(body.Operations.length).toBe(given.length);
      expect(new Set(body.Operations.map(({ bulkId }) => bulkId)).size).toBe(given.length);
      for (const [index, operation] of body.Operations.entries()) {
        const { externalId, data } = given[index]!;
        const { schemas, ...sent } = operation.data as { schemas: string[] };
        const { schemas: _, ...wanted } = { ...data, externalId } as Record<string, unknown>;
        expect({ ...sent }).toEqual({ ...wanted });
        expect([operation.method, operation.path]).toEqual(["POST", "/Users"]);
        const used = Object.keys(data).filter((name) => name.startsWith("urn:"));
        for (const urn of [CORE, ENTERPRISE, ...used]) expect(schemas.filter((each) => each === urn).length).toBe(1);
      }
    }),
  );
});

test("explicit nulls are sent, because they clear", () => {
  const { body } = bulkRequest([{ externalId: "1", data: { title: null, name: { familyName: null } } }]);
  expect(JSON.parse(JSON.stringify(body)).Operations[0].data).toMatchObject({
    title: null,
    name: { familyName: null },
  });
});

test("no records, more than 50, two of one person, or one without an id are a fault of the caller's", () => {
  const people = (ids: readonly string[]) => ids.map((externalId) => ({ externalId, data: {} }));
  const many = Array.from({ length: 51 }, (_, n) => String(n));
  for (const ids of [[], many, ["1", "2", "1"], [""]]) expect(() => bulkRequest(people(ids))).toThrow(RangeError);
});
