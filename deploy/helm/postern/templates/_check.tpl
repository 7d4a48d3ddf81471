{{/* Refuses what can only go wrong in the cluster. Postern itself checks the configuration in full when it starts. */}}
{{- define "postern.check" -}}
{{- $values := .root.Values -}}
{{- $config := .config -}}
{{- if hasKey $config "Error" }}
{{- fail (printf "config is not YAML: %s" $config.Error) }}
{{- end }}
{{- range list "auth" "connectors" "routes" }}
{{- if not (get $config .) }}{{ fail (printf "config has no %s. Check it first: postern check --config gateway.config.yaml" .) }}{{ end }}
{{- end }}
{{- $replicas := include "postern.maxReplicas" .root | int -}}
{{- $server := $config.server | default dict -}}
{{- $operations := $config.operations | default dict -}}

{{- if include "postern.isLoopback" $server }}
{{- fail "config: server.host is the container's own loopback, where neither the Service nor the kubelet's probes reach it. Set server.host: 0.0.0.0" }}
{{- end }}
{{- if eq (int ($server.port | default 8880)) (int ($operations.port | default 9464)) }}
{{- fail "config: server.port and operations.port are the same. Give operations another port." }}
{{- end }}

{{- /* The change guard */}}
{{- $url := dig "state" "url" "" $config -}}
{{- range $route, $safety := $config.safety | default dict }}
{{- if $safety.guard }}
{{- if and (gt $replicas 1) (not (regexMatch "^(postgres(ql)?://|\\$\\{)" $url)) }}
{{- fail (printf "config: the change guard of %s would count in each of up to %d pods for itself, and let through as many times its limits. Give the pods a shared store, state: { url: \"postgres://postern@db:5432/postern\", password: \"${file:/etc/postern/secrets/state/password}\" }, or run one replica without autoscaling." $route $replicas) }}
{{- end }}
{{- if or (eq $url "") (and (hasPrefix "sqlite:" $url) (not (regexMatch "^sqlite:(:memory:|/)" $url))) }}
{{- fail (printf "config: the change guard of %s keeps its counts beside the configuration, which is mounted read-only. Set state: { url: \"sqlite:/var/lib/postern/state.db\" } with persistence.enabled, or a postgres:// URL." $route) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* More than one pod */}}
{{- if gt $replicas 1 }}
{{- if $values.persistence.enabled }}
{{- fail (printf "persistence.enabled is for exactly one pod, because a SQLite file and an audit log have one writer, but there may be %d. Turn it off: keep state in PostgreSQL (state.url), and write the audit log to standard output." $replicas) }}
{{- end }}
{{- range $name, $connector := $config.connectors }}
{{- if eq $connector.type "memory" }}
{{- fail (printf "config: the connector %s keeps its entries in memory, so that each of up to %d pods would have its own. Use a real backend, or run one replica." $name $replicas) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $values.autoscaling.enabled (gt (int $values.autoscaling.minReplicas) (int $values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas is greater than autoscaling.maxReplicas." }}
{{- end }}
{{- if and $values.autoscaling.enabled (not $values.autoscaling.cpu) (not $values.autoscaling.metric.name) }}
{{- fail "autoscaling.enabled needs something to scale by: set autoscaling.cpu or autoscaling.metric.name." }}
{{- end }}

{{- /* Files and secrets */}}
{{- range $route, $types := $config.routes }}
{{- range $type, $served := $types }}
{{- if kindIs "map" $served }}
{{- $mapping := $served.mapping | default "" | trimPrefix "./" -}}
{{- if not (or (hasPrefix "/" $mapping) (hasPrefix "postern:" $mapping) (hasKey $values.files $mapping)) }}
{{- fail (printf "config: the mapping %q of %s %s is not among the chart's files. Add it with --set-file 'files.%s=PATH', or name a shipped one, such as postern:openldap/user." $mapping $route $type ($mapping | replace "." "\\.")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $mounted := list -}}
{{- range $values.secrets }}{{ $mounted = append $mounted .name }}{{ end }}
{{- range regexFindAll "/etc/postern/secrets/[^/\"}]+" (toJson $config) -1 | uniq }}
{{- if not (has (base .) $mounted) }}
{{- fail (printf "config reads secrets from %s, but no entry of `secrets` has the name %q. Add { name: %s, secretName: NAME-OF-A-SECRET } to secrets." . (base .) (base .)) }}
{{- end }}
{{- end }}

{{- /* Operations */}}
{{- $isOpen := and (hasKey $config "operations") (not (include "postern.isLoopback" $operations)) -}}
{{- with $values.monitoring.serviceMonitor }}
{{- if and .enabled (not $isOpen) }}
{{- fail "monitoring.serviceMonitor needs an address that Prometheus reaches. Set operations: { host: 0.0.0.0, port: 9464 } in the configuration." }}
{{- end }}
{{- if and .enabled (hasKey $operations "tokens") (not .tokenSecret) }}
{{- fail "monitoring.serviceMonitor: the configuration has operations.tokens, so Prometheus needs one. Name the Secret that holds it: monitoring.serviceMonitor.tokenSecret: { name: postern-admin, key: token }" }}
{{- end }}
{{- end }}
{{- if and $server.networks (eq $values.probes.readiness.path "/readyz") (or (not $isOpen) (hasKey $operations "tokens")) }}
{{- fail "config: server.networks hides /readyz from the kubelet. Set operations: { host: 0.0.0.0 } without tokens, where it can ask instead, or probes.readiness.path: /healthz" }}
{{- end }}
{{- with $values.networkPolicy }}
{{- if and .enabled (not .ingress.namespaces) (not .ingress.cidrs) }}
{{- fail "networkPolicy.enabled would let nobody call Postern. Name who may: networkPolicy.ingress.namespaces or networkPolicy.ingress.cidrs." }}
{{- end }}
{{- end }}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}
{{- fail "ingress.enabled needs ingress.host, such as scim.example.com." }}
{{- end }}
{{- $delay := dig "server" "shutdownDelay" 0 $config | int }}
{{- $ending := add (int $values.preStopSeconds) $delay 20 }}
{{- if le (int $values.terminationGracePeriodSeconds) $ending }}
{{- fail (printf "terminationGracePeriodSeconds is %d, but preStopSeconds, server.shutdownDelay and the end of running requests and of the audit log take up to %d. Requests that are running would be cut off: set it higher." (int $values.terminationGracePeriodSeconds) $ending) }}
{{- end }}
{{- end }}
