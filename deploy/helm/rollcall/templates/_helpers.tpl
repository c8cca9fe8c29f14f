{{/* What every name begins with. */}}
{{- define "rollcall.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}{{ $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- end }}

{{- define "rollcall.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "rollcall.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rollcall.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rollcall.image" -}}
{{- if .Values.image.digest }}{{ printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}{{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}{{ end }}
{{- end }}

{{/* Whether the parts have certificates. */}}
{{- define "rollcall.tls" -}}
{{- if has .Values.peers.mode (list "certManager" "certificates") }}true{{ end }}
{{- end }}

{{- define "rollcall.scheme" -}}
{{- if include "rollcall.tls" . }}https{{ else }}http{{ end }}
{{- end }}

{{/* The secret of a component's certificate: dict "root" . "of" "gateway". */}}
{{- define "rollcall.tlsSecret" -}}
{{- if eq .root.Values.peers.mode "certManager" }}{{ include "rollcall.fullname" .root }}-{{ .of }}-tls
{{- else }}{{ required (printf "peers.certificates.%sSecret is needed with peers.mode certificates" .of) (index .root.Values.peers.certificates (printf "%sSecret" .of)) }}{{ end }}
{{- end }}

{{/* What must be there, said before anything is installed. */}}
{{- define "rollcall.check" -}}
{{- if eq .Values.mode "services" }}
{{- $_ := required "database.existingSecret is needed: a Secret with the URLs of the databases (kubectl create secret generic NAME --from-file=identity-url --from-file=token-url)" .Values.database.existingSecret }}
{{- $_ := required "keys.existingSecret is needed: a Secret with the key file (openssl rand -base64 32 >key; kubectl create secret generic NAME --from-file=key)" .Values.keys.existingSecret }}
{{- $_ := required "publicUrl is needed: the address by which identity providers reach the gateway, such as https://scim.example.com" .Values.publicUrl }}
{{- if eq .Values.peers.mode "secrets" }}
{{- $_ := required "peers.secrets.existingSecret is needed with peers.mode secrets: a Secret with the keys accepted, gateway and operator" .Values.peers.secrets.existingSecret }}
{{- end }}
{{- end }}
{{- end }}

{{/* The context of a pod, and of its containers. */}}
{{- define "rollcall.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "rollcall.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "rollcall.probes" -}}
startupProbe:
  grpc: {port: 7409, service: liveness}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  grpc: {port: 7409, service: liveness}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  grpc: {port: 7409, service: readiness}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 1
{{- end }}

{{/* What the configuration file says, with the operator's words over the chart's. */}}
{{- define "rollcall.config" -}}
{{- $v := .Values }}
{{- $name := include "rollcall.fullname" . }}
{{- $scheme := include "rollcall.scheme" . }}
{{- $common := dict "log-format" $v.logs.format "log-filter" $v.logs.filter "internal-listen" "0.0.0.0:7409" "shutdown-delay-seconds" (int $v.shutdownDelaySeconds) "shutdown-drain-seconds" (int $v.shutdownDrainSeconds) }}
{{- with $v.traces.endpoint }}
{{- $_ := set $common "otlp-endpoint" . }}
{{- $_ := set $common "trace-sample-ratio" $v.traces.ratio }}
{{- end }}
{{- $files := dict }}
{{- if include "rollcall.tls" . }}
{{- $files = dict "peer-tls-cert" "/etc/rollcall/tls/tls.crt" "peer-tls-key" "/etc/rollcall/tls/tls.key" "peer-tls-ca" "/etc/rollcall/tls/ca.crt" }}
{{- end }}
{{- $server := deepCopy $files }}
{{- $client := deepCopy $files }}
{{- if eq $v.peers.mode "secrets" }}
{{- $_ := set $server "accepted-secrets-file" "/etc/rollcall/peers/accepted" }}
{{- $_ := set $client "peer-secret-file" "/etc/rollcall/peers/gateway" }}
{{- else if eq $v.peers.mode "none" }}
{{- $_ := set $server "allow-unauthenticated-peers" (eq $v.mode "services") }}
{{- end }}
{{- $scim := dict "scim-listen" "0.0.0.0:7400" "console-listen" (ternary "0.0.0.0:7403" "off" (ne $v.consoleUrl "")) }}
{{- if $v.publicUrl }}{{ $_ := set $scim "public-url" $v.publicUrl }}{{ end }}
{{- if $v.consoleUrl }}{{ $_ := set $scim "console-url" $v.consoleUrl }}{{ end }}
{{- if $v.gateway.trustForwarded }}{{ $_ := set $scim "scim-trust-forwarded" $v.gateway.trustForwarded }}{{ end }}
{{- if $v.gateway.tls.existingSecret }}
{{- $_ := set $scim "scim-tls-cert" "/etc/rollcall/scim-tls/tls.crt" }}
{{- $_ := set $scim "scim-tls-key" "/etc/rollcall/scim-tls/tls.key" }}
{{- end }}
{{- if $v.gateway.tls.consoleSecret }}
{{- $_ := set $scim "console-tls-cert" "/etc/rollcall/console-tls/tls.crt" }}
{{- $_ := set $scim "console-tls-key" "/etc/rollcall/console-tls/tls.key" }}
{{- end }}
{{- if $v.oidc.issuer }}
{{- $_ := set $scim "console-oidc-issuer" $v.oidc.issuer }}
{{- $_ := set $scim "console-oidc-client-id" $v.oidc.clientId }}
{{- if $v.oidc.roles }}{{ $_ := set $scim "console-roles" $v.oidc.roles }}{{ end }}
{{- if $v.oidc.existingSecret }}{{ $_ := set $scim "console-oidc-client-secret-file" (printf "/etc/rollcall/oidc/%s" $v.oidc.secretKey) }}{{ end }}
{{- end }}
{{- $mail := dict }}
{{- if $v.smtp.url }}
{{- $mail = dict "smtp-url" $v.smtp.url "smtp-from" $v.smtp.from }}
{{- if $v.smtp.existingSecret }}{{ $_ := set $mail "smtp-password-file" (printf "/etc/rollcall/smtp/%s" $v.smtp.passwordKey) }}{{ end }}
{{- end }}
{{- $keys := dict }}
{{- if $v.keys.existingSecret }}{{ $keys = dict "key-file" (printf "/etc/rollcall/keys/%s" $v.keys.key) }}{{ end }}
{{- $database := dict "database-readers" (int $v.database.readers) "database-writers" (int $v.database.writers) "database-pooler" $v.database.pooler }}
{{- $file := merge (deepCopy $v.config.common) $common }}
{{- if eq $v.mode "services" }}
{{- $migrate := dict "migrate" "off" }}
{{- $up := dict "identity-service" (printf "%s://%s-identity:7401" $scheme $name) "token-service" (printf "%s://%s-token:7402" $scheme $name) }}
{{- $token := dict "token-listen" "0.0.0.0:7402" }}
{{- if $v.consoleUrl }}{{ $_ := set $token "console-url" $v.consoleUrl }}{{ end }}
{{- $_ := set $file "scim-gateway" (merge (deepCopy $v.config.gateway) $scim $client $up) }}
{{- $_ := set $file "identity-service" (merge (deepCopy $v.config.identity) (dict "identity-listen" "0.0.0.0:7401") $server $keys $database $migrate) }}
{{- $_ := set $file "token-service" (merge (deepCopy $v.config.token) $token $server $keys $mail $database $migrate) }}
{{- else }}
{{- $open := ne $v.peers.mode "none" }}
{{- $at := dict "data-dir" "/data" "identity-listen" (ternary "0.0.0.0:7401" "127.0.0.1:7401" $open) "token-listen" "127.0.0.1:7402" }}
{{- $_ := set $file "rollcall" (merge (deepCopy $v.config.standalone) $at $scim $server $keys $mail) }}
{{- end }}
{{- toToml $file }}
{{- end }}

{{/* Volumes and their mounts: dict "root" . "of" "gateway". */}}
{{- define "rollcall.volumes" -}}
{{- $v := .root.Values }}
- name: config
  configMap: {name: {{ include "rollcall.fullname" .root }}}
{{- if include "rollcall.tls" .root }}
- name: tls
  secret: {secretName: {{ include "rollcall.tlsSecret" (dict "root" .root "of" (ternary "identity" .of (eq .of "standalone"))) }}, defaultMode: 0440}
{{- if has .of (list "token" "standalone") }}
- name: operator
  secret: {secretName: {{ include "rollcall.tlsSecret" (dict "root" .root "of" "operator") }}, defaultMode: 0440}
{{- end }}
{{- else if eq $v.peers.mode "secrets" }}
- name: peers
  secret:
    secretName: {{ $v.peers.secrets.existingSecret }}
    defaultMode: 0440
    items:
{{- if eq .of "gateway" }}
      - {key: gateway, path: gateway}
{{- else }}
      - {key: accepted, path: accepted}
{{- if has .of (list "token" "standalone") }}
      - {key: operator, path: operator}
{{- end }}
{{- end }}
{{- end }}
{{- if and (ne .of "gateway") $v.keys.existingSecret }}
- name: keys
  secret: {secretName: {{ $v.keys.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- if has .of (list "identity" "token") }}
- name: database
  secret: {secretName: {{ $v.database.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- if and (has .of (list "token" "standalone")) $v.smtp.existingSecret }}
- name: smtp
  secret: {secretName: {{ $v.smtp.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- if has .of (list "gateway" "standalone") }}
{{- if $v.oidc.existingSecret }}
- name: oidc
  secret: {secretName: {{ $v.oidc.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- if $v.gateway.tls.existingSecret }}
- name: scim-tls
  secret: {secretName: {{ $v.gateway.tls.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- if $v.gateway.tls.consoleSecret }}
- name: console-tls
  secret: {secretName: {{ $v.gateway.tls.consoleSecret }}, defaultMode: 0440}
{{- end }}
{{- end }}
{{- if has .of (list "gateway" "standalone") }}
# Files that are being imported in the console; at most 8 of 512 MiB.
- name: tmp
  emptyDir: {}
{{- end }}
{{- if eq .of "standalone" }}
- name: data
  persistentVolumeClaim: {claimName: {{ default (include "rollcall.fullname" .root) $v.standalone.persistence.existingClaim }}}
{{- end }}
{{- with $v.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rollcall.mounts" -}}
{{- $v := .root.Values }}
- {name: config, mountPath: /etc/rollcall/config, readOnly: true}
{{- if include "rollcall.tls" .root }}
- {name: tls, mountPath: /etc/rollcall/tls, readOnly: true}
{{- if has .of (list "token" "standalone") }}
- {name: operator, mountPath: /etc/rollcall/operator, readOnly: true}
{{- end }}
{{- else if eq $v.peers.mode "secrets" }}
- {name: peers, mountPath: /etc/rollcall/peers, readOnly: true}
{{- end }}
{{- if and (ne .of "gateway") $v.keys.existingSecret }}
- {name: keys, mountPath: /etc/rollcall/keys, readOnly: true}
{{- end }}
{{- if has .of (list "identity" "token") }}
- {name: database, mountPath: /etc/rollcall/database, readOnly: true}
{{- end }}
{{- if and (has .of (list "token" "standalone")) $v.smtp.existingSecret }}
- {name: smtp, mountPath: /etc/rollcall/smtp, readOnly: true}
{{- end }}
{{- if has .of (list "gateway" "standalone") }}
{{- if $v.oidc.existingSecret }}
- {name: oidc, mountPath: /etc/rollcall/oidc, readOnly: true}
{{- end }}
{{- if $v.gateway.tls.existingSecret }}
- {name: scim-tls, mountPath: /etc/rollcall/scim-tls, readOnly: true}
{{- end }}
{{- if $v.gateway.tls.consoleSecret }}
- {name: console-tls, mountPath: /etc/rollcall/console-tls, readOnly: true}
{{- end }}
{{- end }}
{{- if has .of (list "gateway" "standalone") }}
- {name: tmp, mountPath: /tmp}
{{- end }}
{{- if eq .of "standalone" }}
- {name: data, mountPath: /data}
{{- end }}
{{- with $v.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rollcall.environment" -}}
{{- $v := .root.Values }}
- {name: ROLLCALL_CONFIG, value: /etc/rollcall/config/rollcall.toml}
{{- if eq .of "identity" }}
- {name: ROLLCALL_IDENTITY_DATABASE_URL_FILE, value: /etc/rollcall/database/{{ $v.database.identityKey }}}
{{- if $v.database.replicaKey }}
- {name: ROLLCALL_IDENTITY_REPLICA_URL_FILE, value: /etc/rollcall/database/{{ $v.database.replicaKey }}}
{{- end }}
{{- else if eq .of "token" }}
- {name: ROLLCALL_TOKEN_DATABASE_URL_FILE, value: /etc/rollcall/database/{{ $v.database.tokenKey }}}
{{- end }}
{{- with $v.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A pod: dict "root" . "of" "gateway" "program" "scim-gateway" "ports" (list ...) "resources" .... */}}
{{- define "rollcall.pod" -}}
{{- $root := .root }}
{{- $v := $root.Values }}
metadata:
  labels:
    {{- include "rollcall.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .of }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A new configuration is a new pod; certificates and secrets are read again without one.
    checksum/config: {{ include "rollcall.config" $root | sha256sum }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "rollcall.fullname" $root }}-{{ .of }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add $v.shutdownDelaySeconds $v.shutdownDrainSeconds 15 }}
  securityContext:
    {{- include "rollcall.podSecurity" $root | nindent 4 }}
  {{- with $v.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and $v.topologySpread (ne .of "standalone") }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "rollcall.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $.of }}
    {{- end }}
  {{- end }}
  containers:
    - name: {{ .program }}
      image: {{ include "rollcall.image" $root }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      command: {{ .command | toJson }}
      env:
        {{- include "rollcall.environment" . | nindent 8 }}
      ports:
        {{- range .ports }}
        - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
        {{- end }}
        - {name: internal, containerPort: 7409, protocol: TCP}
      {{- include "rollcall.probes" $root | nindent 6 }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        {{- include "rollcall.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        {{- include "rollcall.mounts" . | nindent 8 }}
  volumes:
    {{- include "rollcall.volumes" . | nindent 4 }}
{{- end }}

{{/* A Deployment that never has fewer pods than it should: the arguments of rollcall.pod, with "values". */}}
{{- define "rollcall.deployment" -}}
{{- $root := .root }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "rollcall.fullname" $root }}-{{ .of }}
  labels:
    {{- include "rollcall.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .of }}
spec:
  {{- if not (dig "autoscaling" "enabled" false .values) }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "rollcall.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .of }}
  template:
    {{- include "rollcall.pod" . | nindent 4 }}
{{- $most := .values.replicas }}
{{- if dig "autoscaling" "enabled" false .values }}
{{- $most = .values.autoscaling.maxReplicas }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "rollcall.fullname" $root }}-{{ .of }}
  labels:
    {{- include "rollcall.labels" $root | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "rollcall.fullname" $root }}-{{ .of }}}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .values.autoscaling.targetCPU }}}
  behavior:
    scaleDown: {stabilizationWindowSeconds: 300}
{{- end }}
{{- if and $root.Values.pdb.enabled (gt (int $most) 1) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "rollcall.fullname" $root }}-{{ .of }}
  labels:
    {{- include "rollcall.labels" $root | nindent 4 }}
spec:
  maxUnavailable: {{ $root.Values.pdb.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "rollcall.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .of }}
{{- end }}
{{- end }}
