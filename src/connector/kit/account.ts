import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "../error.ts";

/**
 * Delays before a refused account is tried again, in milliseconds: two short ones for temporary problems, then one longer than directories
 * count failed passwords, so that Postern never locks its own account.
 */
const WAITS_MS = [10_000, 60_000, 35 * 60_000];

/** How long a stalled attempt delays others. */
const PATIENCE_MS = 1000;

/** The gateway's account in a backend, protected from being locked by a wrong password. */
export interface Account {
  /**
   * Runs an authentication, such as a bind. Until one has succeeded, attempts run one at a time; after a refusal, as `isRefusal` decides,
   * there are none for a while, and callers get `denied` at once.
   */
  readonly prove: <T>(attempt: () => Promise<T>) => Promise<T>;
}

/** How refusals of an account are known. */
export interface Refusals {
  readonly isRefusal: (error: unknown) => boolean;
  /** What the backend says of a refusal, in a sentence: callers are told while no attempt is made. */
  readonly reasonOf: (error: unknown) => string;
}

/** Watches the authentications of one account, and pauses them after a refusal to avoid a lockout. */
export function createAccount({ isRefusal, reasonOf }: Refusals, now = Date.now): Account {
  let reason = "";
  let isProven = false;
  let refusals = 0;
  let heldUntil = 0;
  let last: Promise<unknown> = Promise.resolve();

  const checkHeld = () => {
    const seconds = Math.ceil((heldUntil - now()) / 1000);
    if (seconds <= 0) return;
    throw new ConnectorError(
      "denied",
      `${reason} To avoid locking the account, the next attempt is in ${wait(seconds)}. Correct the password and reload: then it is tried at once.`,
      { mayHaveHappened: false, retryAfter: seconds },
    );
  };
  const attempted = async <T>(attempt: () => Promise<T>): Promise<T> => {
    checkHeld();
    const before = refusals;
    try {
      const result = await attempt();
      // An attempt that started before a refusal says nothing about the current secret.
      if (refusals === before) {
        isProven = true;
        refusals = 0;
      }
      return result;
    } catch (error) {
      // Attempts that were refused together count as one refusal.
      if (isRefusal(error) && refusals === before) {
        isProven = false;
        reason = reasonOf(error);
        heldUntil = now() + WAITS_MS[Math.min(refusals++, WAITS_MS.length - 1)]!;
      }
      throw error;
    }
  };
  return {
    prove: (attempt) => {
      if (isProven) return attempted(attempt);
      const turn = last.then(() => attempted(attempt));
      // A backend that does not answer has refused nothing: do not queue behind it.
      last = last.then(() => Promise.race([turn.catch(() => {}), sleep(PATIENCE_MS, undefined, { ref: false })]));
      return turn;
    },
  };
}

const wait = (seconds: number): string => (seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`);
