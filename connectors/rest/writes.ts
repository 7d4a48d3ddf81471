import {
  type Change,
  type CreateRequest,
  type DeleteRequest,
  type Entry,
  type UpdateRequest,
  valuesOf,
} from "../../src/connector/connector.ts";
import {
  afterWrite,
  ConnectorError,
  entryNotFound,
  happened,
  isNotFound,
  refersToNothing,
} from "../../src/connector/error.ts";

import { applyChanges, checkExpected } from "../../src/connector/reference.ts";
import { isTrue } from "../../src/expression/truth.ts";
import { type Api, readFrom, UNDO_MS } from "./api.ts";

import { type Json, toEntry, toObject } from "./entries.ts";
import type { RestKind } from "./kind.ts";
import {
  type Before,
  changing,
  creation,
  inJson,
  isWritten,
  merged,
  needsEntry,
  needsValues,
  readBefore,
  refused,
  touchedBy,
} from "./plans.ts";
import type { Reads } from "./reads.ts";

/** What is written to an API. */
export interface Writes {
  readonly create: (kind: RestKind, request: CreateRequest) => Promise<Entry>;
  readonly update: (kind: RestKind, request: UpdateRequest) => Promise<Entry>;
  readonly delete: (kind: RestKind, request: DeleteRequest) => Promise<void>;
}

