#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# privileges.sh SALLYPORT: the capabilities that the DaemonSet and the systemd unit grant are enough to start, to start
# again over existing pins, to hook sockets, to look and to clean up, with a read-only file system around them. In a
# network and a mount namespace and a cgroup of its own. Exit code 77 without root or setpriv.
set -euo pipefail
binary=${1:?path of sallyport}
deploy=$(cd "$(dirname "$0")/../.." && pwd)/loader/deploy
[ "$(id -u)" = 0 ] || { echo "SKIP needs root"; exit 77; }
command -v setpriv >/dev/null || { echo "SKIP setpriv is missing"; exit 77; }
if [ -z "${SP_SCRATCH:-}" ]; then
  SP_SCRATCH=$(mktemp -d)
  export SP_SCRATCH
  # Hooks are for nobody outside; where there is no cgroup v2, there are none.
  SP_CGROUP=$(awk '$3 == "cgroup2" { print $2 "/sp-privileges-"; exit }' /proc/mounts)
  SP_CGROUP=${SP_CGROUP:+$SP_CGROUP$$}
  export SP_CGROUP
  [ -z "$SP_CGROUP" ] || mkdir "$SP_CGROUP"
  trap 'rmdir "$SP_SCRATCH" ${SP_CGROUP:+"$SP_CGROUP"}' EXIT
  unshare --mount --net bash "$0" "$binary"
  exit
fi

# Only what is mounted here can be written to, as in the container and in the unit. Gone with the namespace.
scratch=$SP_SCRATCH
mount -t tmpfs none "$scratch"
mkdir "$scratch/bpf" "$scratch/manifests"
mount -t bpf bpf "$scratch/bpf"
mkfifo "$scratch/log"
mount -o remount,bind,ro /
ip link set lo up
ip link add client type veth peer name port
ip address add 192.0.2.1/24 dev port
ip link set client up
ip link set port up

# PERFMON, CAP_BPF -> -all,+perfmon,+bpf
capability_set() {
  tr 'A-Z ' 'a-z\n' | sed -E 's/^(cap_)?(.+)$/+\2/' | sort -u | paste -sd, | sed 's/^/-all,/'
}

of_daemon_set() {
  sed -n '/^ *add:$/,/^ *# The profile/p' "$deploy/kustomize/base/daemonset.yaml" | sed -nE 's/^ *- ([A-Z_]+)$/\1/p' |
    capability_set
}

of_unit() {
  sed -n 's/^CapabilityBoundingSet=//p' "$deploy/sallyport.service" | capability_set
}

# One life of an agent with the capabilities $1 and no way to more, from its start to SIGTERM.
live() {
  local line agent last='' hooked='' confined=(setpriv --bounding-set "$1" --inh-caps "$1" --no-new-privs -- "$binary")
  "${confined[@]}" run --manifests "$scratch/manifests" --node n1 --device port --pin-path "$scratch/bpf/pins" \
    --cgroup "${SP_CGROUP:-none}" >"$scratch/log" 2>&1 &
  agent=$!
  exec 3<"$scratch/log"
  while read -r -t 30 line <&3; do
    last=$line
    [[ $line != *'agent: sockets hooked'* ]] || hooked=yes
    [[ $line != *'agent: ready'* ]] || break
  done
  if [[ $last != *'agent: ready'* ]]; then
    echo "FAIL with $1 the agent is not ready: $last"
    return 1
  fi
  [ -z "$SP_CGROUP" ] || [ -n "$hooked" ] || { echo "FAIL with $1 no sockets are hooked"; return 1; }
  "${confined[@]}" status --pin-path "$scratch/bpf/pins" | grep -q '^port ' ||
    { echo "FAIL with $1 status does not show the device"; return 1; }
  kill "$agent"
  wait "$agent" || { echo "FAIL with $1 the agent ended with $?"; return 1; }
  exec 3<&-
}

for granted in "$(of_daemon_set)" "$(of_unit)"; do
  [[ $granted == *+bpf* ]] || { echo "FAIL no capabilities found: $granted"; exit 1; }
  live "$granted"
  live "$granted"
  setpriv --bounding-set "$granted" --inh-caps "$granted" --no-new-privs -- "$binary" cleanup --pin-path "$scratch/bpf/pins"
  [ ! -e "$scratch/bpf/pins" ] || { echo "FAIL with $granted cleanup leaves $(ls "$scratch/bpf/pins")"; exit 1; }
  echo "enough: $granted"
done
