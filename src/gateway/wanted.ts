import type { Row } from "../mapping/mapping.ts";
import type { Plan } from "../mapping/plan.ts";
import type { Projection } from "../scim/project.ts";

/** The rows that are worth reading. */
export interface Wanted {
  readonly wants: (row: Row) => boolean;
}

/** The rows that an answer, or the rest of a filter, needs. */
export function wantedBy(projected: Projection, plan?: Plan): Wanted {
  if (plan?.rest) return { wants: () => true };
  const known = wantedKnown.get(projected) ?? { wants: (row: Row) => projected.needs(row.path) };
  wantedKnown.set(projected, known);
  return known;
}

const wantedKnown = new WeakMap<Projection, Wanted>();
