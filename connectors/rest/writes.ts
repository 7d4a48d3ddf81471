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

/** Write operations of an API. */
export interface Writes {
  readonly create: (kind: RestKind, request: CreateRequest) => Promise<Entry>;
  readonly update: (kind: RestKind, request: UpdateRequest) => Promise<Entry>;
  readonly delete: (kind: RestKind, request: DeleteRequest) => Promise<void>;
}

/** The write operations of an API. */
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
        // Something that the new entry refers to is missing, not the entry itself.
        if (!isNotFound(error)) throw error;
        throw refersToNothing(error);
      });
      if (key === undefined)
        throw new ConnectorError(
          "unavailable",
          `The API created a ${kind.name} without reporting its key. Check created.key: the entry now exists.`,
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
          // With two entries in a call, the other may be the missing one.
          if (!isNotFound(failure) || !(await reads.get(kind, { kind: kind.name, key, attrs: [], signal })))
            throw failure;
          throw refersToNothing(failure);
        });
      // An entry that is known to exist needs no check, except for its key.
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
        // If the path is wrong, the entry is not missing.
        if (!isNotFound(error) || !(await reads.get(kind, { kind: kind.name, key, attrs: [], signal }))) throw error;
        throw refersToNothing(error);
      });
    },
  };

  /** Rejects with `notFound` if the API has no entry with exactly this key. */
  async function lookAtUnknown(kind: RestKind, key: string, signal: AbortSignal): Promise<void> {
    if (kind.get?.gone || !reads.spellings.isKnown(kind.name, key)) await reads.present(kind, key, [kind.key], signal);
  }

  async function checkFree(kind: RestKind, key: string, signal: AbortSignal): Promise<void> {
    if (await reads.isTaken(kind, key, signal))
      throw new ConnectorError(
        "conflict",
        `A ${kind.name} with the ${kind.key} ${JSON.stringify(key)} already exists.`,
        {
          attr: kind.key,
        },
      );
  }

  /** Reads a new entry. If it is not of its kind, nobody would find it: it is deleted again. */
  async function created(kind: RestKind, key: string, attrs: readonly string[], signal: AbortSignal): Promise<Entry> {
    const entry = await reads.get(kind, { kind: kind.name, key, attrs, signal });
    if (entry) return entry;
    if (!kind.within)
      throw new ConnectorError(
        "unavailable",
        `The API created the ${kind.name} ${key}, but does not return it by its key.`,
      );
    const gone = api.inTurn(kind.delete ?? [], { input: {}, variables: { key } }, AbortSignal.timeout(UNDO_MS));
    const fate = kind.delete
      ? await gone.then(
          () => "it was deleted again",
          (error: Error) => `it still exists as ${key}, because deleting it failed: ${error.message}`,
        )
      : `it still exists as ${key}, because the connector has no \`delete\``;
    throw new ConnectorError(
      "invalid",
      `The new entry is not a ${kind.name} according to the connector's \`within\`: ${fate}. Set the required values in the mapping.`,
    );
  }

  /** Throws if the changed entry would leave its kind: it would be out of sight here, and perhaps in another kind. */
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
        `The entry would no longer be a ${kind.name} according to the connector's \`within\`: nothing was changed.`,
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
    // Values with calls of their own for adding and removing need not be read.
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
    `${JSON.stringify(key)} was changed as requested, and is no longer a ${kind.name} according to the connector's \`within\`.`,
  );

const keyIn = (given: unknown): string | undefined =>
  typeof given === "string" && given !== "" ? given : typeof given === "number" ? String(given) : undefined;
