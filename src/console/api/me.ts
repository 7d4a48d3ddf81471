import type { Operator } from "../env.ts";

/** `GET /console/api/me`: whoever is signed in. */
export interface Me extends Pick<Operator, "name" | "role" | "csrf"> {
  /** Minutes without use after which the session ends. */
  readonly idleMinutes: number;
  /** Where the console begins, if only that page of it is served. */
  readonly home?: string;
}

/** Why a session is over, as far as the gateway knows. */
export type SessionEnd =
  | { readonly because: "idle"; readonly minutes: number }
  | { readonly because: "age"; readonly hours: number };

/** The answer 401 of all addresses below `/console/api`. */
export interface SignedOut {
  readonly error: string;
  /** Absent if there was no session, or somebody ended it. */
  readonly ended?: SessionEnd | undefined;
}
