import type { Edit } from "../directory.ts";
import type { Cycle, Kind } from "./cycle.ts";
import { GROUP_KINDS } from "./group-edits.ts";
import { PERSON_KINDS } from "./person-edits.ts";
import { randomOf } from "./random.ts";
import type { Tenant } from "./tenant.ts";

/** All kinds of edits. */
export const KINDS: readonly Kind[] = [...PERSON_KINDS, ...GROUP_KINDS];

const WEIGHTED = KINDS.flatMap((kind) => Array<Kind>(kind.weight).fill(kind));

/** The share of edits that may make people and groups. */
const MADE = 0.15;

/** How many kinds are tried before a cycle ends early: the tenant is empty, or each object was edited already. */
const ATTEMPTS = 100;

/**
 * Draws the edits of one cycle: as many as `share` (0 to 1) of the tenant's people and groups, one at least, and at most one an object. Edits may be applied as they come
 * or afterwards; the same tenant, options and way of applying give the same edits. No edit refers to somebody who was purged.
 */
export function* drawEdits(
  tenant: Tenant,
  options: { readonly share: number; readonly seed: number; readonly cycle: number },
): Generator<Edit> {
  const { share, seed, cycle: number } = options;
  const wanted = Math.max(1, Math.round(Math.min(1, share) * (tenant.count("User") + tenant.count("Group"))));
  const cycle: Cycle = {
    tenant,
    random: randomOf(seed, "edits", number),
    seed,
    cycle: number,
    edited: new Set(),
    purged: new Set(),
    joined: [],
    founded: [],
    maxMade: Math.max(1, Math.round(wanted * MADE)),
  };
  while (cycle.edited.size < wanted) {
    const edit = drawOne(cycle);
    if (!edit) return;
    cycle.edited.add(edit.objectId);
    if (edit.purged) cycle.purged.add(edit.objectId);
    yield edit;
  }
}

function drawOne(cycle: Cycle): Edit | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const edit = cycle.random.pick(WEIGHTED).draw(cycle);
    if (edit) return edit;
  }
  return undefined;
}
