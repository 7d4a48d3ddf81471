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

/** Where files come from: it takes the newest one, remembers it, and refuses what is no good. */
export interface Source {
  /** Looks at the drop, and takes a file that is newer. Rejects where there is none to serve, or the newest one was refused. */
  readonly refresh: (signal: AbortSignal) => Promise<Version>;
  /** The version that is served, without a look at the drop where there has been one. */
  readonly current: (signal: AbortSignal) => Promise<Version>;
  /** The version that a listing began on, if it is still open. */
  readonly version: (id: unknown) => Version | undefined;
  /** A line about what is served, and what is wrong. */
  readonly status: (signal: AbortSignal) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** What a source is made of. */
export interface SourceParts {
  readonly settings: Settings;
  readonly services: Services;
  readonly drop: Drop;
  /** The file's name within the drop, or the pattern of names. */
  readonly pattern: string;
  readonly fits: (name: string) => boolean;
  readonly stateFile: string;
  /** The folder that files are copied and loaded into. */
  readonly temporary: string;
  /** For how long an answer of the drop's counts, in milliseconds. */
  readonly everyMs: number;
}

/** A file that is looked at: where it is in the drop. */
type Candidate = Dated & { readonly at: string };

/** Opens a source; nothing is read yet. */
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
        `${stateFile} cannot be written (${error.message}): it must say which file was taken last. Name another one by stateFile`,
      );
    });

  /** Whether a file stayed the same for a moment: else somebody is still writing it. */
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

  /** Copies a file; undefined where it changed meanwhile. */
  const copied = async (file: Candidate): Promise<{ folder: string; copy: Copy } | undefined> => {
    const folder = versions.folder();
    const copy = await drop.copy(file.at, join(folder, "copy"), maximum.bytes);
    const after = await drop.look(file.at);
    if (after?.bytes === copy.bytes && after.modified === file.modified) return { folder, copy };
    rmSync(folder, { recursive: true });
    return undefined;
  };

  /** Moves a file, with its companion, into a folder within the drop; gives where it is then. */
  const moved = async (file: Candidate, hash: string, into: string | undefined): Promise<string> => {
    if (into === undefined || file.at.startsWith(`${into}/`)) return file.at;
    try {
      const taken = await drop.look(`${into}/${file.name}`);
      const as = taken ? `${file.name}.${hash.slice(0, 8)}.${file.modified}` : file.name;
      // What came out of another folder within has its companion no more.
      await drop.move(file.at, into, as);
      for (const each of done === undefined ? [] : companionsOf(file.name, done))
        if (await drop.look(each)) await drop.move(each, into, `${as}${done}`).catch(() => {});
      return `${into}/${as}`;
    } catch (error) {
      services.log.warn(
        { file: file.at, folder: into, error: (error as Error).message },
        "the file could not be moved: it stays in the drop folder",
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
    services.log.warn({ file: file.name, why }, "the file was refused as a whole: reads fail until it is put right");
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
    // What is not remembered is not served: it could be taken again.
    await accept(file, copy.hash);
    served = version;
    remark = undefined;
    const { withoutKey, problems, repeated } = version.loaded;
    if (withoutKey + problems + repeated > 0)
      services.log.warn(
        { file: file.name, withoutKey, problems, repeated },
        "rows of the file have problems, or no key",
      );
  };

  const stillWritten = async (file: Candidate, { taken }: State) => {
    remark = `${file.name} is still being written`;
    await serve(taken);
  };

  /** Serves the file that was taken last, wherever it is now. */
  const serve = async (taken: Known | undefined): Promise<void> => {
    if (!taken) {
      const why =
        remark ??
        `no file has come that is called ${pattern}${done === undefined ? "" : ` and has its ${done} beside it`}`;
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
        throw failing(`${taken.name}: ${error.message} It was taken before: the settings may have changed since.`);
      }
    }
    throw failing(
      `${taken.name}, the last file that was taken, is no longer in ${drop.place}, and no newer one has come. Put it back, or drop a new one.`,
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
      // The settings may have been put right since.
      if (!isNewer && !hasLooked) return take({ ...refused, at: refused.at }, { taken });
      if (!isNewer) return;
    }
    if (!candidate || (taken && (isSame(candidate, taken) || isOlder(candidate, taken)))) {
      const isIgnored = candidate && taken && !isSame(candidate, taken);
      remark = isIgnored ? `${candidate.name} is older than ${taken.name}, and was passed over` : undefined;
      await serve(taken);
      // A process that was killed between remembering and moving left it there.
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
    if (!served) throw failing(`${drop.place}: no file was read yet.`);
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
      closed.abort(new Error("the connector was closed"));
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
    ...(repeated > 0 ? [`${repeated} keys that several rows have`] : []),
    ...(withoutKey > 0 ? [`${withoutKey} without a key, which are passed over`] : []),
    ...notes,
  ].join(", ");

/** A failure that says nothing of others: the next file may be good. */
const failing = (message: string, cause?: unknown) =>
  new ConnectorError("unavailable", message, { cause, isAnswered: true, mayHaveHappened: false });

const refusedError = ({ name, at, why }: NonNullable<State["refused"]>, place: string) =>
  failing(
    `${name} was refused: ${why} Nothing is read until a corrected file is dropped; to go on with the file before it, delete ${at} in ${place}.`,
  );

/** What a failure of the drop's means. */
function meaning(error: unknown, place: string): unknown {
  if (error instanceof ConnectorError || isOwnFault(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = { ENOENT: "there is no such folder", EACCES: "the gateway's user may not read it" }[code ?? ""];
  return failing(`${place}: ${reason ?? message}.`, error);
}
