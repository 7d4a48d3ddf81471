import type { SessionEnd } from "../../src/console/api/me.ts";
import { isolated } from "./values.ts";
import { counted } from "./words.ts";

/** Why a session is over. */
function whySignedOut(ended: SessionEnd | undefined): string {
  if (ended === undefined)
    return "Your session is over: you signed out on another page, an operator ended it, or sign-in was configured anew.";
  return ended.because === "idle"
    ? `Signed out after ${counted(ended.minutes, "minute")} without use.`
    : `Signed out: a session ends after ${counted(ended.hours, "hour")}.`;
}

/** Texts of the page for whoever isn't signed in. */
export const signInTexts = {
  title: "Sign in",
  oidc: "Sign in with your organization",
  local: "To sign in for the first time, run this on the gateway's machine, and open the link that it prints:",
  command: {
    package: "postern console -c FILE",
    clone: "npx node bin/postern.cjs console -c FILE",
    container: "docker exec CONTAINER postern console",
  },
  commandMeans: {
    package: "FILE is the gateway's configuration. Without an installed command it is npx postern.",
    clone:
      "FILE is the gateway's configuration. Run it in the clone. The demo prints the whole command when it starts.",
    container: "CONTAINER is the gateway's container. In Kubernetes: kubectl exec POD -- postern console.",
  },
  working: "Signing in …",
  failed: "You could not be signed in.",
  whySignedOut,
  returns: "You return to this page when you sign in.",
  replace: {
    link: {
      title: "Use this link?",
      ask: (name: string, role: string, as: string, asRole: string) =>
        `You are signed in as ${isolated(name)} (${role}). Use this link and become ${isolated(as)} (${asRole})?`,
      warn: "If somebody sent you the link, stay who you are: what you do would be recorded under the other name.",
    },
    provider: {
      title: "Become somebody else?",
      ask: (name: string, role: string, as: string, asRole: string) =>
        `You are signed in as ${isolated(name)} (${role}). Your organization says that you are ${isolated(as)} (${asRole}). Become ${isolated(as)}?`,
      warn: "If you did not begin this sign-in, stay who you are: what you do would be recorded under the other name.",
    },
    agree: (as: string) => `Become ${isolated(as)}`,
    stay: (name: string) => `Stay ${isolated(name)}`,
  },
} as const;
