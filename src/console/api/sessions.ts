import type { Role } from "../env.ts";

/** `GET /console/api/sessions`: who is signed in, whoever used the console last first. */
export interface SessionList {
  readonly sessions: readonly SessionRow[];
  /** Whether there are more than are listed. */
  readonly hasMore: boolean;
}

/** A session. Times are in milliseconds since 1970. */
export interface SessionRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Who it is at the identity provider; absent for links of `postern console`. */
  readonly provider?: { readonly issuer: string; readonly sub: string };
  readonly created: number;
  /** When it was last used, to the minute. */
  readonly seen: number;
  readonly expires: number;
  /** Whether it is the session of whoever asks. */
  readonly isOwn: boolean;
}

/** `POST /console/api/sessions/end`: ends a session, or all of its person. */
export interface EndSessions {
  readonly id: string;
  readonly isAll: boolean;
}

/** Its answer. */
export interface SessionsEnded {
  readonly count: number;
}
