import type { Hono } from "hono";

/** What somebody may do in the console: a viewer looks, an operator also releases, runs and saves. */
export type Role = "viewer" | "operator";

/** Who somebody is. People may share a name; a provider's `issuer` and `sub` tell them apart. Links of `postern console` have neither. */
export interface Identity {
  readonly name: string;
  readonly issuer?: string | undefined;
  readonly sub?: string | undefined;
}

/** Whoever is signed in. */
export interface Operator {
  readonly name: string;
  readonly role: Role;
  /** The token that each change must carry in `X-Postern-CSRF`. */
  readonly csrf: string;
  /** The id of the session, which is no secret. */
  readonly session: string;
}

/** Values that the console's middleware sets for its handlers. */
export interface ConsoleEnv {
  readonly Variables: {
    operator: Operator;
    /** Reports whether the request's session still lasts. For answers that take long, such as streams. */
    isSignedIn: () => Promise<boolean>;
  };
}

/** The server's part of a page: what it asks, and what it does. */
export type ConsolePage = Hono<ConsoleEnv>;
