import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "../error.ts";

/**
 * How long a refused account waits before it is tried again, in milliseconds: twice soon, for what passes by itself, then no more often
 * than directories forget a wrong password, so that Postern never locks its own account.
 */
const WAITS_MS = [10_000, 60_000, 35 * 60_000];

/** How long an attempt that does not end keeps others from being made. */
const PATIENCE_MS = 1000;

/** The account of a system behind, spared where its secret is wrong. */
export interface Account {
  /**
   * Runs what proves the account, such as a bind. Until it has succeeded one attempt is made at a time; after a refusal, by `isRefusal`,
   * none for a while: whoever comes is told so at once, with `denied`.
   */
  readonly prove: <T>(attempt: () => Promise<T>) => Promise<T>;
}

/** Watches the proofs of one account: after a refusal none is tried for a while, so that it is not locked. */
export function createAccount(what: string, isRefusal: (error: unknown) => boolean, now = Date.now): Account {
  let isProven = false;
  let refusals = 0;
  let heldUntil = 0;
  let last: Promise<unknown> = Promise.resolve();

  const checkHeld = () => {
    const seconds = Math.ceil((heldUntil - now()) / 1000);
    if (seconds <= 0) return;
    throw new ConnectorError(
      "denied",
      `${what} refused the gateway's account or its password. It is not tried again for ${wait(seconds)}, so that it is not locked: give the right one, and it is tried at once.`,
      { mayHaveHappened: false, retryAfter: seconds },
    );
  };
  const attempted = async <T>(attempt: () => Promise<T>): Promise<T> => {
    checkHeld();
    const before = refusals;
    try {
      const result = await attempt();
      // What began before a refusal says nothing of the secret as it is now.
      if (refusals === before) {
        isProven = true;
        refusals = 0;
      }
      return result;
    } catch (error) {
      // Several that were refused together are one refusal.
      if (isRefusal(error) && refusals === before) {
        isProven = false;
        heldUntil = now() + WAITS_MS[Math.min(refusals++, WAITS_MS.length - 1)]!;
      }
      throw error;
    }
  };
  return {
    prove: (attempt) => {
      if (isProven) return attempted(attempt);
      const turn = last.then(() => attempted(attempt));
      // A system that does not answer has refused nothing: nobody waits for it in a row.
      last = last.then(() => Promise.race([turn.catch(() => {}), sleep(PATIENCE_MS, undefined, { ref: false })]));
      return turn;
    },
  };
}

const wait = (seconds: number): string => (seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`);
