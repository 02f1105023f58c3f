{{/* What the charts have in common. The IT Automation chart holds a symbolic link to this file, so that each of the two can
     be installed alone. Every part takes a dict with "root" (the chart's top scope) and "name" (of the component). */}}

{{- define "sample.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "sample.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{ include "sample.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* The ConfigMap and the Secret of one definition. "side" is "platform" or "ita", "definition" one of global.*Definition.
     An ENCRYPT_KEY that the values leave empty is made once and then kept as long as its Secret exists. */}}
{{- define "sample.definition" -}}
{{- $labels := include "sample.labels" (dict "root" .root "name" .definition.name) -}}
{{- if .definition.config }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .side }}-params-{{ .definition.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- $labels | nindent 4 }}
data:
  {{- range $key, $value := .definition.config }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- if .definition.secret }}
{{- $name := printf "%s-secret-%s" .side .definition.name }}
{{- $there := (lookup "v1" "Secret" .root.Release.Namespace $name).data | default dict }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- $labels | nindent 4 }}
type: Opaque
data:
  {{- range $key, $value := .definition.secret }}
  {{- if and (eq $key "ENCRYPT_KEY") (not $value) }}
  {{ $key }}: {{ get $there $key | default (randBytes 32 | b64enc) }}
  {{- else }}
  {{ $key }}: {{ $value | toString | b64enc }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Environment of a container: "side", "definitions", and the component's own extraEnv */}}
{{- define "sample.env" -}}
- name: COMPONENT
  value: {{ .name }}
- name: SIDE
  value: {{ .side }}
- name: APP_VERSION
  value: {{ .root.Chart.AppVersion | quote }}
- name: PYTHONDONTWRITEBYTECODE
  value: "1"
{{- range $definition := .definitions }}
{{- range $key, $value := $definition.config }}
- name: {{ $key }}
  valueFrom: {configMapKeyRef: {name: {{ $.side }}-params-{{ $definition.name }}, key: {{ $key }}}}
{{- end }}
{{- range $key, $value := $definition.secret }}
- name: {{ $key }}
  valueFrom: {secretKeyRef: {name: {{ $.side }}-secret-{{ $definition.name }}, key: {{ $key }}}}
{{- end }}
{{- end }}
{{- range $key, $value := (index .root.Values .name | default dict).extraEnv }}
- name: {{ $key }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* The pod of a component: "arguments" for the stand-in, "storage" (true: mounts the shared files), "port" (serves HTTP) */}}
{{- define "sample.podspec" -}}
terminationGracePeriodSeconds: {{ .root.Values.global.terminationGracePeriodSeconds }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .serviceAccount }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .ownStorage }}
initContainers:
  - name: storage-owner
    image: {{ .root.Values.global.sampleImage | quote }}
    imagePullPolicy: IfNotPresent
    command: ["sh", "-c", "chown 1000:1000 /storage && chmod 0775 /storage"]
    securityContext: {runAsUser: 0}
    volumeMounts:
      - {name: volume-storage, mountPath: /storage}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ .root.Values.global.sampleImage | quote }}
    imagePullPolicy: IfNotPresent
    command: ["python3", "/stand-in/standin.py"]
    args: {{ .arguments | toJson }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      runAsUser: 1000
      runAsGroup: 1000
      runAsNonRoot: true
    env:
      {{- include "sample.env" . | nindent 6 }}
    {{- with .port }}
    ports:
      - {name: port-http, containerPort: {{ . }}, protocol: TCP}
    readinessProbe:
      tcpSocket: {port: port-http}
      periodSeconds: 2
    {{- end }}
    resources:
      requests: {cpu: 1m, memory: 16Mi}
    volumeMounts:
      - {name: stand-in, mountPath: /stand-in}
      - {name: volume-tmp, mountPath: /tmp}
      {{- if .storage }}
      - {name: volume-storage, mountPath: /storage}
      {{- end }}
      {{- if .auditlog }}
      - {name: volume-auditlog, mountPath: /var/log/exastro}
      {{- end }}
volumes:
  - name: stand-in
    configMap: {name: stand-in-{{ .side }}}
  - name: volume-tmp
    emptyDir: {}
  {{- if .storage }}
  - name: volume-storage
    {{- if .root.Values.global.itaGlobalDefinition.persistence.enabled }}
    persistentVolumeClaim: {claimName: pvc-{{ .root.Values.global.itaGlobalDefinition.name }}}
    {{- else }}
    emptyDir: {}
    {{- end }}
  {{- end }}
  {{- if .auditlog }}
  - name: volume-auditlog
    persistentVolumeClaim: {claimName: pvc-{{ .root.Values.global.pfAuditLogDefinition.name }}}
  {{- end }}
{{- end }}

{{/* A Deployment, with an HPA instead of a replica count when the component's autoscaling is on */}}
{{- define "sample.deployment" -}}
{{- $values := index .root.Values .name | default dict }}
{{- $scaling := $values.autoscaling | default dict }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" . | nindent 4 }}
spec:
  {{- if not $scaling.enabled }}
  replicas: {{ if hasKey $values "replicaCount" }}{{ $values.replicaCount }}{{ else }}1{{ end }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "sample.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "sample.selector" . | nindent 8 }}
    spec:
      {{- include "sample.podspec" . | nindent 6 }}
{{- if $scaling.enabled }}
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .name }}}
  minReplicas: {{ $scaling.minReplicas | default 1 }}
  maxReplicas: {{ $scaling.maxReplicas | default 3 }}
  targetCPUUtilizationPercentage: {{ $scaling.targetCPUUtilizationPercentage | default 80 }}
{{- end }}
{{- end }}

