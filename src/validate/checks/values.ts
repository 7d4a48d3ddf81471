import { must, mustBe, same } from "../expect.ts";
import { isSelecting, valueAt } from "../paths.ts";
import { type Plan, sample, type Target } from "../plan.ts";
import type { PatchOperation } from "../session.ts";

/** Values by their paths. */
export type Change = Readonly<Record<string, unknown>>;

/** A random value for each attribute of a plan, or for those that are wanted. */
export function valuesOf(plan: Plan, isWanted: (target: Target) => boolean = () => true): Change {
  const values = plan.targets.filter(isWanted).map((target) => [target.path, sample(target)] as const);
  return Object.fromEntries(values);
}

/** An operation for each value, with its path. */
export const operationsOf = (op: string, values: Change): PatchOperation[] =>
  Object.entries(values).map(([path, value]) => ({ op, path, value }));

/** One operation without a path for all plain attributes; elements of lists keep operations of their own, as Entra sends them. */
export function pathless(op: string, values: Change): PatchOperation[] {
  const all = Object.entries(values);
  const plain = all.filter(([path]) => !isSelecting(path));
  const others = all.filter(([path]) => isSelecting(path)).map(([path, value]) => ({ op, path, value }));
  return [...(plain.length > 0 ? [{ op, value: Object.fromEntries(plain) }] : []), ...others];
}

/** Throws a `Finding` that names all attributes of a resource that don't hold what was sent. */
export function mustHold(resource: unknown, values: Change): void {
  const wrong = Object.entries(values).flatMap(([path, value]) => {
    const actual = valueAt(resource, path);
    if (same(actual, value)) return [];
    return [
      actual === undefined
        ? `${path} did not come back`
        : `${path} came back as ${JSON.stringify(actual)} instead of ${JSON.stringify(value)}`,
    ];
  });
  must(
    wrong.length === 0,
    `${wrong.slice(0, 8).join("; ")}${wrong.length > 8 ? `; and ${wrong.length - 8} more` : ""}.`,
  );
}

/** Throws a `Finding` for the first attribute that is not what it should be; `undefined` means that it must be gone. */
export function checkValues(resource: unknown, values: Change): void {
  for (const [path, value] of Object.entries(values)) {
    const actual = valueAt(resource, path);
    mustBe(actual === null || actual === "" ? undefined : actual, value, path);
  }
}
