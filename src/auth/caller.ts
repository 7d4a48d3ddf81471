import { z } from "zod";

/** Actions on resources. */
export type Action = "read" | "create" | "update" | "delete";

/** A caller's permissions. Everything is permitted unless restricted. */
export interface Permissions {
  readonly routes?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly actions?: readonly Action[] | undefined;
}

/** The sender of a request. */
export interface Caller {
  readonly name: string;
  readonly may: Permissions;
  /** Maximum requests per second; undefined for no limit of its own. */
  readonly rate?: number | undefined;
}

/** A client certificate: the attributes of its subject, and its SHA-256 fingerprint. */
export interface ShownCertificate {
  readonly subject: readonly (readonly [type: string, value: string])[];
  readonly fingerprint: string;
}

/** The credentials of a request. */
export interface Presented {
  readonly authorization: string | undefined;
  /** The client certificate, if one was presented that the server's CA issued. */
  readonly certificate?: ShownCertificate | undefined;
}

/**
 * An authentication method: returns the caller, or undefined if the credentials are not of this method or unknown. Rejects with
 * `AuthUnavailable` if it cannot decide because a third party does not respond.
 */
export type Authenticate = (presented: Presented) => Promise<Caller | undefined>;

/** The keys for checking a token are unavailable. That is not the caller's fault. */
export class AuthUnavailable extends Error {
  override name = "AuthUnavailable";
}

/** Settings that all callers share. */
export const callerConfig = {
  name: z.string().describe("Name of the caller in the log and the audit log."),
  may: z
    .strictObject({
      routes: z
        .array(z.string())
        .optional()
        .describe("Routes that the caller may use, such as [/scim/v2]. Default: all."),
      types: z
        .array(z.string())
        .optional()
        .describe("Resource types that the caller may use, such as [User]. Default: all."),
      actions: z
        .array(z.enum(["read", "create", "update", "delete"]))
        .optional()
        .describe("Permitted actions, such as [read] for a read-only caller. Default: all."),
    })
    .prefault({})
    .describe("Permissions of the caller. Everything else is refused with 403."),
  rate: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Maximum requests per second. Beyond it, requests are rejected with 429 and Retry-After. Default: no limit.",
    ),
};
