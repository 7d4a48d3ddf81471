import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Leases } from "../state/leases.ts";

/** A sync is under way elsewhere, or somebody works on it. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** A lease lasts so long, and is renewed so often, in milliseconds. */
const LEASE_MS = 30_000;
const RENEW_MS = 5000;

/** Whether a run of a sync is under way, in any process that shares the store. */
export const isUnderWay = async (leases: Leases, sync: string): Promise<boolean> =>
  (await leases.holder(nameOf(sync))) !== undefined;

const nameOf = (sync: string): string => `sync ${sync}`;

/**
 * Does something that one process at a time may do with a sync, of all that share the store. Rejects with a `BusyError` where another does
 * already. The signal it is given ends when the lease is lost.
 */
export async function withLease<T>(
  leases: Leases,
  sync: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const name = nameOf(sync);
  const holder = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`;
  const held = await leases.take(name, holder, LEASE_MS);
  if (held !== holder)
    throw new BusyError(
      `The sync ${sync} is under way already (${held}). Wait for its end, or end it: postern sync cancel ${sync}. The place of a run that was killed is free ${LEASE_MS / 1000} seconds after it.`,
    );
  const lost = new AbortController();
  let [renewed, pending] = [Date.now(), Promise.resolve()];
  const renew = async () => {
    const now = await leases.take(name, holder, LEASE_MS).catch(() => undefined);
    if (now === holder) renewed = Date.now();
    else if (now !== undefined) lost.abort(new BusyError(`The sync ${sync} was taken over by ${now}.`));
    // Before it ends without a word, and another gateway takes it, nothing more is done here.
    else if (Date.now() - renewed > LEASE_MS - 2 * RENEW_MS)
      lost.abort(new BusyError(`The store cannot be reached, so the sync ${sync} may be another's.`));
  };
  const timer = setInterval(() => {
    pending = pending.then(renew);
  }, RENEW_MS).unref();
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    clearInterval(timer);
    await pending;
    if (!lost.signal.aborted) await leases.release(name, holder).catch(() => {});
  }
}
