# Sourced by the scripts of this folder: where things are, and how a daemon is started, watched and ended.
# shellcheck shell=bash
set -euo pipefail
umask 022

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd -- "$here/../.." && pwd)
# What is slow to make and stays: programs, tool pairs, image archives.
cache=${EXASTRO_CACHE:-/var/cache/kubectl-exastro}
# What belongs to the running cluster and goes with it.
state=${EXASTRO_CLUSTER_STATE:-/var/lib/kubectl-exastro-cluster}

node=exastro-test
bridge=cni0
bridge_address=10.88.0.1
pod_network=10.88.0.0/16
service_network=10.96.0.0/16
api_port=16443
etcd_port=12379
cgroup=kubectl-exastro
containerd_socket=$state/run/containerd.sock
kubeconfig=$state/kubeconfig
daemons=(etcd apiserver controller-manager scheduler containerd kubelet proxy dnsmasq names provisioner)

# iptables and friends live in sbin, which is not on every PATH.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
unset KUBECONFIG

say() { printf 'cluster: %s\n' "$*"; }
fail() { printf 'cluster: %s\n' "$*" >&2; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || fail "$0 needs root: it makes network interfaces, mounts and cgroups"; }

# One up, down or images at a time; the second one waits. Every daemon closes the descriptor (see start).
lock() { # NAME
  mkdir -p "$cache"
  exec {lock_fd}>"$cache/$1.lock"
  if ! flock -n "$lock_fd"; then
    say "waiting for another $1 to end"
    flock "$lock_fd"
  fi
}

# A process number alone is not an identity: numbers are used again, after a reboot above all.
identity() { # PID -> start time and boot, or nothing when there is no such process
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  [ "$1" != Z ] || return 1
  echo "${20} $(cat /proc/sys/kernel/random/boot_id)"
}

# The Debian mirror of this machine's own apt sources; it serves the other releases too. Its address is read from apt,
# so that none is written here.
debian_mirror() {
  local mirror
  mirror=$(apt_mirror)
  if [ -z "$mirror" ]; then
    # apt knows who publishes a source only when its lists are there.
    apt-get update >/dev/null 2>&1 || true
    mirror=$(apt_mirror)
  fi
  [ -n "$mirror" ] || fail "apt has no Debian mirror configured, which the cluster is made from"
  echo "$mirror"
}
apt_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' \
    'Component: main' 2>/dev/null | sed -n 1p
}

# start NAME COMMAND...: a daemon in a session of its own that holds nothing of the caller: not its terminal, not its
# output (or `make test | cat` would never end), not its locks.
start() {
  local name=$1
  shift
  (
    cd /
    exec >"$state/log/$name.log" 2>&1 </dev/null
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      if [ "$fd" -gt 2 ]; then eval "exec $fd>&-"; fi
    done
    exec setsid nohup "$@"
  ) &
  local pid=$!
  printf '%s %s\n' "$pid" "$(identity "$pid")" >"$state/run/$name.pid"
  disown "$pid" 2>/dev/null || true
}

# running NAME: is the daemon we started alive? Its number is left in $pid.
running() {
  local was
  pid=
  [ -s "$state/run/$1.pid" ] || return 1
  read -r pid was <"$state/run/$1.pid"
  [ "$(identity "$pid")" = "$was" ]
}

# Processes of this cluster whether or not their pid files are left: the programs we start, when their command line
# names our state directory. A container's own processes do not; they are found by their cgroup.
our_processes() {
  local directory arguments
  for directory in /proc/[0-9]*; do
    { mapfile -d '' -t arguments <"$directory/cmdline"; } 2>/dev/null || continue
    [ ${#arguments[@]} -gt 0 ] || continue
    case "${arguments[0]##*/} ${arguments[1]-}" in
      etcd\ * | kube-apiserver\ * | kube-controller-manager\ * | kube-scheduler\ * | kubelet\ * | kube-proxy\ * | \
        containerd\ * | containerd-shim* | dnsmasq\ * | python3*\ "$here"/names | python3*\ "$here"/provisioner) ;;
      *) continue ;;
    esac
    case " ${arguments[*]}" in
      *"$state"/* | *" $state") echo "${directory#/proc/}" ;;
    esac
  done
}

# Processes in the cluster's containers, known by their root directory: it lies in our containerd's own, whatever has become
# of containerd, of the cgroups and of the state directory meanwhile.
contained_processes() {
  { grep -E '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ / ' /proc/[0-9]*/mountinfo 2>/dev/null || true; } |
    sed -n "s|^/proc/\([0-9]*\)/mountinfo:.*=$state/containerd/.*|\1|p" | sort -un
}

# end PID...: asks, waits up to 3 seconds, then insists.
end() {
  local pid deadline
  [ $# -gt 0 ] || return 0
  kill "$@" 2>/dev/null || true
  deadline=$((SECONDS + 3))
  for pid in "$@"; do
    while identity "$pid" >/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
    if identity "$pid" >/dev/null; then kill -9 "$pid" 2>/dev/null || true; fi
  done
  return 0
}

# until_true SECONDS WHAT COMMAND...: waits for the command to succeed, and says what did not happen when it does not.
until_true() {
  local limit=$1 what=$2 deadline=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      fail "$what did not happen within $limit s; see the logs in $state/log, then run tests/cluster/down"
    fi
    sleep 0.2
  done
}

kubectl() { "$cache/tools/v34/kubectl" --kubeconfig "$kubeconfig" "$@"; }
api_get() { # PATH: one answer of the API server, as administrator
  curl -fsS --max-time 5 --cacert "$state/pki/ca.crt" -H "Authorization: Bearer $(cat "$state/pki/admin.token")" \
    "https://127.0.0.1:$api_port$1"
}
# One `|| return` after the other: `set -e` does not act in a function that is used as a condition.
node_ready() {
  kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null | grep -qx True
}
names_answer() { python3 "$here/names" --ask "$bridge_address" kubernetes.default.svc.cluster.local; }

# healthy: everything runs and answers. What does not is left in $ill.
healthy() {
  local name
  ill=
  [ -d "$state" ] || { ill="there is no cluster"; return 1; }
  for name in "${daemons[@]}"; do running "$name" || ill="$ill $name"; done
  [ -z "$ill" ] || { ill="not running:$ill"; return 1; }
  running kubelet
  case $(readlink "/proc/$pid/exe") in *' (deleted)') ill="the kubelet is of an older build"; return 1 ;; esac
  api_get /readyz >/dev/null 2>&1 || { ill="the API server is not ready"; return 1; }
  node_ready || { ill="the node is not ready"; return 1; }
  names_answer >/dev/null 2>&1 || { ill="the cluster's DNS does not answer"; return 1; }
}