{{/* A Service in front of a component: "ports" is a list of dicts name, port, targetPort */}}
{{- define "sample.service" -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" . | nindent 4 }}
spec:
  type: {{ .type | default "ClusterIP" }}
  selector:
    {{- include "sample.selector" . | nindent 4 }}
  ports:
    {{- range .ports }}
    # the protocol spelled out, as server-side apply on an old API server asks for it
    - {name: {{ .name }}, port: {{ .port }}, targetPort: {{ .targetPort }}, protocol: TCP}
    {{- end }}
{{- end }}

{{/* A claim: "claim" is its name, "persistence" its values; storageClass "-" is none, empty the cluster's default */}}
{{- define "sample.claim" -}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .claim }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" . | nindent 4 }}
spec:
  accessModes: [{{ .persistence.accessMode }}]
  {{- if eq .persistence.storageClass "-" }}
  storageClassName: ""
  {{- else if .persistence.storageClass }}
  storageClassName: {{ .persistence.storageClass }}
  {{- end }}
  {{- with .persistence.matchLabels }}
  selector: {matchLabels: {{ toJson . }}}
  {{- end }}
  resources: {requests: {storage: {{ .persistence.size }}}}
{{- end }}

{{/* The bare pod that runs the schema migration once; its name differs in each revision */}}
{{- define "sample.migration" -}}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ .name }}-{{ .root.Chart.AppVersion }}-{{ randAlphaNum 5 | lower }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" . | nindent 4 }}
spec:
  restartPolicy: OnFailure
  {{- include "sample.podspec" . | nindent 2 }}
{{- end }}

{{/* A database server of its own. Its root password is in the admin's key of "secret". */}}
{{- define "sample.mariadb" -}}
{{- $values := .root.Values.mariadb }}
{{- $part := merge (dict "name" $values.name) . }}
{{- include "sample.claim" (merge (dict "claim" (printf "pvc-%s" $values.name) "persistence" $values.persistence) $part) }}
{{ include "sample.service" (merge (dict "ports" (list (dict "name" "mariadb" "port" 3306 "targetPort" 3306))) $part) }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $values.dbSetup.dbConfInfo.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" $part | nindent 4 }}
data:
  my_custom.cnf: |
    {{- $values.dbSetup.dbConfInfo.customCnf | nindent 4 }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $values.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" $part | nindent 4 }}
spec:
  replicas: 1
  strategy: {type: Recreate}
  selector:
    matchLabels:
      {{- include "sample.selector" $part | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "sample.selector" $part | nindent 8 }}
    spec:
      # not the stand-ins' few seconds: the server must be able to write its pages back
      terminationGracePeriodSeconds: 60
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: mariadb
          image: {{ $values.image | default .root.Values.global.sampleImage | quote }}
          imagePullPolicy: IfNotPresent
          command: ["sh", "/stand-in/mariadb.sh"]
          args: {{ $values.extraArgs | default list | toJson }}
          securityContext: {runAsUser: 0}
          env:
            - name: REINSTALL
              value: {{ $values.persistence.reinstall | default false | quote }}
            - name: MARIADB_ROOT_PASSWORD
              valueFrom: {secretKeyRef: {name: {{ .secret }}, key: DB_ADMIN_PASSWORD}}
          ports:
            - {name: mariadb, containerPort: 3306, protocol: TCP}
          readinessProbe:
            exec:
              command: ["mariadb", "--defaults-file=/var/lib/mysql/.my-healthcheck.cnf", "-e", "SELECT 1"]
            periodSeconds: 3
            timeoutSeconds: 10
          resources:
            requests: {cpu: 1m, memory: 64Mi}
          volumeMounts:
            - {name: data, mountPath: /var/lib/mysql}
            - {name: settings, mountPath: /etc/mysql/exastro.d}
            - {name: stand-in, mountPath: /stand-in}
      volumes:
        - name: data
          {{- if $values.persistence.enabled }}
          persistentVolumeClaim: {claimName: pvc-{{ $values.name }}}
          {{- else }}
          emptyDir: {}
          {{- end }}
        - name: settings
          configMap: {name: {{ $values.dbSetup.dbConfInfo.name }}}
        - name: stand-in
          configMap: {name: stand-in-{{ .side }}}
{{- end }}

{{/* The programs that the pods run */}}
{{- define "sample.programs" -}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: stand-in-{{ .side }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sample.labels" (merge (dict "name" "stand-in") .) | nindent 4 }}
data:
  {{- (.root.Files.Glob "files/*").AsConfig | nindent 2 }}
{{- end }}
