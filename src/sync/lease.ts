import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Leases } from "../state/leases.ts";

/** A sync is running elsewhere, or an operator works on it. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** How long a lease lasts, and how often it is renewed, in milliseconds. */
const LEASE_MS = 30_000;
const RENEW_MS = 5000;

/** Reports whether any process that shares the store is running a sync. */
export const isUnderWay = async (leases: Leases, sync: string): Promise<boolean> =>
  (await leases.holder(nameOf(sync))) !== undefined;

const nameOf = (sync: string): string => `sync ${sync}`;

/**
 * Does work for which a sync must be held exclusively among all processes that share the store. Rejects with a `BusyError` if another
 * process holds it. The given signal aborts when the lease is lost.
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
      `The sync ${sync} is already running (${held}). Wait for it to finish, or cancel it: postern sync cancel ${sync}. If that process was killed, the sync is released ${LEASE_MS / 1000} seconds later.`,
    );
  const lost = new AbortController();
  let [renewed, pending] = [Date.now(), Promise.resolve()];
  const renew = async () => {
    const now = await leases.take(name, holder, LEASE_MS).catch(() => undefined);
    if (now === holder) renewed = Date.now();
    else if (now !== undefined) lost.abort(new BusyError(`The sync ${sync} was taken over by ${now}.`));
    // Stop before the lease expires unnoticed and another gateway takes it.
    else if (Date.now() - renewed > LEASE_MS - 2 * RENEW_MS)
      lost.abort(new BusyError(`The store is unavailable, so another process may have taken over the sync ${sync}.`));
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
