import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { DRAIN_MS } from "../src/compose/listen.ts";
import { readPage } from "./docs/page.ts";
import { ROOT } from "./servers/gateway.ts";
import { CHART, hasHelm, lint, type Manifest, mistakesIn, notes, render, trial } from "./servers/helm.ts";
import { everything, guard, postgres, secrets, shared } from "./servers/helm-values.ts";

const one = ["ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "Service", "ServiceAccount"];

test("the chart's alert rules are those of examples/monitoring", () => {
  expect(readFileSync(join(CHART, "files/alerts.yaml"), "utf8")).toBe(
    readFileSync(join(ROOT, "examples/monitoring/alerts.yaml"), "utf8"),
  );
});

test("each value has its place in values.yaml, where it is explained, and in the schema", () => {
  const { global: _, ...properties } = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")).properties;
  const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8"));
  expect(placesOf(values, properties)).toEqual([]);
});

/** The settings of a schema that values do not have. */
function placesOf(
  values: Record<string, unknown>,
  properties: Record<string, { properties?: object }>,
  at = "",
): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (!(name in values)) return [`${at}${name}`];
    const value = values[name];
    const isFilled = typeof value === "object" && value !== null && Object.keys(value).length > 0;
    return schema.properties && isFilled && name !== "resources"
      ? placesOf(value as Record<string, unknown>, schema.properties as typeof properties, `${at}${name}.`)
      : [];
  });
}

