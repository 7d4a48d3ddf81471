import { randomUUID } from "node:crypto";

/** A complete record of one person, as bulkUpload takes it: the SCIM resource with explicit nulls. */
export interface UploadRecord {
  readonly externalId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Maximum number of records in one request. */
export const MAX_RECORDS = 50;

const BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/** Both are asked for by Microsoft, even if nothing of the second is sent. */
const ALWAYS = [
  "urn:ietf:params:scim:schemas:core:2.0:User",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
];
const USER_AGENT = "Postern (SCIM gateway; inbound provisioning)";

/** The headers and the body of an upload. */
export interface BulkRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly schemas: readonly string[];
    readonly Operations: readonly {
      readonly method: "POST";
      readonly path: "/Users";
      readonly bulkId: string;
      readonly data: Readonly<Record<string, unknown>>;
    }[];
    readonly failOnErrors: null;
  };
}

/**
 * The request that uploads some records. Each operation is named by its record's `externalId`; `schemas` lists every extension
 * that a record uses. Throws a `RangeError` for no records, too many, or two of one person: Entra does not say which of the two would count.
 */
export function bulkRequest(records: readonly UploadRecord[]): BulkRequest {
  if (records.length === 0 || records.length > MAX_RECORDS)
    throw new RangeError(`An upload has 1 to ${MAX_RECORDS} records, not ${records.length}.`);
  const ids = new Set(records.map(({ externalId }) => externalId));
  if (ids.size < records.length || ids.has(""))
    throw new RangeError("Each record of an upload has an externalId of its own.");
  return {
    headers: {
      "content-type": "application/scim+json",
      ...commonHeaders(),
    },
    body: {
      schemas: [BULK_REQUEST],
      Operations: records.map(({ externalId, data }) => ({
        method: "POST",
        path: "/Users",
        bulkId: externalId,
        data: { ...data, schemas: schemasOf(data), externalId },
      })),
      failOnErrors: null,
    },
  };
}

/** Headers of every request to Graph. Graph repeats the ID in its answer, and Microsoft's support asks for it. */
export const commonHeaders = (): Record<string, string> => ({
  "user-agent": USER_AGENT,
  "client-request-id": randomUUID(),
});

function schemasOf(data: Readonly<Record<string, unknown>>): string[] {
  const given = Array.isArray(data.schemas) ? data.schemas.map(String) : [];
  const used = Object.keys(data).filter((name) => /^urn:/i.test(name));
  return [...new Set([...ALWAYS, ...given, ...used])];
}
