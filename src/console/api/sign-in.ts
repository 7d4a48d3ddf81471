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

/** What is asked of somebody who is signed in before a link, or the provider, makes them somebody else. A link isn't used up by that. */
export interface SignInQuestion {
  readonly signedInAs: { readonly name: string; readonly role: Role };
  /** Whom they would become, and as what. */
  readonly as: string;
  readonly asRole: Role;
  /** The page to return to; only of a sign-in by the provider. */
  readonly to?: string;
}

/**
 * The body of `POST /console/sign-in/oidc`: somebody who is signed in agreed to become whoever the provider says. Without that, the provider's
 * answer becomes a page that asks.
 */
export interface ProviderUse {
  readonly to?: string;
}

/** The answer: the provider's address, to go to. */
export interface ProviderAway {
  readonly url: string;
}
