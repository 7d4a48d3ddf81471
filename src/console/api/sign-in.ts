import type { Role } from "../env.ts";

/** `GET /console/sign-in/ways`: how people may sign in, besides a link of `postern console`. */
export interface SignInWays {
  /**
   * Whether there is an identity provider, at `/console/sign-in/oidc`. `?to=` is the page to return to; with `?another` the provider asks again
   * who it is, for people who were refused.
   */
  readonly oidc: boolean;
  /** How the gateway was started, so that the page can say how its commands are called. */
  readonly startedAs: "package" | "clone" | "container";
}

/** The body of `POST /console/sign-in/local`. */
export interface LinkUse {
  readonly token: string;
  /** Whether somebody who is signed in agreed to become somebody else. Without it, the answer is 409 with a question. */
  readonly replace?: boolean;
}

/** What is asked of somebody who is signed in before a link makes them somebody else. The link isn't used up by that. */
export interface LinkQuestion {
  readonly signedInAs: { readonly name: string; readonly role: Role };
  /** Whom the link signs in, as operator. */
  readonly as: string;
}
