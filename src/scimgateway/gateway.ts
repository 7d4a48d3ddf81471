import type { Report } from "./report.ts";
import { isSet, type Path, type Source } from "./source.ts";

const at = (...names: string[]): Path => ["scimgateway", ...names];
const off = (value: unknown) => !isSet(value) || String(value) === "off";

interface Rule {
  readonly path: Path;
  readonly text: string;
  /** Whether the setting asks for something that Postern does otherwise; that it is set, if not given. */
  readonly when?: (value: unknown) => boolean;
}

/** What has no counterpart, and what to do instead. */
const LEFT: readonly Rule[] = [
  {
    path: at("chainingBaseUrl"),
    text: "Postern passes no requests on to another gateway: put a reverse proxy in front, or point clients at the other one.",
  },
  ...[at("scim", "version"), at("scimversion")].map((path) => ({
    path,
    when: (value: unknown) => isSet(value) && !String(value).startsWith("2"),
    text: "Postern speaks SCIM 2.0 to its clients. Clients of 1.1, such as Symantec (CA) Identity Manager, must stay on scimgateway.",
  })),
  {
    path: at("scim", "customSchema"),
    text: "Declare these attributes in a file of types (docs/reference/types.md) and name it in the mapping.",
  },
  {
    path: at("scim", "skipMetaLocation"),
    text: "Postern always sends meta.location. Clients ignore what they do not need.",
  },
  {
    path: at("scim", "groupMemberOfUser"),
    text: "A user's groups are read only in Postern: change members through the group, as Entra does.",
  },
  ...[at("email", "emailOnError", "enabled"), at("emailOnError", "smtp", "enabled")].map((path) => ({
    path,
    text: "Postern sends no mail. Alert on its metrics or its log instead: examples/monitoring has the rules.",
  })),
  {
    path: at("azureRelay", "enabled"),
    text: "Postern does not speak to Azure Relay. Publish it without opening a port by Microsoft's on-premises provisioning agent.",
  },
  {
    path: at("stream", "subscriber", "enabled"),
    text: "Postern does not subscribe to NATS streams. Let the source call it by SCIM.",
  },
  {
    path: at("stream", "publisher", "enabled"),
    text: "Postern does not publish to NATS streams. Its audit log has each change.",
  },
  {
    path: at("log", "customMasking"),
    text: "Not needed: Postern logs neither bodies nor values. Leave audit.values off.",
  },
  {
    path: at("certificate", "pfx", "bundle"),
    text: "Convert the bundle to PEM: openssl pkcs12 -in FILE -nodes -out tls.pem; then name it as server.tls.cert and server.tls.key.",
  },
  { path: at("certificate", "ca"), text: "Append the intermediate certificates to the file of server.tls.cert." },
];

const CHANGED: readonly Rule[] = [
  {
    path: at("scim", "skipTypeConvert"),
    text: "Not needed: Postern keeps every element of a list as the client sent it.",
  },
  { path: at("scim", "usePutSoftSync"), text: "Not needed: a PUT of a user never takes it out of groups." },
  {
    path: at("payloadSize"),
    text: "limits.body is 1048576 bytes: raise it if clients send more, such as large groups in one PUT.",
    when: (value: unknown) => isSet(value) && String(value).toLowerCase() !== "1mb",
  },
  { path: at("kubernetes", "enabled"), text: "Use /livez and /readyz, and server.shutdownDelay." },
  {
    path: at("log", "logDirectory"),
    text: "Postern logs to standard output: keep it by systemd, Docker or a file of your own.",
  },
];

/** The settings of the gateway itself, from the section `scimgateway`. */
export function convertGateway(source: Source, report: Report): { readonly server: object; readonly more: object } {
  for (const [rules, note] of [
    [LEFT, report.left],
    [CHANGED, report.changed],
  ] as const)
    for (const { path, text, when = isSet } of rules) if (when(source.at(path))) note(path, text);
  return { server: { ...address(source, report), ...networks(source, report) }, more: log(source, report) };
}

function address(source: Source, report: Report): object {
  const { port, host, tls } = { port: portOf(source, report), host: at("localhostonly"), tls: tlsOf(report) };
  if (source.at(host) === true) report.carried(host, "server.host: 127.0.0.1");
  else if (tls) report.carried(host, "server.host: 0.0.0.0");
  else
    report.changed(
      host,
      "Without a certificate the gateway listens on 127.0.0.1 alone: give it server.tls, or name the proxy in front of it by server.trustProxy, before others may connect.",
    );
  return { host: source.at(host) !== true && tls ? "0.0.0.0" : "127.0.0.1", port, ...(tls && { tls }) };
}

function portOf(source: Source, report: Report): number {
  const path = at("port");
  const value = Number(source.at(path));
  if (Number.isInteger(value) && value > 0 && value < 65536) {
    report.carried(path, `server.port: ${value}`);
    return value;
  }
  if (isSet(source.at(path)))
    report.changed(path, "The port is a number in Postern: it is 8880 now. Change it in gateway.config.yaml.");
  return 8880;
}

function tlsOf(report: Report): object | undefined {
  const [cert, key] = ["cert", "key"].map((name) => report.file(at("certificate", name), "certs"));
  if (cert === undefined || key === undefined) return undefined;
  report.carried(at("certificate", "cert"), `server.tls: { cert: ${cert}, key: ${key} }`);
  return { cert, key };
}

function networks(source: Source, report: Report): object {
  const path = at("ipAllowList");
  const allow = source.at(path);
  if (!Array.isArray(allow) || allow.length === 0) return {};
  report.carried(path, `server.networks.allow: ${allow.length} networks`);
  report.changed(
    path,
    "X-Forwarded-For is believed only from proxies that server.trustProxy names. Without a proxy there is nothing to do.",
  );
  return { networks: { allow: allow.map(String) } };
}

function log(source: Source, report: Report): object {
  const path = [at("log", "loglevel", "console"), at("loglevel", "console"), at("loglevel")].find((each) => {
    const value = source.at(each);
    return typeof value === "string" && value !== "";
  });
  const file = [at("log", "loglevel", "file"), at("loglevel", "file")].find((each) => !off(source.at(each)));
  if (file)
    report.changed(
      file,
      "Postern writes no log files: it logs to standard output, at log.level. Keep that by systemd or Docker.",
    );
  if (!path) return {};
  const level = String(source.at(path));
  if (["debug", "info", "warn", "error"].includes(level)) report.carried(path, `log.level: ${level}`);
  // The least that there is.
  return { log: { level: ["debug", "info", "warn"].includes(level) ? level : "error" } };
}
