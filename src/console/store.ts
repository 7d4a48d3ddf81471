import { isOwnFault } from "../connector/error.ts";
import type { Role } from "./env.ts";
import { SignInProblem } from "./problem.ts";

/** A session as it is stored. Times are in milliseconds since 1970. */
export interface StoredSession {
  /** The hash of the cookie. */
  readonly id: string;
  readonly name: string;
  /** Who it is at the identity provider; empty for links. */
  readonly issuer: string;
  readonly sub: string;
  readonly role: Role;
  /** What signed the person in. A session ends when that is no longer configured. */
  readonly way: string;
  readonly created: number;
  /** When it was last used, to the minute. */
  readonly seen: number;
  readonly expires: number;
}

/** Whose sessions are meant. */
export type SessionPerson = Pick<StoredSession, "name" | "issuer" | "sub">;

/** What is good for one use: the token of a link. */
export interface Ticket {
  /** The hash of its secret. */
  readonly id: string;
  readonly kind: "link";
  /** JSON. */
  readonly data: string;
  readonly expires: number;
}

/** Sessions and tickets, shared by all gateways with the same store. Rejects if the store is unavailable. */
export interface ConsoleStore {
  /** Adds a session, ends the person's oldest beyond `limit`, and deletes all that have expired. */
  readonly addSession: (session: StoredSession, limit: number) => Promise<void>;
  readonly session: (id: string) => Promise<StoredSession | undefined>;
  readonly touch: (id: string, seen: number) => Promise<void>;
  /** Sessions that have not expired, whoever was seen last first. */
  readonly sessions: (limit: number) => Promise<readonly StoredSession[]>;
  /** Ends a session. Returns whether there was one. */
  readonly endSession: (id: string) => Promise<boolean>;
  /** Ends all sessions of a person. Returns how many there were. */
  readonly endSessionsOf: (person: SessionPerson) => Promise<number>;
  /** Adds a ticket, and deletes the oldest of its kind beyond `limit` and all that have expired. */
  readonly addTicket: (ticket: Ticket, limit: number) => Promise<void>;
  /** A ticket's data, which stays good. Undefined if there is none, or it has expired. */
  readonly ticket: (kind: Ticket["kind"], id: string) => Promise<string | undefined>;
  /** Takes a ticket, so that nobody else can. Undefined if there is none, or it has expired. */
  readonly takeTicket: (kind: Ticket["kind"], id: string) => Promise<string | undefined>;
}

/** How often failures are logged, in milliseconds: pages ask again and again. */
const TELL_MS = 60_000;

/** The store, whose failures are told as a `SignInProblem` and logged. */
export function withProblems(store: ConsoleStore, warn: (fields: object, message: string) => void): ConsoleStore {
  let toldAt = Number.NEGATIVE_INFINITY;
  const told =
    <Given extends unknown[], T>(ask: (...given: Given) => Promise<T>) =>
    async (...given: Given): Promise<T> => {
      try {
        return await ask(...given);
      } catch (error) {
        if (isOwnFault(error)) throw error;
        if (Date.now() - toldAt >= TELL_MS) {
          toldAt = Date.now();
          warn({ reason: (error as Error).message }, "the console's sessions can't be read or written");
        }
        const message = "The store of sessions (state.url) is unavailable. Try again in a moment.";
        throw new SignInProblem(503, message, { cause: error });
      }
    };
  const { addSession, session, touch, sessions, endSession, endSessionsOf, addTicket, ticket, takeTicket } = store;
  return {
    addSession: told(addSession),
    session: told(session),
    touch: told(touch),
    sessions: told(sessions),
    endSession: told(endSession),
    endSessionsOf: told(endSessionsOf),
    addTicket: told(addTicket),
    ticket: told(ticket),
    takeTicket: told(takeTicket),
  };
}
