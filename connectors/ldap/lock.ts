import type { Change, Value } from "../../src/connector/connector.ts";
import { finalValue, isAttr } from "./changes.ts";

/** The attribute of ppolicy(5) that locks an account, and its value for a lock that only an administrator takes away. */
const LOCK = "pwdAccountLockedTime";
const PERMANENT = "000001010000Z";

/**
 * Changes that write or delete a password, so that they keep an administrator's lock: OpenLDAP's ppolicy takes any lock away with
 * the old password, but for changes that delete the lock themselves. What failed logons locked is unlocked, as it should be. `read` gives
 * the lock that is there; it is asked for only where a password is written.
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
