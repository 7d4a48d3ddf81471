import { openAuditFor, openConnectors } from "../compose/compose.ts";
import { routeAt } from "../compose/routes.ts";
import { openStateOf } from "../compose/store.ts";
import { lazyEntra, type SyncParts } from "../compose/syncs/syncs.ts";
import type { Loaded } from "../config/load.ts";
import { resilient } from "../connector/resilience.ts";
import type { AuditLog } from "../sink/trail.ts";
import type { State } from "../state/state.ts";
import { wipeProgress } from "./progress.ts";

/** What a command works with: routes as the gateway has them, and the store. */
export interface Opened extends SyncParts {
  /** The audit log, for a command that writes; undefined if none is configured. */
  readonly audit: AuditLog | undefined;
  readonly close: () => Promise<void>;
}

/** Warns on standard error, as commands do. */
export const warn = (fields: unknown, message?: string) => {
  wipeProgress();
  console.error(message, JSON.stringify(fields));
};
const nobody = {
  called: () => {},
  breaker: () => {},
  traced: <T>(_: string, __: string, call: () => Promise<T>) => call(),
};

/** Opens the store of a configuration, and nothing else. Rejects with a `StartError`. */
export async function openStore(loaded: Loaded): Promise<State> {
  const state = openStateOf(loaded);
  await state.ready();
  return state;
}

/**
 * Opens the routes and the store of a configuration for one command. With `writes` what is written goes into the audit log, which a
 * gateway that runs has to itself. Rejects with a `StartError`.
 */
export async function openRoutes(
  loaded: Loaded,
  { writes, clock }: { readonly writes: boolean; readonly clock?: Parameters<typeof lazyEntra>[2] },
): Promise<Opened> {
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const each of closing.toReversed()) await each();
  };
  try {
    const state = await openStore(loaded);
    closing.push(state.close);
    const audit = writes ? await openAuditFor(loaded, { warn }, undefined) : undefined;
    closing.push(() => audit?.close());
    const connectors = new Map(
      [...openConnectors(loaded, { warn })].map(([name, connector]) => {
        closing.push(() => connector.close());
        return [name, resilient(connector, name, loaded.config.connectors[name]!.resilience, nobody)] as const;
      }),
    );
    const services = { audit, ledger: () => state.guard, log: { warn }, stopped: () => {} };
    const routes = new Map(
      [...loaded.routes.keys()].map((base) => [base, routeAt(loaded, base, connectors, services)] as const),
    );
    const entra = lazyEntra(loaded, state, clock);
    closing.push(entra.close);
    return { loaded, routes, state, entra: entra.of, audit, close };
  } catch (error) {
    await close();
    throw error;
  }
}
