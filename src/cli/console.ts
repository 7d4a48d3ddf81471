import { userInfo } from "node:os";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { LINK_MINUTES, makeLink } from "../console/local.ts";
import { consoleUrl } from "../console/settings.ts";
import { EXIT } from "./exit.ts";
import { openStore } from "./opened.ts";

/** What the configuration is read with. */
interface Reading {
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Prints a link that signs whoever runs the command in to the console, as operator. Returns the exit status. */
export async function consoleCommand(file: string, { registry, env }: Reading): Promise<number> {
  const loaded = loadConfig(file, registry, env);
  const { console: settings, operations, state } = loaded.config;
  const missing = [...(operations ? [] : ["operations: {}"]), ...(settings ? [] : ["console: {}"])];
  if (!settings || !operations)
    return told(`The console is off. To turn it on, add to ${file}, and restart the gateway:\n\n${missing.join("\n")}`);
  if (state.url === "sqlite::memory:")
    return told(
      "The gateway keeps its state in memory, where no other process can add a link: set state.url to a file.",
    );
  if (settings.url === undefined && operations.port === 0)
    return told("The gateway chooses its port when it starts: set operations.port or console.url.");
  const store = await openStore(loaded);
  try {
    console.log(await makeLink(store.console, consoleUrl(settings, operations), userName()));
    console.error(`Open it within ${LINK_MINUTES} minutes. It signs in once, as operator; keep it to yourself.`);
    return EXIT.fine;
  } finally {
    await store.close();
  }
}

function told(problem: string): number {
  console.error(problem);
  return EXIT.findings;
}

/** The user's name on this machine; in a container it may have none. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
