import { create } from "./create.ts";
import { type Limits, list } from "./list.ts";
import { type Handler, type Middleware, type Results, type ScimOperation, through } from "./operation.ts";
import { patch } from "./patch.ts";
import { get } from "./read.ts";
import type { Endpoints } from "./references.ts";
import { remove } from "./remove.ts";
import { createRepeats, type Repeats } from "./repeats.ts";
import { replace } from "./rewrite.ts";
import type { Serving } from "./serving.ts";
import { createTurns } from "./turns.ts";
import { createViews } from "./view.ts";
import { inSteps, toConnector, type WriteStep } from "./writes.ts";

/**
 * A base path, and what is served there. Whoever has something done to its resources calls `run`: the HTTP edge, bulk, searches
 * over all types, the command line.
 */
export interface Route {
  /** The path, `/scim/v2`. */
  readonly base: string;
  readonly endpoints: Endpoints;
  readonly run: Handler;
}

export interface RouteOptions {
  readonly base: string;
  readonly endpoints: Endpoints;
  readonly limits: Limits;
  readonly patchAnswers: ReadonlyMap<string, "resource" | "none">;
  readonly repeats?: Repeats;
  /** What stands before each operation, the outermost first. */
  readonly middleware: readonly Middleware[];
  /** What stands before each write that an operation has worked out, the outermost first. */
  readonly steps: readonly WriteStep[];
}

/** Makes a route: middleware, the operation, the steps of its write, the connector. */
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
  return { base, endpoints, run: through(middleware, operations(serving)) };
}

/** The operations of SCIM, each in a file of its own. */
const operations = (serving: Serving): Handler => {
  const run = (operation: ScimOperation): Promise<Results[ScimOperation["name"]]> => {
    switch (operation.name) {
      case "get":
        return get(serving, operation);
      case "list":
        return list(serving, operation);
      case "create":
        return create(serving, operation);
      case "replace":
        return replace(serving, operation);
      case "patch":
        return patch(serving, operation);
      case "delete":
        return remove(serving, operation);
    }
  };
  return run as Handler;
};
