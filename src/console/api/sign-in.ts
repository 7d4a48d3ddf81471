/** `GET /console/sign-in/ways`: how people may sign in, besides a link of `postern console`. */
export interface SignInWays {
  /**
   * Whether there is an identity provider, at `/console/sign-in/oidc`. `?to=` is the page to return to; with `?another` the provider asks again
   * who it is, for people who were refused.
   */
  readonly oidc: boolean;
}
