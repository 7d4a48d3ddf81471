/** The address of a resource's page. */
export const personAddress = (route: string, type: string, id: string): string =>
  `/people/${[route, type, id].map(encodeURIComponent).join("/")}`;

/** What the address of a resource's page says behind `/people/`; undefined if it names none. */
export function personIn(
  rest: string,
): { readonly route: string; readonly type: string; readonly id: string } | undefined {
  const parts = rest.split("/");
  if (parts.length !== 3) return undefined;
  try {
    const [route = "", type = "", id = ""] = parts.map(decodeURIComponent);
    return { route, type, id };
  } catch {
    return undefined;
  }
}

/** A path of the API with its query. Parts that are undefined are left out. */
export function asking(path: string, parts: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) query.set(name, String(value));
  return `/people/${path}?${query}`;
}
