/** Texts of the page for whoever isn't signed in. */
export const signInTexts = {
  title: "Sign in",
  oidc: "Sign in with your organization",
  local: "To sign in for the first time, run this on the gateway's machine, and open the link that it prints:",
  command: "postern console",
  working: "Signing in …",
  failed: "You could not be signed in.",
} as const;