/** What changes entries of an API. */
export function writesOf(api: Api, reads: Reads): Writes {
  return {
    create: async (kind, { entry, attrs, requestKey, signal }) => {
      const { steps, input, variables } = creation(kind, entry);
      let key = keyIn(entry[kind.key]);
      if (kind.created.lookFirst && key !== undefined) await checkFree(kind, key, signal);
      const made = api.inTurn(
        steps,
        {
          input,
          variables,
          otherwise: kind.delete,
          requestKey,
          learnt: async (answer) => {
            const given = kind.created.key
              ? await readFrom(kind.created.key, answer)
              : (answer.body as Json | undefined)?.[kind.key];
            key = keyIn(given) ?? key;
            return { key };
          },
        },
        signal,
      );
      await made.catch((error) => {
        // What is not there is what the new entry refers to: it is itself not what was looked for.
        if (!isNotFound(error)) throw error;
        throw refersToNothing(error);
      });
      if (key === undefined)
        throw new ConnectorError(
          "unavailable",
          `The API made a ${kind.name}, and does not say its key. Look at created.key: it is there now.`,
        );
      const its = key;
      reads.spellings.note(kind.name, its);
      return afterWrite(() => created(kind, its, attrs, signal));
    },
    update: async (kind, { key, changes, expected, attrs, signal }) => {
      const before = needsEntry(kind, changes, expected !== undefined)
        ? await presentEntry(kind, key, changes, expected, signal)
        : undefined;
      const { within } = kind;
      if (within) {
        const item = before?.item ?? (await reads.present(kind, key, undefined, signal)).item;
        await checkStays(kind, within, item, changes, before?.entry);
      } else if (!before) await lookAtUnknown(kind, key, signal);
      const plans = changing(kind, key, changes, before);
      for (const [index, plan] of plans.entries())
        await api.inTurn(plan.steps, plan, signal).catch(async (error) => {
          const failure = index > 0 ? happened(error) : error;
          // Of two that a call names it may be the other that is not there: then this one is not told as gone.
          if (!isNotFound(failure) || !(await reads.get(kind, { kind: kind.name, key, attrs: [], signal })))
            throw failure;
          throw refersToNothing(failure);
        });
      // Of an entry that is known to be there nothing but its key needs no look at it.
      const isKnown = plans.length > 0 || before !== undefined;
      if (isKnown && attrs.every((attr) => attr === kind.key)) return { [kind.key]: key };
      if (plans.length === 0) return stored(kind, key, attrs, signal);
      return afterWrite(() =>
        stored(kind, key, attrs, signal).catch((error) => {
          throw within && isNotFound(error) ? hasLeft(kind, key) : error;
        }),
      );
    },
    delete: async (kind, { key, expected, signal }) => {
      if (!kind.delete) throw refused(kind, "deleted", "delete");
      const isRead =
        expected !== undefined ||
        !reads.spellings.isKnown(kind.name, key) ||
        kind.within !== undefined ||
        kind.get?.gone !== undefined ||
        kind.delete.some(({ readsInput, variables }) => readsInput || variables.has("version"));
      const { item, version } = isRead
        ? await reads.present(kind, key, undefined, signal)
        : { item: {}, version: undefined };
      checkExpected(toEntry(item, Object.keys(expected ?? {})), expected);
      await api.inTurn(kind.delete, { input: item, variables: { key, version } }, signal).catch(async (error) => {
        // Its address may be wrong: then the entry is not gone.
        if (!isNotFound(error) || !(await reads.get(kind, { kind: kind.name, key, attrs: [], signal }))) throw error;
        throw refersToNothing(error);
      });
    },
  };

  /** Rejects with `notFound` where the API has no entry whose key is spelled so. */
  async function lookAtUnknown(kind: RestKind, key: string, signal: AbortSignal): Promise<void> {
    if (kind.get?.gone || !reads.spellings.isKnown(kind.name, key)) await reads.present(kind, key, [kind.key], signal);
  }

  async function checkFree(kind: RestKind, key: string, signal: AbortSignal): Promise<void> {
    if (await reads.isTaken(kind, key, signal))
      throw new ConnectorError(
        "conflict",
        `There is already a ${kind.name} with the ${kind.key} ${JSON.stringify(key)}.`,
        {
          attr: kind.key,
        },
      );
  }

  /** A new entry as it is. One that is not of its kind would never be found: it is taken back. */
  async function created(kind: RestKind, key: string, attrs: readonly string[], signal: AbortSignal): Promise<Entry> {
    const entry = await reads.get(kind, { kind: kind.name, key, attrs, signal });
    if (entry) return entry;
    if (!kind.within)
      throw new ConnectorError("unavailable", `The API made a ${kind.name}, ${key}, and does not give it by its key.`);
    const gone = api.inTurn(kind.delete ?? [], { input: {}, variables: { key } }, AbortSignal.timeout(UNDO_MS));
    const fate = kind.delete
      ? await gone.then(
          () => "it was deleted again",
          (error: Error) => `it is there, as ${key}: it could not be deleted again: ${error.message}`,
        )
      : `it is there, as ${key}: the connector has no \`delete\` for it`;
    throw new ConnectorError(
      "invalid",
      `What was made is no ${kind.name}, by the connector's \`within\`: ${fate}. Give what makes it one by the mapping.`,
    );
  }

  /** Throws where an entry that is changed so is no longer of its kind: out of sight here, and perhaps in another one. */
  async function checkStays(
    kind: RestKind,
    within: NonNullable<RestKind["within"]>,
    item: Json,
    changes: readonly Change[],
    entry: Entry | undefined,
  ): Promise<void> {
    const own = changes.filter(({ attr }) => !isWritten(kind.special.get(attr)));
    if (own.length === 0) return;
    const after = applyChanges(entry ?? toEntry(item, [...new Set(own.map(({ attr }) => attr))]), own);
    const changed = Object.fromEntries(own.map(({ attr }) => [attr, inJson(kind, attr, valuesOf(after, attr))]));
    const stays = await within.evaluate(merged(item, toObject(changed))).catch(() => false);
    if (!isTrue(stays))
      throw new ConnectorError(
        "invalid",
        `It would no longer be a ${kind.name}, by the connector's \`within\`: nothing was changed.`,
      );
  }

  async function stored(kind: RestKind, key: string, attrs: readonly string[], signal: AbortSignal): Promise<Entry> {
    const entry = await reads.get(kind, { kind: kind.name, key, attrs, signal });
    if (!entry) throw entryNotFound(kind.name, key);
    return entry;
  }

  async function presentEntry(
    kind: RestKind,
    key: string,
    changes: readonly Change[],
    expected: UpdateRequest["expected"],
    signal: AbortSignal,
  ): Promise<Before> {
    // What has a call of its own to add it, or to take it away, need not be read for that.
    const needed = changes.filter((change) => !isWritten(kind.special.get(change.attr)) || needsValues(kind, change));
    const { item, version } = await reads.present(kind, key, readBefore(kind, changes, expected), signal);
    const entry = await reads.pick(kind, item, touchedBy(needed, expected), signal);
    checkExpected(entry, expected);
    return { item, entry, version };
  }
}

const hasLeft = (kind: RestKind, key: string) =>
  new ConnectorError(
    "invalid",
    `${JSON.stringify(key)} was changed as asked, and is no ${kind.name} any more, by the connector's \`within\`.`,
  );

const keyIn = (given: unknown): string | undefined =>
  typeof given === "string" && given !== "" ? given : typeof given === "number" ? String(given) : undefined;
