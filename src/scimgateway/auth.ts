import type { Report } from "./report.ts";
import { isSet, isTable, type Path, type Source } from "./source.ts";

/** Whom a caller may ask for: the routes of scimgateway's base entities. */
export type RouteOf = (entity: string) => string | undefined;

type Caller = Record<string, unknown>;

interface Given {
  readonly source: Source;
  readonly report: Report;
  readonly routeOf: RouteOf;
}

const AUTH = ["scimgateway", "auth"];

/** The ways to say who calls, from `scimgateway.auth` in its forms of today and of old. */
export function convertAuth(given: Given): object[] {
  const users = [
    ...callers(given, [...AUTH, "basic"], ["username", "password"], basic),
    ...callers(given, ["scimgateway"], ["username", "password"], basic),
  ];
  const tokens = [
    ...callers(given, [...AUTH, "bearerToken"], ["token"], bearer),
    ...callers(given, [...AUTH, "bearer"], ["token"], bearer),
  ];
  const clients = callers(given, [...AUTH, "bearerOAuth"], [], oauth);
  const tenants = [
    ...callers(given, [...AUTH, "bearerJwtAzure"], ["tenantIdGUID"], entra("tenantIdGUID")),
    ...callers(given, [...AUTH, "bearer", "jwt", "azure"], ["tenantIdGUID"], entra("tenantIdGUID")),
    ...callers(given, [...AUTH, "bearerJwt"], ["azureTenantId"], entra("azureTenantId")),
  ];
  const issuers = [
    ...callers(given, [...AUTH, "bearerJwt"], [], jwt),
    ...callers(given, [...AUTH, "bearer", "jwt", "standard"], [], jwt),
  ];
  notePassThrough(given);
  return [
    ...(tokens.length > 0 ? [{ type: "bearer", tokens }] : []),
    ...(users.length > 0 ? [{ type: "basic", users }] : []),
    ...tenants,
    ...issuers,
    ...(clients.length > 0
      ? [{ type: "clientCredentials", path: "/oauth/token", key: "${env:OAUTH_SIGNING_KEY}", clients }]
      : []),
  ];
}

/** One caller of a list; of old there was one alone, and no list. */
function callers(
  given: Given,
  path: Path,
  needed: readonly string[],
  convert: (given: Given, path: Path, index: number) => Caller | undefined,
): Caller[] {
  const value = given.source.at(path);
  const places = Array.isArray(value) ? value.map((_, index) => [...path, index]) : [path];
  return places.flatMap((place, index) => {
    const each = given.source.at(place);
    if (!isTable(each) || !needed.every((name) => isSet(each[name]))) return [];
    const caller = convert(given, place, index);
    if (!caller) return [];
    const may = mayOf(given, place);
    return may === "nothing" ? [] : [{ ...caller, ...(may && { may }) }];
  });
}

/** What a caller may do, from `readOnly` and `baseEntities`. */
function mayOf({ source, report, routeOf }: Given, path: Path): object | "nothing" | undefined {
  const readOnly = [...path, "readOnly"];
  const entities = [...path, "baseEntities"];
  const isReader = source.at(readOnly) === true;
  if (isReader) report.carried(readOnly, "may: { actions: [read] }");
  const named = source.at(entities);
  if (!Array.isArray(named) || named.length === 0) return isReader ? { actions: ["read"] } : undefined;
  const routes = named.flatMap((each) => routeOf(String(each)) ?? []);
  if (routes.length === 0) {
    report.left(entities, "None of these base entities is converted, so this caller is left out.");
    return "nothing";
  }
  report.carried(entities, `may: { routes: [${routes.join(", ")}] }`);
  return { routes, ...(isReader && { actions: ["read"] }) };
}

function basic({ source, report }: Given, path: Path): Caller | undefined {
  const name = report.text([...path, "username"]);
  if (name === undefined) return undefined;
  const password = report.secret([...path, "password"], `${source.name}_${name}_PASSWORD`);
  report.carried([...path, "username"], `auth: HTTP Basic, user ${name}`);
  return { name, password };
}

function bearer({ source, report }: Given, path: Path, index: number): Caller {
  const name = `${source.name}${index === 0 ? "" : `-${index + 1}`}`;
  return { name, token: report.secret([...path, "token"], "SCIM_TOKEN") };
}

function oauth({ source, report }: Given, path: Path): Caller | undefined {
  const spelt = (names: readonly string[]) =>
    names.map((each) => [...path, each]).find((each) => isSet(source.at(each)));
  const [id, secret] = [spelt(["clientId", "client_id"]), spelt(["clientSecret", "client_secret"])];
  const name = id && report.text(id);
  if (!name || !secret) return undefined;
  report.changed(
    id,
    "auth: OAuth client credentials at /oauth/token, as before. Tokens are now signed: put 32 random bytes into OAUTH_SIGNING_KEY (openssl rand -hex 32).",
  );
  return { name, id: name, secrets: [report.secret(secret, `${source.name}_CLIENT_SECRET`)] };
}

const entra =
  (setting: string) =>
  ({ source, report }: Given, path: Path, index: number): Caller | undefined => {
    const tenant = report.text([...path, setting]);
    if (tenant === undefined) return undefined;
    report.carried([...path, setting], `auth: tokens of Microsoft Entra ID's provisioning service, tenant ${tenant}`);
    return { type: "entra", name: `${source.name}-entra${index === 0 ? "" : `-${index + 1}`}`, tenant };
  };

/** Tokens that others sign. Postern asks their issuer for the keys, and knows no shared secrets. */
function jwt({ source, report }: Given, path: Path, index: number): Caller | undefined {
  if (isSet(source.at([...path, "azureTenantId"]))) return undefined;
  for (const setting of ["secret", "publicKey"])
    if (isSet(source.at([...path, setting])))
      report.left(
        [...path, setting],
        "Tokens signed by a shared secret or by a key in a file are not accepted: use an issuer that publishes its keys (auth type oidc), or a bearer token.",
      );
  const known = report.text([...path, "wellKnownUri"]);
  if (known === undefined) return undefined;
  const issuer = report.text([...path, "options", "issuer"]) ?? known.replace(/\/\.well-known\/.*$/, "");
  const audience = report.text([...path, "options", "audience"]);
  if (audience === undefined)
    report.changed(
      [...path, "wellKnownUri"],
      "Postern accepts only tokens meant for it: replace CHOOSE-THE-AUDIENCE by the audience of your tokens. Until then all are refused.",
    );
  report.carried([...path, "wellKnownUri"], `auth: tokens of ${issuer}`);
  return {
    type: "oidc",
    name: `${source.name}-jwt${index === 0 ? "" : `-${index + 1}`}`,
    issuer,
    audience: audience ?? "CHOOSE-THE-AUDIENCE",
  };
}

function notePassThrough({ source, report }: Given): void {
  const path = [...AUTH, "passThrough", "enabled"];
  if (source.at(path) === true)
    report.left(
      path,
      "A caller's password is not passed on: Postern signs in to the backend with an account of its own. Give each client a token.",
    );
}
