import type { Config } from "./format.ts";

/** Sections that a reload doesn't apply. */
const FIXED: readonly string[] = ["audit", "operations", "log", "state", "journal", "console"];
/** Settings of `server` that it does apply. */
const APPLIED: readonly string[] = ["networks", "trustProxy", "publicUrl"];

type Tree = Readonly<Record<string, unknown>>;

/** The parts of a configuration that take effect at the next start only, and differ. */
export function needsRestart(before: Config, after: Config): string[] {
  const isOther = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
  const partOf = (config: Config, name: string) => (config as unknown as Tree)[name];
  const fixed = ({ server }: Config) => Object.entries(server).filter(([name]) => !APPLIED.includes(name));
  return [
    ...(isOther(fixed(before), fixed(after)) ? ["server"] : []),
    ...FIXED.filter((name) => isOther(partOf(before, name), partOf(after, name))),
    ...(isOther(before.limits.shared, after.limits.shared) ? ["limits.shared"] : []),
  ];
}

/** A configuration, or the data of its file, as it is in force: what only a start applies is as the start found it. */
export function inForce<Form>(started: Form, current: Form): Form {
  return mixed(started, current, (name, before, after) => {
    if (FIXED.includes(name)) return before;
    if (name === "server") return mixed(before, after, (each, old, now) => (APPLIED.includes(each) ? now : old));
    return name === "limits" ? mixed(before, after, (each, old, now) => (each === "shared" ? old : now)) : after;
  }) as Form;
}

/** Two trees as one, in the second one's order. What is chosen as undefined is left out. */
function mixed(
  before: unknown,
  after: unknown,
  choose: (name: string, before: unknown, after: unknown) => unknown,
): unknown {
  const [one, other] = [before ?? {}, after ?? {}] as Tree[];
  const names = new Set([...Object.keys(other!), ...Object.keys(one!)]);
  const chosen = [...names].map((name) => [name, choose(name, one![name], other![name])] as const);
  const left = chosen.filter(([, value]) => value !== undefined);
  return left.length === 0 && after === undefined ? undefined : Object.fromEntries(left);
}
