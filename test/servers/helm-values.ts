import { stringify } from "yaml";
import { trial } from "./helm.ts";

/** A configuration that several pods can share, with parts of it changed. */
export const shared = (more: object = {}) => ({
  ...trial(),
  connectors: { directory: { type: "ldap", url: "ldaps://ldap.example.com", kinds: { user: {}, group: {} } } },
  routes: { "/scim/v2": { User: { connector: "directory", mapping: "postern:openldap/user" } } },
  ...more,
});
/** A change guard. */
export const guard = { safety: { "/scim/v2": { guard: { deletes: 50 } } } };
/** A store that pods share. */
export const postgres = {
  state: { url: "postgres://postern@db:5432/postern", password: "${file:/etc/postern/secrets/db/password}" },
};
/** Secrets for the configurations here. */
export const secrets = [
  { name: "scim", secretName: "postern-scim" },
  { name: "db", secretName: "postern-db" },
  { name: "tls", secretName: "postern-tls" },
];
const tls = { cert: "/etc/postern/secrets/tls/tls.crt", key: "/etc/postern/secrets/tls/tls.key" };

/** Values that turn on all that the chart has. */
export const everything = {
  image: {
    repository: "registry.example.com/postern",
    digest: `sha256:${"0".repeat(64)}`,
    pullSecrets: [{ name: "registry" }],
  },
  config: stringify(
    shared({
      ...guard,
      ...postgres,
      server: { host: "0.0.0.0", port: 8443, tls, networks: { allow: ["10.0.0.0/8"] } },
      auth: [{ type: "clientCredentials", key: "${file:/etc/postern/secrets/scim/key}", clients: [] }],
      routes: { "/scim/v2": { User: { connector: "directory", mapping: "mappings/user.yaml" } } },
      limits: { shared: { url: "redis://redis:6379" } },
    }),
  ),
  files: { "mappings/user.yaml": "resource: User\n" },
  secrets,
  autoscaling: { enabled: true },
  service: { type: "LoadBalancer", externalTrafficPolicy: "Local", annotations: { a: "b" } },
  ingress: {
    enabled: true,
    className: "nginx",
    host: "scim.example.com",
    tlsSecret: "scim-tls",
    annotations: { a: "b" },
  },
  monitoring: {
    serviceMonitor: {
      enabled: true,
      labels: { release: "prometheus" },
      tokenSecret: { name: "postern-admin", key: "token" },
    },
    prometheusRule: { enabled: true, labels: { release: "prometheus" } },
  },
  networkPolicy: {
    enabled: true,
    ingress: { namespaces: ["ingress-nginx"], cidrs: ["10.1.0.0/16"] },
    monitoring: { namespaces: ["monitoring"] },
    dns: { cidrs: ["169.254.20.10/32"] },
    egress: [
      { cidr: "10.1.2.0/24", ports: [636] },
      { namespace: "databases", ports: [5432, 6379] },
    ],
  },
  serviceAccount: { annotations: { a: "b" } },
  extraEnv: [{ name: "LDAP_URL", value: "ldaps://ldap.example.com" }],
  extraVolumes: [{ name: "ca", configMap: { name: "ca" } }],
  extraVolumeMounts: [{ name: "ca", mountPath: "/etc/ca", readOnly: true }],
  podAnnotations: { a: "b" },
  podLabels: { team: "identity" },
  nodeSelector: { "kubernetes.io/os": "linux" },
  tolerations: [{ key: "a", operator: "Exists" }],
  affinity: { nodeAffinity: {} },
  priorityClassName: "high",
};
