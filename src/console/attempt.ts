import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { cookieOf, giveCookie } from "./cookies.ts";
import type { Identity } from "./env.ts";
import { type ProblemPage, SignInProblem } from "./problem.ts";
import type { Person, Sessions } from "./sessions.ts";
import type { ConsoleSettings } from "./settings.ts";
import type { ConsoleStore } from "./store.ts";

/** What sign-in works with. */
export interface SignInOptions {
  readonly settings: Pick<ConsoleSettings, "signIn" | "sessions">;
  /** The console's address, without a path. Called for each request: the port may be known only when the gateway listens. */
  readonly url: () => string;
  readonly store: ConsoleStore;
  /** The address that a request comes from: of the connection, or what a trusted proxy says in `X-Forwarded-For`. */
  readonly sourceOf: (peer: string, forwardedFor: string | undefined) => string;
  /** Records who signed in or out, and who was refused. */
  readonly record: (event: SignInEvent) => Promise<void>;
  /** Runs an attempt of a source, later if it has failed often. Undefined, without an attempt, if too many are waiting. */
  readonly attempt: <T>(source: string, look: () => Promise<Attempt<T>>) => Promise<Attempt<T> | undefined>;
  readonly warn: (fields: object, message: string) => void;
  /** Shows people why they could not be signed in. */
  readonly page: ProblemPage;
}

/** The end of an attempt to sign in. `failed` counts against its source. */
export interface Attempt<T> {
  readonly verdict: "proven" | "failed" | "nothing";
  readonly value: T | SignInProblem;
}

/** What the audit log has of sign-in. */
export interface SignInEvent {
  readonly event: "sign-in" | "sign-out" | "refused";
  /** Who it is; absent from a refusal of somebody unknown. */
  readonly by?: Identity | undefined;
  readonly method?: "oidc" | "link";
  readonly source: string;
  readonly [field: string]: unknown;
}

/** A way to sign in. */
export interface Way extends SignInOptions {
  readonly sessions: Sessions;
  /** Names the way and its settings: sessions end when they are no longer configured. */
  readonly way: string;
}

/** The address that a request comes from. */
export const sourceIn = (c: Context, sourceOf: SignInOptions["sourceOf"]): string =>
  sourceOf(getConnInfo(c).remote.address ?? "", c.req.header("x-forwarded-for"));

/** Runs an attempt: begins the session of whoever it proves, and records both outcomes. Rejects with a `SignInProblem`. */
export async function attempted<T>(
  c: Context,
  { attempt, record, sessions, way, url, sourceOf }: Way,
  method: "oidc" | "link",
  look: () => Promise<{ readonly person: Omit<Person, "way">; readonly value: T }>,
): Promise<T> {
  const source = sourceIn(c, sourceOf);
  const judged = await attempt<Awaited<ReturnType<typeof look>>>(source, async () => {
    try {
      return { verdict: "proven", value: await look() };
    } catch (error) {
      if (!(error instanceof SignInProblem)) throw error;
      // Only a link's token could be guessed. What a provider sends back is bound to a cookie, and any web page can have a browser ask for it.
      const isGuess = method === "link" && error.status === 403;
      return { verdict: isGuess ? ("failed" as const) : ("nothing" as const), value: error };
    }
  });
  if (!judged) throw new SignInProblem(429, "Too many attempts to sign in failed. Try again in a minute.");
  const { value } = judged;
  if (value instanceof SignInProblem) {
    const { status, person: by, question } = value;
    // An outage refuses nobody, and neither does a question.
    if (status < 500 && !question)
      await record({ event: "refused", refusal: "sign-in", by, method, source, result: String(status) });
    throw value;
  }
  const { role, ...by } = value.person;
  const before = cookieOf(c, url(), "session");
  const { signedIn: replaced } = await sessions.find(before, false);
  const cookie = await sessions.begin({ ...value.person, way });
  await sessions.end(before);
  giveCookie(c, url(), "session", cookie);
  if (replaced) await record({ event: "sign-out", by: replaced.identity, replacedBy: by, source });
  await record({ event: "sign-in", by, role, method, source });
  return value.value;
}
