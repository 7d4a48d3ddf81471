import { create } from "./create.ts";
import { list } from "./list.ts";
import { type Handler, type Middleware, type Named, type Results, through } from "./operation.ts";
import { patch } from "./patch.ts";
import { get } from "./read.ts";
import type { Endpoints } from "./references.ts";
import { remove } from "./remove.ts";
import { createRepeats, type Repeats } from "./repeats.ts";
import { replace } from "./rewrite.ts";
import type { Limits, Serving } from "./serving.ts";
import { createTurns } from "./turns.ts";
import { createViews } from "./view.ts";
import { inSteps, toConnector, type WriteStep } from "./writes.ts";

/** A base path with its resources. The HTTP edge, bulk requests, searches over all types and the command line all call `run`. */
export interface Route {
  /** The path, `/scim/v2`. */
  readonly base: string;
  readonly endpoints: Endpoints;
  readonly run: Handler;
}

/** What a route serves, and within which limits. */
export interface RouteParts {
  readonly base: string;
  readonly endpoints: Endpoints;
  readonly limits: Limits;
  readonly patchAnswers: ReadonlyMap<string, "resource" | "none">;
}

/** What a route is built from. */
export interface RouteOptions extends RouteParts {
  readonly repeats?: Repeats;
  /** Wraps each operation, outermost first. */
  readonly middleware: readonly Middleware[];
  /** Wraps each write that an operation has computed, outermost first. */
  readonly steps: readonly WriteStep[];
}

/** Builds a route: middleware, operation, write steps, connector. */
export function createRoute(options: RouteOptions): Route {
  const { base, endpoints, limits, patchAnswers, middleware, steps, repeats = createRepeats() } = options;
  const views = new Map([...endpoints].map(([type, { mapping }]) => [type, createViews(mapping)]));
  const serving: Serving = {
    endpoints,
    limits,
    patchAnswers,
    views,
    repeats,
    inTurn: createTurns(),
    write: inSteps(steps, toConnector),
  };
  return { base, endpoints, run: through(middleware, carryOut(serving)) };
}

/** How an operation is executed. */
type Carry<Name extends keyof Results> = (serving: Serving, operation: Named<Name>) => Promise<Results[Name]>;

/** The operations, one per file. */
const operations: { readonly [Name in keyof Results]: Carry<Name> } = {
  get,
  list,
  create,
  replace,
  patch,
  delete: remove,
};

const carryOut =
  (serving: Serving): Handler =>
  (operation) =>
    (operations[operation.name] as Carry<typeof operation.name>)(serving, operation as never) as never;