describe.skipIf(!hasHelm)(
  "the Helm chart (skipped where scripts/install.mjs --servers found no Go to build Helm)",
  () => {
    const of = (manifests: readonly Manifest[], kind: string) => manifests.find((each) => each.kind === kind)!;
    const podOf = (manifests: readonly Manifest[]) => of(manifests, "Deployment").spec.template;

    const accepted: Record<string, { values: object; kinds: string[] }> = {
      "default values": { values: {}, kinds: one },
      "everything on": {
        values: everything,
        kinds: [...one, "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PrometheusRule", "ServiceMonitor"],
      },
      "a volume": {
        values: { persistence: { enabled: true, storageClassName: "fast" } },
        kinds: [...one, "PersistentVolumeClaim"],
      },
      "a volume that is there": { values: { persistence: { enabled: true, existingClaim: "mine" } }, kinds: one },
      little: {
        values: {
          config: stringify({ ...trial(), operations: undefined }),
          podDisruptionBudget: { enabled: false },
          serviceAccount: { create: false },
          topologySpread: { zones: "", nodes: "" },
          preStopSeconds: 0,
        },
        kinds: ["ConfigMap", "Deployment", "Service"],
      },
      "two replicas with a guard and PostgreSQL": {
        values: { replicas: 2, secrets, config: stringify(shared({ ...guard, ...postgres })) },
        kinds: one,
      },
      "one replica with a guard and SQLite": {
        values: {
          config: stringify({ ...trial(), ...guard, state: { url: "sqlite:/var/lib/postern/state.db" } }),
          persistence: { enabled: true },
        },
        kinds: [...one, "PersistentVolumeClaim"],
      },
    };
    test("renders with the values that docs/guides/kubernetes.md shows, for a backend that pods share", () => {
      const page = readPage(join(ROOT, "docs/guides/kubernetes.md"));
      const shown = page.blocks.filter(({ notes }) => notes.get("run by") === "test/helm.test.ts");
      expect(shown.length).toBeGreaterThan(1);
      for (const { text } of shown)
        expect(render({ secrets, config: stringify(shared()), ...parse(text) })).toMatchObject({ ok: true });
    });

    describe.each(Object.entries(accepted))("with %s", (_, { values, kinds }) => {
      const { text, manifests } = hasHelm ? render(values) : { text: "", manifests: [] };

      test("passes lint, and renders what the published Kubernetes types take, pods being restricted", () => {
        expect(lint(values)).toBe("");
        expect(manifests.map(({ kind }) => kind).sort(), text).toEqual(kinds.toSorted());
        expect(mistakesIn(text)).toEqual([]);
      });

      test("names nothing that is not there", () => {
        const { metadata, spec } = podOf(manifests);
        const selectors = manifests.flatMap((each) => {
          if (each.kind === "Service") return [each.spec.selector];
          if (each.kind === "NetworkPolicy") return [each.spec.podSelector.matchLabels];
          return ["Deployment", "PodDisruptionBudget"].includes(each.kind) ? [each.spec.selector.matchLabels] : [];
        });
        for (const selector of selectors) expect(metadata.labels).toMatchObject(selector);
        const [container] = spec.containers;
        const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
        expect(names(container.volumeMounts).sort()).toEqual(names(spec.volumes).sort());
        const ports = names(container.ports);
        const probes = ["startupProbe", "livenessProbe", "readinessProbe"].map((each) => container[each].httpGet.port);
        const services = manifests.filter(({ kind }) => kind === "Service");
        const targets = services.flatMap((each) =>
          each.spec.ports.map((port: { targetPort: string }) => port.targetPort),
        );
        for (const port of [...probes, ...targets]) expect(ports).toContain(port);
      });

      test("asks for no rights, and for time to end", () => {
        const { spec } = podOf(manifests);
        expect(spec).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
        });
        expect(spec.containers[0].securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        const sleep = spec.containers[0].lifecycle?.preStop.sleep.seconds ?? 0;
        // The two listeners end one after the other.
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(sleep + (2 * DRAIN_MS) / 1000);
      });
    });

    test("everything on is as its values say", () => {
      const { manifests } = render(everything);
      const { spec } = podOf(manifests);
      const [container] = spec.containers;
      expect(of(manifests, "Deployment").spec).not.toHaveProperty("replicas");
      expect(of(manifests, "Deployment").spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
      expect(container.image).toBe(`registry.example.com/postern@sha256:${"0".repeat(64)}`);
      expect(container.livenessProbe.httpGet).toEqual({ path: "/healthz", port: "scim", scheme: "HTTPS" });
      // server.networks hides /readyz from the kubelet at the other address.
      expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "operations", scheme: "HTTP" });
      expect(spec.volumes[0].configMap.items).toContainEqual({
        key: "mappings__user.yaml",
        path: "mappings/user.yaml",
      });
      expect(of(manifests, "ConfigMap").data["mappings__user.yaml"]).toBe("resource: User\n");
      const paths = of(manifests, "Ingress").spec.rules[0].http.paths.map(({ path }: { path: string }) => path);
      expect(paths).toEqual(["/oauth2/token", "/scim/v2"]);
      expect(of(manifests, "HorizontalPodAutoscaler").spec.metrics).toMatchObject([
        { type: "Pods", pods: { metric: { name: "postern_requests_per_second" } } },
        { type: "ContainerResource", containerResource: { name: "cpu" } },
      ]);
      const { selector, endpoints } = of(manifests, "ServiceMonitor").spec;
      const matches = ({ kind, metadata }: Manifest) =>
        kind === "Service" &&
        Object.entries(selector.matchLabels).every(([name, value]) => metadata.labels[name] === value);
      expect(manifests.filter(matches).map(({ spec }) => spec.ports[0].name)).toEqual([endpoints[0].port]);
      expect(of(manifests, "PrometheusRule").spec).toEqual(
        parse(readFileSync(join(CHART, "files/alerts.yaml"), "utf8")),
      );
      const space = (name: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });
      expect(of(manifests, "NetworkPolicy").spec).toMatchObject({
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          { ports: [{ port: "scim" }], from: [space("ingress-nginx"), { ipBlock: { cidr: "10.1.0.0/16" } }] },
          { ports: [{ port: "operations" }], from: [space("monitoring")] },
        ],
        egress: [
          {
            to: [
              { ...space("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } },
              { ipBlock: { cidr: "169.254.20.10/32" } },
            ],
          },
          { to: [{ ipBlock: { cidr: "10.1.2.0/24" } }], ports: [{ port: 636 }] },
          { to: [space("databases")], ports: [{ port: 5432 }, { port: 6379 }] },
        ],
      });
    });

    const restarts: [string, object, boolean][] = [
      ["another caller", { auth: [...trial().auth, { type: "basic", users: [] }] }, false],
      ["other proxies", { server: { ...trial().server, trustProxy: ["10.0.0.0/8"] } }, false],
      ["another port", { server: { ...trial().server, port: 8881 } }, true],
      ["an audit log", { audit: {} }, true],
      // A gateway that runs refuses to be weakened.
      ["other safety", { safety: { "/scim/v2": { readOnly: true } } }, true],
    ];
    test.each(restarts)("%s in the configuration rolls the pods where it wants a restart", (_, more, rolls) => {
      const annotation = (config: object) =>
        podOf(render({ config: stringify(config) }).manifests).metadata.annotations;
      expect(annotation({ ...trial(), ...more })["postern/restart"] !== annotation(trial())["postern/restart"]).toBe(
        rolls,
      );
    });

    const refused: Record<string, { values: object; says: string }> = {
      "two replicas with a guard and no PostgreSQL": {
        values: { replicas: 2, config: stringify(shared(guard)) },
        says: "the change guard of /scim/v2 would count in each of up to 2 pods for itself",
      },
      "autoscaling with a guard on SQLite": {
        values: {
          autoscaling: { enabled: true },
          config: stringify(shared({ ...guard, state: { url: "sqlite:/var/lib/postern/s.db" } })),
        },
        says: "the change guard of /scim/v2 would count in each of up to 6 pods for itself",
      },
      "a guard whose counts would be in a read-only folder": {
        values: { config: stringify({ ...trial(), ...guard }) },
        says: 'Set state: { url: "sqlite:/var/lib/postern/state.db" }',
      },
      "two replicas of entries in memory": {
        values: { replicas: 2 },
        says: "the connector trial keeps its entries in memory",
      },
      "two replicas on one volume": {
        values: { replicas: 2, config: stringify(shared()), persistence: { enabled: true } },
        says: "persistence.enabled is for exactly one pod",
      },
      "a key that is not known": { values: { replica: 2 }, says: "additional properties 'replica' not allowed" },
      "a key that is not known, further in": {
        values: { ingress: { hosts: [] } },
        says: "additional properties 'hosts' not allowed",
      },
      "a value of another type": { values: { replicas: "two" }, says: "got string, want integer" },
      "a configuration that is no YAML": { values: { config: "a: [" }, says: "config is not YAML" },
      "a configuration without routes": {
        values: { config: "auth: [1]\nconnectors: { a: {} }" },
        says: "config has no routes",
      },
      "a gateway that only its own container reaches": {
        values: { config: stringify({ ...trial(), server: { port: 8880 } }) },
        says: "Set server.host: 0.0.0.0",
      },
      "a mapping that is not there": {
        values: {
          config: stringify(
            shared({ routes: { "/scim/v2": { User: { connector: "directory", mapping: "user.yaml" } } } }),
          ),
        },
        says: "Add it with --set-file 'files.user\\.yaml=PATH'",
      },
      "a secret that is not mounted": {
        values: { secrets: [] },
        says: 'no entry of `secrets` has the name "scim"',
      },
      "a ServiceMonitor that nobody answers": {
        values: {
          config: stringify({ ...trial(), operations: {} }),
          monitoring: { serviceMonitor: { enabled: true } },
        },
        says: "Set operations: { host: 0.0.0.0, port: 9464 }",
      },
      "a ServiceMonitor without the token that is asked of it": {
        values: {
          config: stringify({
            ...trial(),
            operations: { host: "0.0.0.0", tokens: [{ name: "ada", token: "sha256:x" }] },
          }),
          monitoring: { serviceMonitor: { enabled: true } },
        },
        says: "monitoring.serviceMonitor.tokenSecret",
      },
      "readiness that the kubelet may not ask for": {
        values: {
          config: stringify({
            ...trial(),
            server: { host: "0.0.0.0", networks: { allow: [] } },
            operations: undefined,
          }),
        },
        says: "server.networks hides /readyz from the kubelet",
      },
      "a network policy that lets nobody in": {
        values: { networkPolicy: { enabled: true } },
        says: "would let nobody call Postern",
      },
      "an Ingress without a host": {
        values: { ingress: { enabled: true } },
        says: "ingress.enabled needs ingress.host",
      },
      "too little time to end": {
        values: { terminationGracePeriodSeconds: 30 },
        says: "Requests that are running would be cut off",
      },
    };
    test.each(Object.entries(refused))("refuses %s, and says what to do", (_, { values, says }) => {
      const { ok, text } = render(values);
      expect(text).toContain(says);
      expect(ok).toBe(false);
    });

    test("its check of manifests finds what the types do not have, and pods that may too much", () => {
      const { text } = render({});
      expect(mistakesIn(text.replace("containerPort:", "containerPorts:"))).toEqual([
        expect.stringContaining('unknown field "containerPorts"'),
      ]);
      expect(mistakesIn(text.replace("drop: [ALL]", "drop: [KILL]"))).toEqual([
        expect.stringContaining("unrestricted capabilities"),
      ]);
      expect(mistakesIn(text.replace("kind: PodDisruptionBudget", "kind: Budget"))).toEqual([
        expect.stringContaining('no kind "Budget"'),
      ]);
    });

    test("says what to do first, and warns of what ends with the pod", () => {
      expect(notes({})).toContain("port-forward service/postern 8880");
      expect(notes({})).toContain(
        "get secret postern-scim -o go-template='{{ index .data \"token\" | base64decode }}'",
      );
      const audit = { audit: { file: "/var/lib/postern/audit.log" } };
      expect(notes({ config: stringify({ ...trial(), ...audit }) })).toContain(
        "WARNING: the configuration keeps the audit log",
      );
      expect(notes(everything)).toContain("the Tenant URL is https://scim.example.com/scim/v2");
      expect(notes(everything)).not.toContain("WARNING");
    });
  },
);
