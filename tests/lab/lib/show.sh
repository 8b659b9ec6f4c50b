# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Looking at a lab that is up, and running commands in it.

require_host() {
  [ -n "${1:-}" ] || misuse "which HOST?"
  lab_has_host "$1" || fail "lab $LAB_PREFIX has no host '$1': it has $(lab_hosts | sort -V | xargs)"
}

# One row of `lab status`. IPv6 is a dash where the lab has none.
status_row() {
  local addr6=$4
  [ "$LAB_DUAL_STACK" = 1 ] || addr6=-
  printf '%-6s %-16s %-8s %-15s %s\n' "$1" "$(netns_of "$1")" "$2" "$3" "$addr6"
}

lab_status() {
  local host
  echo "lab $LAB_PREFIX: $(topology_line)"
  echo
  printf '%-6s %-16s %-8s %-15s %s\n' HOST NAMESPACE DEVICE IPV4 IPV6
  while read -r host; do
    case $host in
      r)
        status_row r outside 198.51.100.1 2001:db8:c::1
        status_row r inside "$(addr4_of r)" "$(addr6_of r)"
        ;;
      *) status_row "$host" eth0 "$(addr4_of "$host")" "$(addr6_of "$host")" ;;
    esac
  done < <(lab_hosts)
  echo
  for ((i = 1; i <= LAB_NODES; i++)); do
    echo "n$i  pins $(pin_path_of "n$i")  cgroup $(cgroup_of "n$i")"
  done
  echo
  echo "manifests            $LAB_RUN/manifests"
  echo "routed to all nodes  $LAB_POOL4$([ "$LAB_DUAL_STACK" = 0 ] || echo " $LAB_POOL6")"
}

# Runs CMD in HOST, in this process's place. Only the network namespace and the cgroup change: `ip netns exec` would
# also remount /sys and so hide bpffs and the cgroups.
lab_exec() {
  require_host "${1:-}"
  local host=$1
  shift
  [ $# -gt 0 ] || misuse "exec $host needs a command"
  echo $$ >"$(cgroup_of "$host")/cgroup.procs" || fail "cannot enter the cgroup of $host"
  exec nsenter --net="/run/netns/$(netns_of "$host")" -- "$@"
}

lab_path() {
  require_host "${1:-}"
  case ${2:-} in
    netns) echo "/run/netns/$(netns_of "$1")" ;;
    pin) pin_path_of "$1" ;;
    cgroup) cgroup_of "$1" ;;
    manifests) echo "$LAB_RUN/manifests" ;;
    run) echo "$LAB_RUN" ;;
    *) misuse "path $1 needs one of netns, pin, cgroup, manifests, run" ;;
  esac
}

lab_addr() {
  require_host "${1:-}"
  case ${2:-4} in
    4) addr4_of "$1" ;;
    6) [ "$LAB_DUAL_STACK" = 1 ] || fail "lab $LAB_PREFIX has no IPv6; 'lab up --dual-stack' makes it"; addr6_of "$1" ;;
    *) misuse "addr $1 needs 4 or 6" ;;
  esac
}
