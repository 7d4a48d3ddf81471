import { userInfo } from "node:os";
import { openAuditFor } from "../compose/compose.ts";
import { StartError } from "../compose/routes.ts";
import { type Act, ActError, type Acted, carryOutAct, type Release } from "../compose/syncs/acts.ts";
import { storeOf } from "../compose/syncs/target.ts";
import { loadConfig } from "../config/load.ts";
import { BusyError } from "../sync/lease.ts";
import { isOrAre, people } from "../sync/words.ts";
import { openStore, warn } from "./opened.ts";
import { named, type SyncCommand } from "./sync.ts";

/** Releases held changes: the next run makes them. */
export const syncReleaseCommand = (
  command: SyncCommand,
  { by, reason, ...release }: Release & { readonly by?: string | undefined; readonly reason: string },
): Promise<number> =>
  carryOut(command, { do: "release", ...release }, { by, reason }, (name, { count }) => {
    console.log(
      count === 0
        ? `${name}: nothing of that is held. See what is: postern sync status ${name} --held`
        : `${name}: ${count} released. The next run makes the changes: postern sync run ${name}`,
    );
    return count > 0 ? 0 : 1;
  });

/** Has the run that is under way end soon. */
export const syncCancelCommand = (command: SyncCommand): Promise<number> =>
  carryOut(command, { do: "cancel" }, {}, (name) => {
    console.log(`${name}: the run that is under way ends soon. The next one goes on.`);
    return 0;
  });

/** Has people tried again with the next run: those that are named, or all that failed or were stopped. */
export const syncRetryCommand = (command: SyncCommand, keys: readonly string[]): Promise<number> =>
  carryOut(command, { do: "retry", people: keys }, {}, (name, { count }) => {
    console.log(`${name}: ${people(count)} ${isOrAre(count)} tried again with the next run.`);
    return 0;
  });

/** Forgets people: what the store knows of them is deleted, and their accounts stay as they are. */
export const syncForgetCommand = (command: SyncCommand, keys: readonly string[]): Promise<number> =>
  carryOut(command, { do: "forget", people: keys }, {}, (name, { count }) => {
    console.log(
      `${name}: ${people(count)} ${isOrAre(count)} forgotten. ${count === 1 ? "The account stays as it is" : "Their accounts stay as they are"}.`,
    );
    return 0;
  });

/** Does something on the store of a sync, recorded as the operator's act, and prints what became of it. Gives the exit status. */
async function carryOut(
  command: SyncCommand,
  act: Act,
  { by = userInfo().username, reason }: { readonly by?: string | undefined; readonly reason?: string },
  print: (name: string, acted: Acted) => number,
): Promise<number> {
  const loaded = loadConfig(command.file, command.registry, command.env);
  const name = named(command, loaded.config.syncs);
  const state = await openStore(loaded);
  try {
    const audit = await openAuditFor(loaded, { warn }, undefined).catch((error: unknown) => {
      if (!(error instanceof StartError)) throw error;
      throw new StartError(
        `${error.message}. If it is the gateway, ask that one: POST /syncs/${name}/${act.do} at the operators' address (operations)`,
      );
    });
    try {
      const store = state.syncs.of(await storeOf({ loaded, state }, name));
      const acted = await carryOutAct({ leases: state.leases, store, audit }, name, act, { by, reason });
      for (const key of acted.unknown)
        console.error(`${name} knows nobody with the key ${key}, of whom that could be done.`);
      return print(name, acted);
    } finally {
      await audit?.close();
    }
  } catch (error) {
    if (!(error instanceof BusyError || error instanceof ActError)) throw error;
    console.error(error instanceof ActError ? `${name}: ${error.message}.` : error.message);
    return 1;
  } finally {
    await state.close();
  }
}
