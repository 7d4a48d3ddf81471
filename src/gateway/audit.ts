import type { Entry } from "../connector/connector.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { notNow, ScimError } from "../scim/error.ts";
import type { AuditTrail } from "../sink/trail.ts";
import { ask, type Context } from "./context.ts";
import { actionOf, type Middleware } from "./operation.ts";
import { attrsOfWrite, type Write, type WriteStep } from "./writes.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The three places where an operation is recorded. */
export interface Recording {
  /** Records operations that are refused before they become a write. Outermost middleware. */
  readonly refusals: Middleware;
  /** Records the outcome of each write. The first write step. */
  readonly outcomes: WriteStep;
  /** Records that a write is about to be made. The last step before the connector, so that a refused write leaves no open intent. */
  readonly intents: WriteStep;
}

/**
 * Records each write twice: before it is made, and its outcome, so that a process killed in between leaves an open intent that `audit
 * verify` reports. While the trail rejects intents, nothing is written. With `values` the entry is read first, and values before and after
 * are recorded, except those that are write-only or never returned.
 */
export function recording(
  route: string,
  trail: AuditTrail,
  { values, isDry }: { readonly values: boolean; readonly isDry: boolean },
): Recording {
  /** The ID of a write's intent, by the write's context. */
  const ids = new WeakMap<Context, string>();
  /** Failures that have been recorded. */
  const recorded = new WeakSet<object>();

  const refusals: Middleware = (next) => async (operation) => {
    try {
      return await next(operation);
    } catch (error) {
      const isRefused = error instanceof ScimError && error.refusal !== undefined && !recorded.has(error);
      if (isRefused) {
        const { type, context } = operation;
        const id = "id" in operation ? { id: operation.id.slice(0, 200) } : {};
        const about = { ...aboutOf(context, route), type, action: actionOf(operation), ...id };
        await trail.outcome({ event: "refused", ...about, ...resultOf(error) });
      }
      throw error;
    }
  };

  const outcomes: WriteStep = (next) => async (write) => {
    const { action } = write;
    // Each write gets its own context, which identifies its intent.
    const context = { ...write.context };
    const touched = attrsOfWrite(write);
    const readable = values ? shownAttrs(write.endpoint.mapping) : [];
    const shown = touched.filter((attr) => readable.includes(attr));
    const before =
      values && action !== "create" ? await present(write, action === "delete" ? readable : shown) : undefined;
    const about = { ...aboutWrite(write, route), ...(isDry && { dryRun: true }), ...(before && { before }) };
    const intent = () => {
      const id = ids.get(context);
      return id === undefined ? {} : { intent: id };
    };
    let after: Entry | undefined;
    try {
      after = await next({ ...(values && action !== "delete" ? withAttrs(write, shown) : write), context });
    } catch (error) {
      if (typeof error === "object" && error !== null) recorded.add(error);
      await trail.outcome({
        event: intent().intent ? "outcome" : "refused",
        ...about,
        ...intent(),
        ...resultOf(error),
      });
      throw error;
    }
    const key = action === "create" && after ? keyOf(write, after) : undefined;
    await trail.outcome({
      event: "outcome",
      ...about,
      ...intent(),
      ...(key !== undefined && { backend: { ...about.backend, key } }),
      ...(values && after && { after: only(after, shown) }),
      result: "ok",
    });
    return after;
  };

  const intents: WriteStep = (next) => async (write) => {
    try {
      ids.set(write.context, await trail.intent({ event: "intent", ...aboutWrite(write, route) }));
    } catch (error) {
      throw notNow(
        `The audit log cannot be written, so the write was not made: ${(error as Error).message}. Nothing was changed.`,
        "audit",
      );
    }
    return next(write);
  };
  return { refusals, outcomes, intents };
}

const aboutOf = ({ requestId, caller, source }: Context, route: string) => ({ requestId, caller, source, route });

const aboutWrite = (write: Write, route: string) => ({
  ...aboutOf(write.context, route),
  type: write.endpoint.mapping.type.name,
  action: write.action,
  backend: {
    connector: write.endpoint.name,
    kind: write.endpoint.mapping.kind,
    ...(write.action !== "create" && { key: write.key }),
  },
  attributes: attrsOfWrite(write),
});

/** The outcome of an operation, without any values that were sent. */
function resultOf(error: unknown): Fields {
  if (!(error instanceof ScimError)) return { result: "500" };
  const { status, scimType, refusal } = error;
  return {
    result: String(status),
    ...(scimType && { detail: scimType }),
    ...(refusal !== undefined && { refusal }),
  };
}

const keyOf = ({ endpoint }: Write, entry: Entry) => entry[endpoint.connector.kinds.get(endpoint.mapping.kind)!.key];

const withAttrs = (write: Exclude<Write, { action: "delete" }>, more: readonly string[]): Write => ({
  ...write,
  attrs: [...new Set([...write.attrs, ...more])],
});

const only = (entry: Entry, attrs: readonly string[]): Entry =>
  Object.fromEntries(attrs.flatMap((attr) => (entry[attr] === undefined ? [] : [[attr, entry[attr]]])));

/** The entry's current values. */
async function present(write: Write, attrs: readonly string[]): Promise<Entry | undefined> {
  const { endpoint, context } = write;
  if (write.action === "create") return undefined;
  const entry = await ask(context, endpoint, "get", { key: write.key, attrs });
  return entry && only(entry, attrs);
}

/** Attributes that may be recorded: none that are write-only or never returned. */
function shownAttrs({ rows }: Mapping): string[] {
  const attrs = rows.flatMap((row) => (row.is === "expression" ? [] : [row]));
  const isHidden = ({ writeOnly, path: { attribute, sub } }: (typeof attrs)[number]) =>
    writeOnly || attribute.returned === "never" || sub?.returned === "never";
  const hidden = new Set(attrs.filter(isHidden).map(({ attr }) => attr));
  return [...new Set(attrs.map(({ attr }) => attr))].filter((attr) => !hidden.has(attr));
}
