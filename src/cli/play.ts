import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type Fetch, listen } from "../compose/listen.ts";
import { groundOfConfig } from "../compose/playground/config.ts";
import { groundOfFiles } from "../compose/playground/files.ts";
import { createPlayground, type Ground } from "../compose/playground/playground.ts";
import { save } from "../compose/playground/save.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { locate, shownName } from "../config/shipped.ts";
import { aloneConsole } from "../console/alone.ts";
import { mappingsPage } from "../console/pages/mappings.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";

/** What is asked of `play`. */
export interface PlayOptions {
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly mappings: readonly string[];
  /** A configuration whose connectors are used; without one a backend is assumed. */
  readonly config: string | undefined;
  /** Whether its backends are asked. */
  readonly connect: boolean;
  readonly maySave: boolean;
  readonly port: number;
}

const HOST = "127.0.0.1";

/** Serves the playground until it is told to stop, for browsers of this machine that have its link. */
export async function playCommand(options: PlayOptions): Promise<number> {
  const { ground, close } = groundFor(options);
  const user = "play";
  let port = options.port;
  const url = () => `http://${HOST}:${port}`;
  const page = mappingsPage({
    ...createPlayground(ground),
    maySave: ground.maySave,
    save: (request, by) => save({ ground, audit: undefined }, request, by),
  });
  const { fetch, link } = await aloneConsole({ mappings: page }, { url, home: "/mappings/play", user });
  const listening = await listen(fetch as Fetch, { host: HOST, port }, undefined);
  port = (listening.server.address() as AddressInfo).port;
  console.log(await link());
  console.error("Open the link in a browser of this machine. Ctrl-C ends the playground.");
  await new Promise<void>((done) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => done());
  });
  await listening.stop();
  await close();
  return EXIT.fine;
}

function groundFor(options: PlayOptions): { readonly ground: Ground; readonly close: () => Promise<unknown> } {
  const { registry, env, mappings, config, connect, maySave } = options;
  if (config === undefined && connect)
    throw new UsageError("--connect needs a configuration with the backend: add -c FILE");
  if (config === undefined) return { ground: groundOfFiles({ registry, mappings, maySave }), close: async () => {} };
  const loaded = loadConfig(config, registry, env);
  const files = mappings.map((name) => locate(name, process.cwd(), "mapping").file ?? resolve(name));
  const { ground, close } = groundOfConfig(loaded, { files, connect, maySave });
  const absent = files.find((file) => !ground.places().some(({ mappingFile }) => mappingFile === file));
  if (absent === undefined) return { ground, close };
  throw new UsageError(`${config} does not use ${shownName(absent)}: name a mapping of its routes, or leave out -c`);
}
