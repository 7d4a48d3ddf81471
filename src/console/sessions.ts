import { createHmac, hash, randomBytes } from "node:crypto";
import type { SessionEnd } from "./api/me.ts";
import type { Identity, Operator, Role } from "./env.ts";
import type { ConsoleSettings } from "./settings.ts";
import type { ConsoleStore, SessionPerson, StoredSession } from "./store.ts";

/** Somebody who has proven who they are. */
export interface Person extends Identity {
  readonly role: Role;
  /** What signed them in, see `wayOf` in sign-in.ts. */
  readonly way: string;
}

/** Sessions of people who are signed in. A session's secret is in its cookie; the store has only the hash. */
export interface Sessions {
  /** Begins a session. Returns the cookie. */
  readonly begin: (person: Person) => Promise<string>;
  /** Whose session a cookie is, or why it is over. Requests that a page makes by itself are no use of it (`isUse`). */
  readonly find: (cookie: string | undefined, isUse: boolean) => Promise<FoundSession>;
  /** Ends a session, if there is one. */
  readonly end: (cookie: string | undefined) => Promise<void>;
  readonly others: OtherSessions;
}

/** The sessions of everybody, for operators. */
export interface OtherSessions {
  /** Those that last, whoever was seen last first. */
  readonly all: (limit: number) => Promise<readonly StoredSession[]>;
  /** One of them; undefined if it is over. */
  readonly one: (id: string) => Promise<StoredSession | undefined>;
  /** Ends one. Returns whether it was there. */
  readonly end: (id: string) => Promise<boolean>;
  /** Ends all of a person. Returns how many there were. */
  readonly endOf: (person: SessionPerson) => Promise<number>;
}

/** What a cookie stands for. */
export interface FoundSession {
  readonly signedIn?: { readonly operator: Operator; readonly identity: Identity };
  readonly ended?: SessionEnd;
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
  store: Pick<ConsoleStore, "addSession" | "session" | "touch" | "sessions" | "endSession" | "endSessionsOf">,
  { hours, idleMinutes }: ConsoleSettings["sessions"],
  isConfigured: (way: string) => boolean,
): Sessions {
  const idleMs = 60_000 * idleMinutes;
  const endOf = ({ expires, seen }: StoredSession, now: number): SessionEnd | undefined => {
    if (expires <= now) return { because: "age", hours };
    return seen + idleMs <= now ? { because: "idle", minutes: idleMinutes } : undefined;
  };
  const lasts = (session: StoredSession): boolean => isConfigured(session.way) && !endOf(session, Date.now());
  return {
    begin: async ({ name, issuer = "", sub = "", role, way }) => {
      const cookie = newSecret();
      const now = Date.now();
      const times = { created: now, seen: now, expires: Math.round(now + 3_600_000 * hours) };
      await store.addSession({ id: hashed(cookie), name, issuer, sub, role, way, ...times }, MAX_SESSIONS);
      return cookie;
    },
    find: async (cookie, isUse) => {
      const found = isSecret(cookie) ? await store.session(hashed(cookie)) : undefined;
      if (!isSecret(cookie) || !found || !isConfigured(found.way)) return {};
      const now = Date.now();
      const ended = endOf(found, now);
      if (ended) return { ended };
      const { id, name, role, issuer, sub, seen } = found;
      if (isUse && seen + Math.min(SEEN_MS, idleMs / 2) <= now) await store.touch(id, now);
      const identity = { name, ...(sub !== "" && { issuer, sub }) };
      return { signedIn: { operator: { name, role, csrf: csrfOf(cookie), session: id }, identity } };
    },
    end: async (cookie) => {
      if (isSecret(cookie)) await store.endSession(hashed(cookie));
    },
    others: {
      all: async (limit) => (await store.sessions(limit)).filter(lasts),
      one: async (id) => {
        const found = await store.session(id);
        return found && lasts(found) ? found : undefined;
      },
      end: store.endSession,
      endOf: store.endSessionsOf,
    },
  };
}

/** The token that a session's changes must carry. It follows from the cookie, so nobody who reads the store has it. */
const csrfOf = (cookie: string): string => createHmac("sha256", cookie).update("csrf").digest("base64url");
