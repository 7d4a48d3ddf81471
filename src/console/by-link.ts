import type { Hono } from "hono";
import type { LinkUse } from "./api/sign-in.ts";
import { attempted, type Way } from "./attempt.ts";
import { cookieOf } from "./cookies.ts";
import { lookAtLink, useLink } from "./local.ts";
import { isFromConsole } from "./origin.ts";
import { SignInProblem } from "./problem.ts";

const INVALID = "This link was used already, or is older than ten minutes. Make a new one: postern console";

/**
 * Sign-in by a link of `postern console`. Whoever is signed in as somebody else is asked first: a link that others sent must not change who
 * acts in the console.
 */
export function byLink(app: Hono, way: Way): void {
  const { url, sessions, store } = way;
  app.post("/sign-in/local", async (c) => {
    if (!isFromConsole(c, url())) throw new SignInProblem(403, "The request does not come from the console's page.");
    const body: unknown = await c.req.json().catch(() => undefined);
    const { token, replace } = (body ?? {}) as Partial<LinkUse>;
    await attempted(c, way, "link", async () => {
      const user = await lookAtLink(store, token);
      if (user === undefined) throw new SignInProblem(403, INVALID);
      const as = `local:${user}`;
      const { signedIn } = await sessions.find(cookieOf(c, url(), "session"), false);
      if (signedIn && signedIn.operator.name !== as && replace !== true) {
        const { name, role } = signedIn.operator;
        const message = `You are signed in as ${name}. To become ${as} in place of that, send "replace": true.`;
        throw new SignInProblem(409, message, { question: { signedInAs: { name, role }, as, asRole: "operator" } });
      }
      if ((await useLink(store, token)) === undefined) throw new SignInProblem(403, INVALID);
      return { person: { name: as, role: "operator" }, value: undefined };
    });
    return c.body(null, 204);
  });
}
