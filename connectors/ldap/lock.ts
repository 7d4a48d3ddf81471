import type { Change, Value } from "../../src/connector/connector.ts";
import { finalValue, isAttr } from "./changes.ts";

/** The attribute of ppolicy(5) that locks an account, and its value for an administrator's permanent lock. */
const LOCK = "pwdAccountLockedTime";
const PERMANENT = "000001010000Z";

/**
 * Keeps an administrator's lock when a password is written or deleted: OpenLDAP's ppolicy removes any lock with the old password, unless
 * the change deletes the lock itself. Locks from failed logons are removed, as they should be. `read` returns the current lock, and is
 * called only for password changes.
 */
export async function keepingLock(
  changes: readonly Change[],
  read: (attr: string) => Promise<Value | undefined>,
): Promise<readonly Change[]> {
  const hasPassword = changes.some((change) => isAttr(change, "userPassword"));
  if (!hasPassword) return changes;
  const present = await read(LOCK);
  const asked = changes.filter((change) => isAttr(change, LOCK)).at(-1);
  const wanted = asked ? finalValue(asked) : present;
  if (wanted !== PERMANENT) return changes;
  return [
    ...changes.filter((change) => !isAttr(change, LOCK)),
    ...(present === undefined ? [] : [{ op: "delete" as const, attr: LOCK, values: [present] }]),
    { op: "add", attr: LOCK, values: [PERMANENT] },
  ];
}
