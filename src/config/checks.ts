import { nearest, nearestOf } from "../connector/kit/text.ts";
import { consoleProblem } from "../console/settings.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Config } from "./format.ts";
import type { YamlFile } from "./yaml.ts";

/** Mistakes in how the parts of a configuration fit together, when each part is valid by itself. */
export const wholeMistakes = (yaml: YamlFile, config: Config): Diagnostic[] => [
  ...exposed(yaml, config),
  ...elsewhere(yaml, config),
  ...collisions(yaml, config),
  ...smallPages(yaml, config),
  ...operators(yaml, config),
];

/** The message for an unknown name, with the closest known name as a suggestion. */
export function unknownName(what: string, name: string, known: readonly string[]) {
  return {
    message: `${what} "${name}"${nearest(name, known)}`,
    about: { code: "unknown-name", suggestion: nearestOf(name, known) },
  };
}

/** Why a gateway must not listen at its configured address: tokens would travel in the clear without anybody having intended it. */
export function exposure({ host, tls, trustProxy, plainHttp }: Config["server"]): string | undefined {
  const isLoopback = /^(127(\.\d+){1,3}$|localhost$|::1$|\[::1\]$)/.test(host);
  if (isLoopback || tls || trustProxy.length > 0 || plainHttp) return undefined;
  return `the gateway would accept tokens in the clear on ${host}: set server.tls, name the proxy that terminates TLS in server.trustProxy, or set server.plainHttp: true`;
}

function exposed(yaml: YamlFile, { server }: Config): Diagnostic[] {
  const message = exposure(server);
  return message === undefined ? [] : [yaml.diagnose(["server", "host"], message, { code: "plain-http" })];
}

/** A console that can't be served, or where sessions would travel in the clear; metrics that nobody could read. */
function operators(yaml: YamlFile, { operations, console }: Config): Diagnostic[] {
  const problem = console && consoleProblem(console, operations);
  const isUnreadable = operations?.metrics === "token" && !operations.tokens;
  return [
    ...(problem
      ? [yaml.diagnose(problem.at, problem.message, { code: "console", onKey: problem.at.length === 1 })]
      : []),
    ...(isUnreadable
      ? [yaml.diagnose(["operations", "metrics"], "there are no tokens: set operations.tokens", { code: "metrics" })]
      : []),
  ];
}

/** The interoperability profile, §6.4, sets a minimum page size. */
function smallPages(yaml: YamlFile, { routes, limits }: Config): Diagnostic[] {
  const route = Object.keys(routes).find((each) => routes[each]!.profile === "interop");
  if (route === undefined || limits.pageSize >= INTEROP_PAGE) return [];
  const message = `the interop profile of ${route} requires pages of at least ${INTEROP_PAGE} resources`;
  return [yaml.diagnose(["limits", "pageSize"], message, { code: "small-pages" })];
}

const INTEROP_PAGE = 100;

/** Safety settings for a route or a resource type that does not exist. */
function elsewhere(yaml: YamlFile, { safety, routes }: Config): Diagnostic[] {
  return Object.entries(safety).flatMap(([route, { protect }]) => {
    const types = routes[route];
    if (!types) {
      const { message, about } = unknownName("there is no route", route, Object.keys(routes));
      return [yaml.diagnose(["safety", route], message, { ...about, onKey: true })];
    }
    return Object.keys(protect)
      .filter((type) => !types[type])
      .map((type) => {
        const served = Object.keys(types).filter((each) => each !== "strict" && each !== "profile");
        const message = `the route does not serve ${type}${nearest(type, served)}`;
        const about = { code: "unknown-name", onKey: true, suggestion: nearestOf(type, served) };
        return yaml.diagnose(["safety", route, "protect", type], message, about);
      });
  });
}

/** Addresses of the gateway itself. */
const OWN = ["/healthz", "/readyz", "/.well-known"];

/** Routes whose address collides with the gateway itself, a token endpoint, or another route. */
function collisions(yaml: YamlFile, { routes, auth, server, operations }: Config): Diagnostic[] {
  const names = Object.keys(routes);
  const tokens = auth.flatMap((method) => (method.type === "clientCredentials" ? [method.path] : []));
  const isWithin = (path: string, other: string) => path === other || path.startsWith(`${other}/`);
  const found = names.flatMap((route) => {
    const at = (message: string) => [
      yaml.diagnose(["routes", route], message, { code: "route-collision", onKey: true }),
    ];
    const own = OWN.find((each) => isWithin(each, route) || isWithin(route, each));
    if (own !== undefined)
      return at(`${own} is one of the gateway's own addresses: choose another path, such as /scim/v2`);
    const token = tokens.find((each) => isWithin(route, each) || isWithin(each, route));
    if (token !== undefined) return at(`this route collides with the token endpoint ${token}: choose another path`);
    const other = names.find((each) => each !== route && isWithin(route, each));
    if (other !== undefined)
      return at(
        `this route is inside the route ${other}, which handles every path below it: choose paths that do not overlap`,
      );
    const twin = names.find((each) => each < route && each.toLowerCase() === route.toLowerCase());
    return twin === undefined ? [] : at(`this route and ${twin} differ only in upper and lower case`);
  });
  const isTaken =
    operations && operations.port === server.port && operations.port !== 0 && operations.host === server.host;
  return isTaken
    ? [
        ...found,
        yaml.diagnose(
          ["operations", "port"],
          `port ${operations.port} is already used by "server": choose another port`,
          { code: "port" },
        ),
      ]
    : found;
}
