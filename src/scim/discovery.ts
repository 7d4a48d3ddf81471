import type { Resource, ResourceType, Schema } from "./schema.ts";

/** The gateway's capabilities, RFC 7643 §5. `has` lists what the route's mappings support. */
export function serviceProviderConfig(
  baseUrl: string,
  limits: { readonly pageSize: number; readonly bulkOperations: number; readonly body: number },
  has: { readonly password: boolean; readonly version: boolean; readonly interop: boolean },
): Resource {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: limits.bulkOperations, maxPayloadSize: limits.body },
    filter: { supported: true, maxResults: limits.pageSize },
    changePassword: { supported: has.password },
    sort: { supported: true },
    etag: { supported: has.version },
    // RFC 9865 §4; cursors do not expire, so there is no cursorTimeout.
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: "index",
      defaultPageSize: limits.pageSize,
      maxPageSize: limits.pageSize,
    },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A shared secret in the Authorization header",
        specUri: "https://www.rfc-editor.org/rfc/rfc6750",
        primary: true,
      },
    ],
    // SCIM 2.0 Interoperability Profile §4: omitted if the route does not conform.
    ...(has.interop && { interopProfileConformant: true }),
    meta: { resourceType: "ServiceProviderConfig", location: `${baseUrl}/ServiceProviderConfig` },
  };
}

/** A resource type as a resource, RFC 7643 §6. */
export function resourceTypeResource(type: ResourceType, baseUrl: string): Resource {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.description,
    schema: type.schema.id,
    schemaExtensions: type.extensions.map((extension) => ({
      schema: extension.id,
      required: type.requiredExtensions?.includes(extension.id) ?? false,
    })),
    meta: { resourceType: "ResourceType", location: `${baseUrl}/ResourceTypes/${type.name}` },
  };
}

/** A schema as a resource, RFC 7643 §7. */
export function schemaResource(schema: Schema, baseUrl: string): Resource {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    ...schema,
    meta: { resourceType: "Schema", location: `${baseUrl}/Schemas/${schema.id}` },
  };
}
