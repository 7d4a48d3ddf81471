import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Services } from "../../src/connector/connector.ts";
import { ConnectorError, isOwnFault, timedOut } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import { chooseNewest, companionsOf, type Dated, isOlder } from "./choose.ts";
import type { Copy, Drop } from "./drop.ts";
import { Refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import { type Known, readState, type State, writeState } from "./state.ts";
import { createVersions, type Version } from "./versions.ts";

/** Finds the newest file, accepts or refuses it, and remembers the decision. */
export interface Source {
  /** Checks the drop folder and accepts a newer file. Rejects if there is nothing to serve, or the newest file was refused. */
  readonly refresh: (signal: AbortSignal) => Promise<Version>;
  /** The version in use, without checking the drop folder if that has been done before. */
  readonly current: (signal: AbortSignal) => Promise<Version>;
  /** The version that a listing started on, if it is still open. */
  readonly version: (id: unknown) => Version | undefined;
  /** One line about what is served, and any problem. */
  readonly status: (signal: AbortSignal) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** What a source needs. */
export interface SourceParts {
  readonly settings: Settings;
  readonly services: Services;
  readonly drop: Drop;
  /** The file's name in the drop folder, or a pattern. */
  readonly pattern: string;
  readonly fits: (name: string) => boolean;
  readonly stateFile: string;
  /** The folder for working copies. */
  readonly temporary: string;
  /** How long the folder's contents are cached, in milliseconds. */
  readonly everyMs: number;
}

/** A file under consideration, with its place in the drop folder. */
type Candidate = Dated & { readonly at: string };

/** Opens a source without reading anything yet. */
export function openSource(parts: SourceParts): Source {
  const { settings, services, drop, pattern, fits, stateFile, everyMs } = parts;
  const closed = new AbortController();
  const versions = createVersions(settings, services, parts.temporary);
  const { processed, failed, done, maximum } = settings;
  let served: Version | undefined;
  let refused: State["refused"];
  let remark: string | undefined;
  let hasLooked = false;
  let looking: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const settled = new Set<string>();

  const save = (state: State) =>
    writeState(stateFile, state).catch((error) => {
      throw new Error(
        `${stateFile} cannot be written (${error.message}): it must record which file was accepted last. Set stateFile to another file`,
      );
    });

  /** Reports whether a file has stopped changing. Otherwise it is still being written. */
  const isSettled = async (file: Candidate): Promise<boolean> => {
    const seen = `${file.at} ${file.bytes} ${file.modified}`;
    if (settled.has(seen)) return true;
    await sleep(settings.settle * 1000, undefined, { signal: closed.signal });
    const again = await drop.look(file.at);
    if (again?.bytes !== file.bytes || again.modified !== file.modified) return false;
    settled.clear();
    settled.add(seen);
    return true;
  };

  /** Copies a file; undefined if it changed meanwhile. */
  const copied = async (file: Candidate): Promise<{ folder: string; copy: Copy } | undefined> => {
    const folder = versions.folder();
    const copy = await drop.copy(file.at, join(folder, "copy"), maximum.bytes);
    const after = await drop.look(file.at);
    if (after?.bytes === copy.bytes && after.modified === file.modified) return { folder, copy };
    rmSync(folder, { recursive: true });
    return undefined;
  };

  /** Moves a file and its companion into a subfolder. Returns its new place. */
  const moved = async (file: Candidate, hash: string, into: string | undefined): Promise<string> => {
    if (into === undefined || file.at.startsWith(`${into}/`)) return file.at;
    try {
      const taken = await drop.look(`${into}/${file.name}`);
      const as = taken ? `${file.name}.${hash.slice(0, 8)}.${file.modified}` : file.name;
      // A file from another subfolder no longer has a companion.
      await drop.move(file.at, into, as);
      for (const each of done === undefined ? [] : companionsOf(file.name, done))
        if (await drop.look(each)) await drop.move(each, into, `${as}${done}`).catch(() => {});
      return `${into}/${as}`;
    } catch (error) {
      services.log.warn(
        { file: file.at, folder: into, error: (error as Error).message },
        "file could not be moved: it stays in the drop folder",
      );
      return file.at;
    }
  };

  const known = ({ name, at, bytes, modified, dated }: Candidate, hash: string): Known => ({
    ...{ name, at, hash, bytes, modified },
    ...(dated !== undefined && { dated }),
  });

  const refuse = async (file: Candidate, hash: string, why: string, state: State) => {
    const entry = { ...known(file, hash), why };
    await save({ ...state, refused: entry });
    refused = { ...entry, at: await moved(file, hash, failed) };
    if (refused.at !== entry.at) await save({ ...state, refused });
    services.log.warn({ file: file.name, why }, "file refused as a whole: reads fail until it is corrected");
  };

  const accept = async (file: Candidate, hash: string) => {
    const entry = known(file, hash);
    await save({ taken: entry });
    refused = undefined;
    const at = await moved(file, hash, processed);
    if (at !== entry.at) await save({ taken: { ...entry, at } });
  };

  const take = async (file: Candidate, state: State): Promise<void> => {
    const { taken } = state;
    if (!(await isSettled(file))) return stillWritten(file, state);
    let found: Awaited<ReturnType<typeof copied>>;
    try {
      found = await copied(file);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refuse(file, "", error.message, state);
    }
    if (!found) return stillWritten(file, state);
    const { folder, copy } = found;
    if (copy.hash === taken?.hash) {
      rmSync(folder, { recursive: true });
      await accept(file, copy.hash);
      await serve(taken);
      return;
    }
    let version: Version;
    try {
      version = await versions.load(folder, file.name, copy);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      if (!(error instanceof Refusal)) throw error;
      return refuse(file, copy.hash, error.message, state);
    }
    // A file that is not recorded could be accepted again, so it is not served.
    await accept(file, copy.hash);
    served = version;
    remark = undefined;
    const { withoutKey, problems, repeated } = version.loaded;
    if (withoutKey + problems + repeated > 0)
      services.log.warn(
        { file: file.name, withoutKey, problems, repeated },
        "file has rows with problems or without a key",
      );
  };

  const stillWritten = async (file: Candidate, { taken }: State) => {
    remark = `${file.name} is still being written`;
    await serve(taken);
  };

  /** Serves the file that was accepted last, wherever it is now. */
  const serve = async (taken: Known | undefined): Promise<void> => {
    if (!taken) {
      const why = remark ?? `no file matches ${pattern}${done === undefined ? "" : ` and has its ${done} companion`}`;
      throw failing(`${drop.place}: ${why}.`);
    }
    if (served?.hash === taken.hash) return;
    const open = versions.byHash(taken.hash);
    if (open) {
      served = open;
      return;
    }
    const places = [...new Set([taken.at, ...(processed ? [`${processed}/${taken.name}`] : []), taken.name])];
    for (const at of places) {
      if (!(await drop.look(at))) continue;
      const folder = versions.folder();
      const copy = await drop.copy(at, join(folder, "copy"), maximum.bytes);
      if (copy.hash !== taken.hash) continue;
      try {
        served = await versions.load(folder, taken.name, copy);
        return;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw failing(`${taken.name}: ${error.message} It was accepted before: the settings may have changed since.`);
      }
    }
    throw failing(
      `${taken.name}, the last accepted file, is no longer in ${drop.place}, and there is no newer one. Put it back, or drop a new one.`,
    );
  };

  const look = async (): Promise<void> => {
    const state = await readState(stateFile);
    const files = await drop.list(maximum.files);
    const newest = chooseNewest(files, { fits, newest: settings.folder?.newest, done });
    const candidate: Candidate | undefined = newest && { ...newest, at: newest.name };
    refused = state.refused && (await drop.look(state.refused.at)) ? state.refused : undefined;
    const { taken } = state;
    if (refused) {
      const isNewer = candidate && !isSame(candidate, refused) && !isOlder(candidate, refused);
      // The settings may have been corrected since.
      if (!isNewer && !hasLooked) return take({ ...refused, at: refused.at }, { taken });
      if (!isNewer) return;
    }
    if (!candidate || (taken && (isSame(candidate, taken) || isOlder(candidate, taken)))) {
      const isIgnored = candidate && taken && !isSame(candidate, taken);
      remark = isIgnored ? `${candidate.name} is older than ${taken.name} and was ignored` : undefined;
      await serve(taken);
      // A process that was killed between recording and moving left the file there.
      if (candidate && taken && !isIgnored && processed && !hasLooked) await accept(candidate, taken.hash);
      return;
    }
    return take(candidate, { taken });
  };

  const refreshed = async (signal: AbortSignal): Promise<void> => {
    if (!looking && hasLooked && performance.now() - lookedAt < everyMs) return;
    looking ??= look()
      .then(
        () => {
          hasLooked = true;
        },
        (error) => {
          throw meaning(error, drop.place);
        },
      )
      .finally(() => {
        looking = undefined;
        lookedAt = performance.now();
      });
    try {
      await abortable(signal, looking);
    } catch (error) {
      throw signal.aborted ? timedOut(drop.place, error) : error;
    }
  };

  const good = (): Version => {
    if (refused) throw refusedError(refused, drop.place);
    if (!served) throw failing(`${drop.place}: no file has been read yet.`);
    return served;
  };

  return {
    refresh: async (signal) => {
      await refreshed(signal);
      return good();
    },
    current: async (signal) => {
      if (!hasLooked || (!served && !refused)) await refreshed(signal);
      return good();
    },
    version: (id) => versions.get(id),
    status: async (signal) => {
      await refreshed(signal);
      const line = served ? servedLine(served) : "nothing is served";
      if (refused) return `STALE: ${refusedError(refused, drop.place).message} Read before: ${line}`;
      return remark === undefined ? line : `${line}; ${remark}`;
    },
    close: async () => {
      closed.abort(new Error("the connector has been closed"));
      await versions.stop();
      await looking?.catch(() => {});
      await versions.close();
      await drop.close();
    },
  };
}

const isSame = (file: Dated, { name, bytes, modified }: Known): boolean =>
  file.name === name && file.bytes === bytes && file.modified === modified;

const servedLine = ({ name, loaded: { rows, problems, withoutKey, repeated, notes } }: Version): string =>
  [
    `${name}: ${rows} rows`,
    ...(problems > 0 ? [`${problems} of them with problems`] : []),
    ...(repeated > 0 ? [`${repeated} keys shared by several rows`] : []),
    ...(withoutKey > 0 ? [`${withoutKey} without a key, which are skipped`] : []),
    ...notes,
  ].join(", ");

/** A failure of this file only: the next one may be good. */
const failing = (message: string, cause?: unknown) =>
  new ConnectorError("unavailable", message, { cause, isAnswered: true, mayHaveHappened: false });

const refusedError = ({ name, at, why }: NonNullable<State["refused"]>, place: string) =>
  failing(
    `${name} was refused: ${why} Reads fail until a corrected file is dropped. To go on with the previous file, delete ${at} in ${place}.`,
  );

/** Interprets a failure of the drop folder. */
function meaning(error: unknown, place: string): unknown {
  if (error instanceof ConnectorError || isOwnFault(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = { ENOENT: "no such folder", EACCES: "no permission" }[code ?? ""];
  return failing(`${place}: ${reason ?? message}.`, error);
}
