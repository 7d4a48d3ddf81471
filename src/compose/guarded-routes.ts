import type { Generation } from "./generation.ts";

/** The routes with a change guard. */
export const guardedRoutes = ({ loaded: { config } }: Pick<Generation, "loaded">): string[] =>
  Object.entries(config.safety).flatMap(([route, { guard }]) => (guard ? [route] : []));
