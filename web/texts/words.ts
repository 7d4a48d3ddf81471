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
