/** `GET /console/sign-in` with `Accept: application/json`: the ways to sign in, besides a link of `postern console`. */
export interface SignInWays {
  /** The identity provider's host name, for the button; null if none is configured. The button opens `/console/sign-in/oidc`. */
  readonly oidc: { readonly provider: string } | null;
}

/** `POST /console/sign-in/local`: the token of a link. The answer is 204, or `{ error }` with 403. */
export interface LinkToken {
  readonly token: string;
}
