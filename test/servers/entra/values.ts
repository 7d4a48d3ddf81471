/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The steps of a path such as name.givenName, phoneNumbers[type eq "work"].value or urn:...:User:manager.value. */
function stepsOf(path: string): string[] {
  const [, urn, rest] = /^(urn:.+):([^:]+)$/i.exec(path) ?? [undefined, undefined, path];
  return [...(urn === undefined ? [] : [urn]), ...(rest ?? "").split(".")];
}

/** The value at a path, and whether what it stands in is there. */
export function valueAt(
  data: Record<string, Json>,
  path: string,
): { readonly value: Json | undefined; readonly hasContainer: boolean } {
  let current: Json | undefined = data;
  const steps = stepsOf(path);
  for (const step of steps.slice(0, -1)) {
    const [, name = step, type] = /^(\w+)\[type eq "(\w+)"\]$/.exec(step) ?? [];
    const inner: Json | undefined = isObject(current) ? current[name] : undefined;
    current =
      type !== undefined && Array.isArray(inner) ? inner.find((each) => isObject(each) && each.type === type) : inner;
  }
  return { value: isObject(current) ? current[steps.at(-1)!] : undefined, hasContainer: isObject(current) };
}

/** Whether a record clears an attribute: with null flow by null, "" and absence, a child's only where its container is there. */
export function cleared(data: Record<string, Json>, path: string, hasNullFlow: boolean): boolean {
  const { value, hasContainer } = valueAt(data, path);
  return hasNullFlow && hasContainer && (value === undefined || value === null || value === "");
}
