import type { AttributeInfo } from "../../src/connector/attribute-info.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { isObject, type Resource } from "../../src/scim/schema.ts";

/** The attributes that a server's answer to `GET /Schemas` describes, by their paths, without those of schemas that `isWanted` leaves out. Throws a `ConnectorError` if it is no list. */
export function attributesIn(
  body: unknown,
  enterprise: string,
  isWanted: (schema: string) => boolean,
): AttributeInfo[] {
  const list = isObject(body) ? (body.Resources ?? body.resources) : body;
  if (!Array.isArray(list)) throw new ConnectorError("unavailable", "The server's response is not a list of schemas.");
  return list.filter(isObject).flatMap((schema) => {
    const id = String(schema.id);
    if (!isWanted(id)) return [];
    const prefix = /schemas:core:/i.test(id) ? "" : `${id === enterprise ? "enterprise" : id}:`;
    return attributesOf(schema.attributes).flatMap((attribute) => [
      infoOf(attribute, prefix),
      ...attributesOf(attribute.subAttributes).map((sub) => infoOf(sub, `${prefix}${attribute.name}.`)),
    ]);
  });
}

const attributesOf = (value: unknown): Resource[] => (Array.isArray(value) ? value.filter(isObject) : []);

const infoOf = ({ name, type, description, required, mutability }: Resource, prefix: string): AttributeInfo => ({
  name: `${prefix}${String(name)}`,
  type: typeof type === "string" ? type : undefined,
  description: typeof description === "string" ? description : undefined,
  isRequired: required === true,
  isReadOnly: mutability === "readOnly",
});
