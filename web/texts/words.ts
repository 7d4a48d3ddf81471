/** A number with its noun: `1 person`, `14 people`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Parts of a sentence: `a, b and c`. */
export const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;

/** Resources of a type, as people say it. */
export function resources(count: number, type: string): string {
  if (type === "User") return counted(count, "person", "people");
  return type === "Group" ? counted(count, "group") : counted(count, `${type} resource`);
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** How long something takes, in words: `28 days`, `6 hours`, `40 minutes`. Under two of a unit, in the next smaller one. */
export function span(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= 2 * each) ?? UNITS.at(-1)!;
  const format = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat("en", format).format(ms / size);
}

/** When Entra tries again: `after 40 minutes, then after another 80 minutes, 6 hours …, and from then on every 24 hours`. */
export function tries(retriesMs: readonly number[]): string {
  const [first = 0, ...others] = retriesMs;
  const more = others.map(span);
  return `after ${span(first)}, then after another ${listed(more)}, and from then on every ${more.at(-1)}`;
}

const BACKENDS: Readonly<Record<string, string>> = {
  "active-directory": "Active Directory",
  ldap: "the LDAP directory",
  sql: "the database",
  rest: "the API",
  scim: "the SCIM service",
  file: "the file",
  memory: "memory",
};

/** A backend, as people say it, with its name in the configuration. */
export const backendName = (type: string, name: string): string =>
  BACKENDS[type] ? `${BACKENDS[type]} (${name})` : name;
