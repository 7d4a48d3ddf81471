/** What is wrong with the name of a route, in words; undefined where nothing is. */
export function routeProblem(route: string): string | undefined {
  if (/^(\/[A-Za-z0-9._~-]+)+$/.test(route)) return undefined;
  if (route === "/" || route === "") return "a route is a path of its own, such as /scim/v2";
  if (!route.startsWith("/")) {
    const path = /^https?:\/\/[^/]+(\/.*)$/.exec(route)?.[1];
    return path === undefined
      ? `a route begins with a slash: "/${route.replace(/\/+$/, "")}"`
      : `a route is a path, without the host: "${path.replace(/\/+$/, "")}"`;
  }
  if (route.endsWith("/")) return `a route has no slash at its end: "${route.replace(/\/+$/, "")}"`;
  if (route.includes("//")) return `a route has no empty part: "${route.replace(/\/{2,}/g, "/")}"`;
  return "a route is a path such as /scim/v2, of letters, digits and . _ ~ -";
}
