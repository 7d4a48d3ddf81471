{{/* The name of all objects. */}}
{{- define "postern.name" -}}
{{- $name := .Values.fullnameOverride | default (contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name)) -}}
{{- trunc 52 $name | trimSuffix "-" -}}
{{- end }}

{{- define "postern.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "postern.labels" -}}
{{ include "postern.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "postern.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "postern.name" .) "default") -}}
{{- end }}

{{- define "postern.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* A file's key in the ConfigMap, where slashes are not allowed. */}}
{{- define "postern.fileKey" -}}
{{- replace "/" "__" . -}}
{{- end }}

{{/* How many pods there may be at a time. */}}
{{- define "postern.maxReplicas" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.maxReplicas .Values.replicas | int -}}
{{- end }}

{{/* Whether a part of the configuration with `host` listens inside of the container alone, as it does by default. */}}
{{- define "postern.isLoopback" -}}
{{- if regexMatch "^(127\\.|localhost$|::1$|\\[::1\\]$|$)" (.host | default "") }}true{{ end }}
{{- end }}

{{/* What of the configuration the other templates need, as YAML. Everything is checked before it is given. */}}
{{- define "postern.gateway" -}}
{{- $config := fromYaml .Values.config -}}
{{- include "postern.check" (dict "root" . "config" $config) -}}
{{- $server := $config.server | default dict -}}
{{- $operations := $config.operations | default dict -}}
{{- $isOpen := and (hasKey $config "operations") (not (include "postern.isLoopback" $operations)) -}}
{{- $paths := keys $config.routes -}}
{{- range $config.auth }}
{{- if eq .type "clientCredentials" }}{{ $paths = append $paths (.path | default "/oauth2/token") }}{{ end }}
{{- end }}
port: {{ $server.port | default 8880 | int }}
scheme: {{ hasKey $server "tls" | ternary "HTTPS" "HTTP" }}
{{- if $isOpen }}
operationsPort: {{ $operations.port | default 9464 | int }}
{{- end }}
{{- /* server.networks hides /readyz from the kubelet, but not at the address of operations. */}}
readinessPort: {{ and $server.networks (eq .Values.probes.readiness.path "/readyz") | empty | ternary "scim" "operations" }}
paths: {{ toJson (uniq $paths | sortAlpha) }}
{{- /* What Postern takes only at a start, and `safety`, which a running gateway doesn't let anybody weaken. */}}
restart: {{ list (omit $server "networks" "trustProxy") (pick $config "audit" "operations" "log" "state" "safety") (dig "limits" "shared" "" $config) | toJson | sha256sum }}
{{- end }}
