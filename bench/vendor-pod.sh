# The commands of the vendor's page "data backup and restore" that its two halves share, for a system in $NAMESPACE. Sourced.
# shellcheck shell=bash
: "${NAMESPACE:?}"

# took TEXT BEGIN: tells, as kubectl-exastro does with --output json, what was done since then (an $EPOCHREALTIME).
took() {
  local -i micros=$((${EPOCHREALTIME/./} - ${2/./}))
  printf '\n{"event":"done","text":"%s","seconds":%d.%06d}\n' "$1" $((micros / 1000000)) $((micros % 1000000))
}

# The page's include files stop and start the services: counts are noted, then each Deployment gets a command of its own;
# then a person looks until the pods are gone, or back. The list of Deployments is the one that the release has.
record_counts() {
  counts=$(kubectl get deploy -n "$NAMESPACE" -o 'jsonpath={range .items[*]}{@.metadata.name}:{@.spec.replicas}{"\n"}{end}' |
    grep -E '^(platform-auth|ita-by-)')
}

stop_services() {
  kubectl scale deployment platform-auth -n "$NAMESPACE" --replicas=0
  for line in $counts; do
    case $line in ita-by-*) kubectl scale deployment "${line%:*}" -n "$NAMESPACE" --replicas=0 ;; esac
  done
  until [ "$(kubectl get pods -n "$NAMESPACE" --no-headers | grep -cE '^(platform-auth|ita-by-)')" = 0 ]; do sleep 1; done
}

start_services() {
  for line in $counts; do
    case $line in ita-by-*) kubectl scale deployment "${line%:*}" -n "$NAMESPACE" --replicas="${line#*:}" ;; esac
  done
  for line in $counts; do
    case $line in platform-auth:*) kubectl scale deployment platform-auth -n "$NAMESPACE" --replicas="${line#*:}" ;; esac
  done
  kubectl rollout status deployment platform-auth -n "$NAMESPACE" >/dev/null
}

# The page has `image: mariadb:10.9`; here it is the image that the cluster has.
create_pod() {
cat <<_EOF_ | kubectl apply -f - -n "$NAMESPACE"
apiVersion: v1
kind: Pod
metadata:
  name: exastro-maintenance
  namespace: $NAMESPACE
spec:
  containers:
  - command:
    - sh
    - -c
    args:
    - |
      #!/bin/bash
      sleep 3600
    env:
    - name: PF_DB_DATABASE
      valueFrom:
        configMapKeyRef:
          key: DB_DATABASE
          name: platform-params-pf-database
    - name: PF_DB_HOST
      valueFrom:
        configMapKeyRef:
          key: DB_HOST
          name: platform-params-pf-database
    - name: PF_DB_PORT
      valueFrom:
        configMapKeyRef:
          key: DB_PORT
          name: platform-params-pf-database
    - name: PF_DB_ADMIN_PASSWORD
      valueFrom:
        secretKeyRef:
          key: DB_ADMIN_PASSWORD
          name: platform-secret-pf-database
    - name: PF_DB_ADMIN_USER
      valueFrom:
        secretKeyRef:
          key: DB_ADMIN_USER
          name: platform-secret-pf-database
    - name: ITA_STORAGEPATH
      valueFrom:
        configMapKeyRef:
          key: STORAGEPATH
          name: ita-params-ita-global
    image: ${SAMPLE_IMAGE:-localhost/exastro-sample:10.11}
    imagePullPolicy: IfNotPresent
    name: exastro-maintenance
    resources: {}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: false
      runAsGroup: 1000
      runAsNonRoot: true
      runAsUser: 1000
    volumeMounts:
    - mountPath: /storage
      name: volume-ita-backup-storage
  volumes:
  - name: volume-ita-backup-storage
    persistentVolumeClaim:
      claimName: pvc-ita-global
  restartPolicy: Always
  securityContext: {}
  serviceAccount: default
  serviceAccountName: default
_EOF_
  kubectl wait --for=condition=Ready pod/exastro-maintenance -n "$NAMESPACE" --timeout=120s >/dev/null
}

delete_pod() {
  kubectl delete pod exastro-maintenance -n "$NAMESPACE"
}
