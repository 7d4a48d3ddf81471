import { nearest, nearestOf } from "../connector/kit/text.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Config } from "./format.ts";
import type { YamlFile } from "./yaml.ts";

/** What is wrong with a configuration whose parts are each right: what does not go together. */
export const wholeMistakes = (yaml: YamlFile, config: Config): Diagnostic[] => [
  ...exposed(yaml, config),
  ...elsewhere(yaml, config),
  ...collisions(yaml, config),
  ...smallPages(yaml, config),
];

/** That something is named which is not there, with the name that was probably meant. */
export function unknownName(what: string, name: string, known: readonly string[]) {
  return {
    message: `${what} "${name}"${nearest(name, known)}`,
    about: { code: "unknown-name", suggestion: nearestOf(name, known) },
  };
}

/** Why a gateway must not listen where it is told to: tokens would cross a network in the clear without anybody having said so. */
export function exposure({ host, tls, trustProxy, plainHttp }: Config["server"]): string | undefined {
  const isLoopback = /^(127\.|localhost$|::1$|\[::1\]$)/.test(host);
  if (isLoopback || tls || trustProxy.length > 0 || plainHttp) return undefined;
  return `others than this machine are listened to on ${host}, without TLS: give server.tls, or name the proxy that speaks TLS by trustProxy, or say plainHttp: true`;
}

function exposed(yaml: YamlFile, { server }: Config): Diagnostic[] {
  const message = exposure(server);
  return message === undefined ? [] : [yaml.diagnose(["server", "host"], message, { code: "plain-http" })];
}

/** Pages smaller than the interoperability profile has them, §6.4, where a route has that profile. */
function smallPages(yaml: YamlFile, { routes, limits }: Config): Diagnostic[] {
  const route = Object.keys(routes).find((each) => routes[each]!.profile === "interop");
  if (route === undefined || limits.pageSize >= INTEROP_PAGE) return [];
  const message = `the profile interop of ${route} asks for pages of at least ${INTEROP_PAGE} resources`;
  return [yaml.diagnose(["limits", "pageSize"], message, { code: "small-pages" })];
}

const INTEROP_PAGE = 100;

/** What is set for a route, or a type, that is not there. */
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
        const message = `the route serves no ${type}${nearest(type, served)}`;
        const about = { code: "unknown-name", onKey: true, suggestion: nearestOf(type, served) };
        return yaml.diagnose(["safety", route, "protect", type], message, about);
      });
  });
}

/** Addresses of the gateway's own, beside those of its routes. */
const OWN = ["/healthz", "/readyz", "/.well-known"];

/** Routes at addresses that something else has: the gateway itself, a token endpoint, or another route. */
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
      return at(`${own} is an address of the gateway's own: choose another path, such as /scim/v2`);
    const token = tokens.find((each) => isWithin(route, each) || isWithin(each, route));
    if (token !== undefined)
      return at(`tokens are issued at ${token}, which collides with this route: choose another path`);
    const other = names.find((each) => each !== route && isWithin(route, each));
    if (other !== undefined)
      return at(
        `this route is inside the route ${other}, which answers everything below it: choose paths beside each other`,
      );
    const twin = names.find((each) => each < route && each.toLowerCase() === route.toLowerCase());
    return twin === undefined ? [] : at(`this route and ${twin} differ in capital letters only`);
  });
  const isTaken =
    operations && operations.port === server.port && operations.port !== 0 && operations.host === server.host;
  return isTaken
    ? [
        ...found,
        yaml.diagnose(
          ["operations", "port"],
          `the port ${operations.port} is that of server, too: each needs one of its own`,
          { code: "port" },
        ),
      ]
    : found;
}
