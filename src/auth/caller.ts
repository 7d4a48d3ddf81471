import { z } from "zod";

/** What can be done to resources. */
export type Action = "read" | "create" | "update" | "delete";

/** What a caller may do: everything that is not said otherwise. */
export interface Permissions {
  readonly routes?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly actions?: readonly Action[] | undefined;
}

/** Who a request comes from. */
export interface Caller {
  readonly name: string;
  readonly may: Permissions;
  /** The most requests a second; undefined for no bound of its own. */
  readonly rate?: number | undefined;
}

/** A client's certificate: the attributes of its subject, and its SHA-256 fingerprint. */
export interface ShownCertificate {
  readonly subject: readonly (readonly [type: string, value: string])[];
  readonly fingerprint: string;
}

/** What a request shows of who sent it. */
export interface Presented {
  readonly authorization: string | undefined;
  /** The client's certificate, where one was shown that the server's authority issued. */
  readonly certificate?: ShownCertificate | undefined;
}

/**
 * One method: the caller that it knows by what was presented, or undefined where it knows none by it. Rejects with
 * `AuthUnavailable` where it cannot say because somebody else does not answer.
 */
export type Authenticate = (presented: Presented) => Promise<Caller | undefined>;

/** Keys that are needed to check a token cannot be had: that is not the caller's fault. */
export class AuthUnavailable extends Error {
  override name = "AuthUnavailable";
}

/** The settings that every caller has. */
export const callerConfig = {
  name: z.string().describe("Who it is, for the log and the audit."),
  may: z
    .strictObject({
      routes: z.array(z.string()).optional().describe("The routes, such as [/scim/v2]; all without it."),
      types: z.array(z.string()).optional().describe("The resource types, such as [User]; all without it."),
      actions: z
        .array(z.enum(["read", "create", "update", "delete"]))
        .optional()
        .describe("What may be done; all without it. Someone who only reads: [read]."),
    })
    .prefault({})
    .describe("What it may do; else the answer is 403."),
  rate: z
    .int()
    .min(1)
    .optional()
    .describe("The most requests a second, over a second; more are 429 with Retry-After. Not bounded without it."),
};
