import { createHmac, hash, randomBytes } from "node:crypto";
import type { Operator, Role } from "./env.ts";
import type { ConsoleSettings } from "./settings.ts";
import type { ConsoleStore } from "./store.ts";

/** Somebody who has proven who they are. */
export interface Person {
  readonly name: string;
  readonly role: Role;
  /** What signed them in, see `wayOf` in sign-in.ts. */
  readonly way: string;
}

/** Sessions of people who are signed in. A session's secret is in its cookie; the store has only the hash. */
export interface Sessions {
  /** Begins a session. Returns the cookie. */
  readonly begin: (person: Person) => Promise<string>;
  /** Whose session a cookie is; undefined if there is none, or it is over. */
  readonly find: (cookie: string | undefined) => Promise<Operator | undefined>;
  /** Ends a session, if there is one. */
  readonly end: (cookie: string | undefined) => Promise<void>;
}

/** Maximum number of sessions of one person. The one that was idle longest ends. */
const MAX_SESSIONS = 20;
/** How exactly it is known when a session was last used, in milliseconds: not every request writes to the store. */
const SEEN_MS = 60_000;

/** Reports whether something has the form of a secret of `newSecret`. */
export const isSecret = (given: unknown): given is string => typeof given === "string" && /^[\w-]{43}$/.test(given);

/** Makes a secret of 256 bits. */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** What the store has of a secret. */
export const hashed = (secret: string): string => hash("sha256", secret, "base64url");

/** Keeps sessions in the store. Those of ways to sign in that `isConfigured` no longer knows are over. */
export function createSessions(
  store: Pick<ConsoleStore, "addSession" | "session" | "touch" | "endSession">,
  { hours, idleMinutes }: ConsoleSettings["sessions"],
  isConfigured: (way: string) => boolean,
): Sessions {
  const idleMs = 60_000 * idleMinutes;
  return {
    begin: async (person) => {
      const cookie = newSecret();
      const now = Date.now();
      const expires = Math.round(now + 3_600_000 * hours);
      await store.addSession({ ...person, id: hashed(cookie), created: now, seen: now, expires }, MAX_SESSIONS);
      return cookie;
    },
    find: async (cookie) => {
      if (!isSecret(cookie)) return undefined;
      const found = await store.session(hashed(cookie));
      const now = Date.now();
      if (!found || found.expires <= now || found.seen + idleMs <= now || !isConfigured(found.way)) return undefined;
      if (found.seen + Math.min(SEEN_MS, idleMs / 2) <= now) await store.touch(found.id, now);
      return { name: found.name, role: found.role, csrf: csrfOf(cookie) };
    },
    end: async (cookie) => {
      if (isSecret(cookie)) await store.endSession(hashed(cookie));
    },
  };
}

/** The token that a session's changes must carry. It follows from the cookie, so nobody who reads the store has it. */
const csrfOf = (cookie: string): string => createHmac("sha256", cookie).update("csrf").digest("base64url");
