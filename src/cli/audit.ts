import { existsSync, readFileSync } from "node:fs";
import { headBeside } from "../../sinks/file/head-file.ts";
import { linesOf, withOlder } from "../../sinks/file/lines.ts";

import type { Anchors, Question } from "../../sinks/file/verify.ts";
import { type Found, verifying } from "../../sinks/file/whole.ts";
import { StartError } from "../compose/routes.ts";
import { openStateOf } from "../compose/store.ts";
import { ConfigError } from "../config/diagnostic.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { isSharedState, type State } from "../state/state.ts";
import { withProgress } from "./progress.ts";

/** Options of `postern audit verify`. */
export interface VerifyOptions {
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** The head file; beside the last file by default. */
  readonly head?: string | undefined;
  /** A file that holds the log's key. */
  readonly keyFile?: string | undefined;
  readonly excerpt?: boolean | undefined;
  /** A configuration, whose store says where the logs of several gateways end. */
  readonly config?: string | undefined;
}

/** What a configuration is read with. */
interface Reading {
  readonly registry: Registry;
  readonly env: NodeJS.ProcessEnv;
}

/** Questions that are shown. */
const MAX_SHOWN = 20;

/**
 * Verifies audit files, the older ones first, as one log. Of one file alone those that were put aside from it are taken in, too. With a
 * configuration each file is a log of its own, of one of the gateways that share its store, and none may be missing.
 * Gives 0 where all is whole, and 1 where it is not or cannot be read.
 */
export async function auditVerifyCommand(
  given: readonly string[],
  options: VerifyOptions,
  reading: Reading,
): Promise<number> {
  try {
    if (options.config !== undefined) return await verifyAll(given, { ...options, config: options.config }, reading);
    const files = given.length === 1 && !options.excerpt ? withOlder(given[0]!) : given;
    return tell(await verified(files, anchorsOf(files, options)));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StartError) throw error;
    console.log((error as Error).message);
    return 1;
  }
}

/** Forgets where a chain ended, once its log is kept elsewhere. */
export async function auditForgetCommand(chain: string, config: string, reading: Reading): Promise<number> {
  const state = sharedState(loadConfig(config, reading.registry, reading.env));
  try {
    const running = await state.leases.holder(`audit ${chain}`);
    if (running !== undefined) {
      console.log(`${shown(chain)} is being written by a gateway that runs (${running}): stop that first.`);
      return 1;
    }
    const wasThere = await state.chains.forget(chain);
    console.log(wasThere ? `The chain ${shown(chain)} is forgotten.` : `The store knows no chain ${shown(chain)}.`);
    return wasThere ? 0 : 1;
  } finally {
    await state.close();
  }
}

function sharedState(loaded: Loaded): State {
  if (!isSharedState(loaded.config.state.url))
    throw new StartError(`state.url is ${loaded.config.state.url}: audit logs are anchored in PostgreSQL alone`);
  return openStateOf(loaded);
}

/** Verifies the logs of all gateways that share a store: each is whole, ends where the store says or later, and is there. */
async function verifyAll(
  given: readonly string[],
  options: VerifyOptions & { readonly config: string },
  { registry, env }: Reading,
): Promise<number> {
  const loaded = loadConfig(options.config, registry, env);
  const { audit } = loaded.config;
  const configured = audit && "key" in audit && typeof audit.key === "string" ? audit.key : undefined;
  const state = sharedState(loaded);
  try {
    const heads = await state.chains.all();
    const chains = new Map(heads.map((head) => [head.chain, head]));
    const seen = new Set<string>();
    let status = 0;
    for (const file of given) {
      const files = withOlder(file);
      const found = await verified(files, { ...anchorsOf(files, options, configured), chains });
      const { ok, chains: names } = found.verdict;
      for (const chain of names.filter((each) => seen.has(each))) {
        console.log(`${file}: the chain ${shown(chain)} is in another of the files, too`);
        status = 1;
      }
      for (const chain of names) seen.add(chain);
      if (names.length > 0) console.log(`${file}, of ${names.map(shown).toReversed().join(", before that ")}:`);
      status = Math.max(status, tell(found));
      if (!ok) console.log("Keep the file, and find out who changed it.");
    }
    for (const { chain, seq, at } of heads.filter((head) => !seen.has(head.chain))) {
      status = 1;
      const last = `record ${seq} was its last on ${new Date(at).toISOString()}`;
      const forget = `postern audit forget ${shown(chain)} --config ${options.config}`;
      console.log(
        `${shown(chain)}: no log of this chain is among the files; ${last}. If it is kept elsewhere: ${forget}`,
      );
    }
    return status;
  } finally {
    await state.close();
  }
}

const verified = (files: readonly string[], anchors: Anchors): Promise<Found> =>
  withProgress("reading the log", (progress) => {
    const work = verifying(
      files.map((name) => ({ name, lines: () => linesOf(name) })),
      anchors,
    );
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      progress.show(`verifying ${value.file}: record ${value.records}`);
    }
  });

function tell({ verdict, place }: Found): number {
  if (!verdict.ok) {
    console.log(`${place}: ${verdict.problem}`);
    return 1;
  }
  const { records, first, last, hash, torn, questions, notes } = verdict;
  const range = `${records} records, numbers ${first} to ${last}, are whole`;
  console.log(torn ? `${range}; behind the last is half a record, as a crash leaves it` : range);
  console.log(`the last record's hash: ${hash}`);
  list(`writes of which the log does not say what became: ${questions.length}. Look at their entries:`, questions);
  list(`what the log says of itself: ${notes.length}. Look into it:`, notes);
  return 0;
}

function list(title: string, found: readonly Question[]): void {
  if (found.length === 0) return;
  console.log(title);
  for (const { seq, about } of found.slice(0, MAX_SHOWN)) console.log(`  record ${seq}: ${shown(about)}`);
}

/** A text as it can be printed: a client chose parts of it, and a terminal obeys control characters. */
const shown = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (each) => `\\u${each.codePointAt(0)!.toString(16).padStart(4, "0")}`);

function anchorsOf(
  files: readonly string[],
  { first, last, head, keyFile, excerpt }: VerifyOptions,
  configured?: string,
): Anchors {
  const key = keyFile === undefined ? configured : readFileSync(keyFile, "utf8").replace(/\r?\n$/, "");
  const headFile = head ?? `${files.at(-1)}.head`;
  if (head !== undefined && !existsSync(headFile)) throw new Error(`there is no head file ${head}`);
  const found = excerpt ? undefined : headBeside(headFile, key);
  return { key, first, last, head: found, isExcerpt: excerpt ?? false };
}
