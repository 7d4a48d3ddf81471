/** Describes what is wrong with a route's path; undefined if it is valid. */
export function routeProblem(route: string): string | undefined {
  if (/^(\/[A-Za-z0-9._~-]+)+$/.test(route)) return undefined;
  if (route === "/" || route === "") return "a route needs a path, such as /scim/v2";
  if (!route.startsWith("/")) {
    const path = /^https?:\/\/[^/]+(\/.*)$/.exec(route)?.[1];
    return path === undefined
      ? `a route starts with a slash: "/${route.replace(/\/+$/, "")}"`
      : `a route is a path, without the host: "${path.replace(/\/+$/, "")}"`;
  }
  if (route.endsWith("/")) return `a route does not end with a slash: "${route.replace(/\/+$/, "")}"`;
  if (route.includes("//")) return `a route has no empty path segments: "${route.replace(/\/{2,}/g, "/")}"`;
  return "a route is a path such as /scim/v2, made of letters, digits and . _ ~ -";
}
