import type { Report } from "./report.ts";
import { isSet, type Path, type Source } from "./source.ts";

/** The settings of a connection that every connector to an HTTP API has: address, TLS, proxy, and who the gateway is. */
export function connectionOf(source: Source, report: Report, entity: Path): Readonly<Record<string, unknown>> {
  const connection = [...entity, "connection"];
  const place = addressOf(source, entity);
  const urls = addresses(source, report, place);
  if (urls.length === 1) report.carried(place, `url: ${urls[0]}`);
  else if (urls.length > 1)
    report.changed(place, `url: ${urls[0]}. A connector has one address: put a load balancer before the others.`);
  const ca = report.file([...connection, "options", "tls", "ca"], "certs");
  if (source.at([...connection, "options", "tls", "rejectUnauthorized"]) === false && urls[0]?.startsWith("https:"))
    report.changed(
      [...connection, "options", "tls", "rejectUnauthorized"],
      "Postern always checks the server's certificate and name: give its authority by tls.ca unless the system knows it.",
    );
  return {
    ...(urls[0] !== undefined && { url: urls[0] }),
    auth: authOf(source, report, entity),
    ...(ca !== undefined && { tls: { ca } }),
    ...proxyOf(source, report, [...(isSet(source.at(connection)) ? connection : entity), "proxy"]),
  };
}

function addressOf(source: Source, entity: Path): Path {
  const places = [
    [...entity, "connection", "baseUrls"],
    [...entity, "baseUrls"],
    [...entity, "baseUrl"],
  ];
  return places.find((each) => isSet(source.at(each))) ?? places[0]!;
}

/**
 * The addresses that a setting lists, without those that are kept out of the file, of which is told: a user and a password in one would be
 * copied with it.
 */
export function addresses(source: Source, report: Report, path: Path): string[] {
  const value = source.at(path);
  const places = Array.isArray(value) ? value.map((_, index) => [...path, index]) : [path];
  return places.flatMap((place) => {
    const url = report.text(place);
    if (url === undefined) return [];
    if (!/^[^/?#]*\/\/[^/?#]*@/.test(url)) return [url];
    report.changed(place, "The address is taken over without the user and the password that stand in it.");
    return [url.replace(/\/\/[^/?#]*@/, "//")];
  });
}

function proxyOf(source: Source, report: Report, path: Path): object {
  const [host] = addresses(source, report, [...path, "host"]);
  if (host === undefined) return {};
  if (isSet(source.at([...path, "username"])))
    report.left(
      [...path, "username"],
      "A proxy that wants a password is not supported: let it know the gateway by its address.",
    );
  report.carried([...path, "host"], `proxy: ${host}`);
  return { proxy: host };
}

/** The tenant, the client and its secret, wherever this version of the format has them. */
export function entraClient(source: Source, entity: Path) {
  const options = [...entity, "connection", "auth", "options"];
  const first = (...places: Path[]) => places.find((each) => isSet(source.at(each)));
  return {
    tenant: first([...options, "azureTenantId"], [...options, "tenantIdGUID"], [...entity, "tenantIdGUID"]),
    client: first([...options, "clientId"], [...entity, "clientId"]),
    secret: first([...options, "clientSecret"], [...entity, "clientSecret"]),
  };
}

function authOf(source: Source, report: Report, entity: Path): object {
  const auth = [...entity, "connection", "auth"];
  const options = [...auth, "options"];
  const type = String(source.at([...auth, "type"]) ?? (isSet(source.at([...entity, "username"])) ? "old" : "none"));
  if (type === "basic" || type === "old") {
    const at = type === "basic" ? options : entity;
    const username = report.text([...at, "username"]);
    if (username !== undefined) report.carried([...at, "username"], `auth: HTTP Basic, ${username}`);
    return { type: "basic", username, password: report.secret([...at, "password"], `${source.name}_PASSWORD`) };
  }
  if (type === "bearer") {
    report.carried([...auth, "type"], "auth: bearer");
    return { type: "bearer", token: report.secret([...options, "token"], `${source.name}_TOKEN`) };
  }
  const { tenant, client, secret } = entraClient(source, entity);
  const tokenUrl = tenant
    ? `https://login.microsoftonline.com/${report.text(tenant)}/oauth2/v2.0/token`
    : report.text([...options, "tokenUrl"]);
  if (type === "oauth" && tokenUrl !== undefined && client && secret) {
    report.carried(tenant ?? [...options, "tokenUrl"], `auth: OAuth client credentials at ${tokenUrl}`);
    report.carried(client, `auth.clientId: ${report.text(client)}`);
    const scope = report.text([...options, "scope"]);
    return {
      type: "clientCredentials",
      tokenUrl,
      clientId: report.text(client),
      clientSecret: report.secret(secret, `${source.name}_CLIENT_SECRET`),
      ...(tenant ? { scope: scope ?? "https://graph.microsoft.com/.default" } : scope !== undefined && { scope }),
    };
  }
  if (type !== "none")
    report.left(
      [...auth, "type"],
      `How the gateway signs in by "${type}" is not converted: see auth in docs/reference/connectors/rest.md (jwt, login, apiKey).`,
    );
  return { type: "none" };
}
