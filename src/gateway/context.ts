import type { Connector } from "../connector/connector.ts";
import { ConnectorError } from "../connector/error.ts";
import { ExpressionError } from "../expression/compile.ts";
import { addCall, type CallName, type Outcome, type Trace } from "../journal/trace.ts";
import { badRequest } from "../scim/error.ts";
import { BackendError } from "./failure.ts";

/** Default time limit for all connector calls of one operation, in milliseconds. */
export const OPERATION_MS = 4500;

/** What a caller may be permitted to do with resources of a type. */
export type Action = "read" | "create" | "update" | "delete";

/** The context of a request on its way through the gateway. */
export interface Context {
  /** The route's URL as the client sees it, without a trailing slash. */
  readonly baseUrl: string;
  readonly signal: AbortSignal;
  /** Time limit of one operation, in milliseconds. Each operation of a bulk request has its own. */
  readonly operationMs?: number | undefined;
  readonly requestId: string;
  /** The caller and its address. */
  readonly caller: string | undefined;
  readonly source: string;
  /** Reports whether the caller's rate limit permits this many more operations. Each operation of a bulk request counts. */
  readonly mayDo: (operations: number) => Promise<boolean>;
  /** Reports whether the caller is permitted an action on resources of a type. */
  readonly allows: (type: string, action: Action) => boolean;
  /** Adds fields to the request's log line. Never attribute values. */
  readonly note: (fields: Record<string, unknown>) => void;
  /** When the request came, by `performance.now()`. */
  readonly receivedAt?: number | undefined;
  /** Follows the operation for the journal. */
  readonly trace?: Trace | undefined;
  /** Whether somebody only looks from the console. The journal leaves it out: it is about what clients do. */
  readonly isLook?: boolean | undefined;
  /** Called when the journal has an operation of the request. */
  readonly journaled?: (() => void) | undefined;
  /** Adds to the time spent waiting for the backend, in milliseconds. */
  readonly waited: (milliseconds: number) => void;
}

/** Where a resource type's entries are: a kind of a connector, which has a name in the configuration. */
export interface Backend {
  readonly name: string;
  readonly connector: Connector;
  readonly mapping: { readonly kind: string };
}

type Method<Name extends CallName> = NonNullable<Connector[Name]>;
/** What a method is asked for: the kind and the signal come from the backend and the context. */
type Asked<Name extends CallName> = Omit<Parameters<Method<Name>>[0], "kind" | "signal">;

/** Calls a connector's method: its time is counted, and its failures become SCIM's. */
export async function ask<Name extends CallName>(
  context: Context,
  { name: connectorName, connector, mapping }: Backend,
  method: Name,
  asked: Asked<Name>,
): Promise<Awaited<ReturnType<Method<Name>>>> {
  const request = { ...asked, kind: mapping.kind, signal: context.signal };
  const call = connector[method] as (request: unknown) => Promise<Awaited<ReturnType<Method<Name>>>>;
  const start = performance.now();
  const ended = (outcome: Outcome) => {
    const ms = performance.now() - start;
    context.waited(ms);
    if (!context.trace) return;
    const { explain } = connector;
    addCall(context.trace, { connector: connectorName, name: method, request, explain, at: start, ms }, outcome);
  };
  try {
    const result = await call(request);
    ended({ result });
    if (method === "get" && result)
      context.trace?.read?.(
        mapping.kind,
        (asked as Asked<"get">).key,
        result as Awaited<ReturnType<Connector["get"]>> & {},
      );
    return result;
  } catch (error) {
    ended({ error });
    throw inScim(error, context);
  }
}

/** Does what a connector may fail at, and turns its failures into SCIM's. */
export async function inTermsOfScim<T>(context: Context, work: () => T): Promise<Awaited<T>> {
  try {
    return await work();
  } catch (error) {
    throw inScim(error, context);
  }
}

function inScim(error: unknown, context: Context): unknown {
  if (!(error instanceof ConnectorError)) return error;
  context.note({ failure: error.kind, ...codeOf(error.cause) });
  return new BackendError(error);
}

/** The driver's error code. Its message is not logged, because databases include refused values. */
function codeOf(cause: unknown): { readonly code?: string } {
  const { code, errno, errcode, name } = (cause ?? {}) as Record<string, unknown>;
  const said = [code, errno, errcode, name].find((each) => typeof each === "string" || typeof each === "number");
  return said === undefined ? {} : { code: String(said).slice(0, 50) };
}

/** An expression that fails on a resource is not the backend's fault. */
export function expressionFailure(error: unknown): unknown {
  return error instanceof ExpressionError
    ? badRequest("invalidValue", `The mapping cannot process this resource: ${error.message}`, { cause: error })
    : error;
}
