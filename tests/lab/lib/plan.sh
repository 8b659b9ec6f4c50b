# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# The plan of a lab: which hosts there are, and every name, address and path of each. Reads nothing but the LAB_*
# variables; makes nothing.

# What all labs of this machine share.
readonly LAB_POD_GATEWAY4=169.254.1.1
readonly LAB_POD_GATEWAY6=fe80::1
readonly LAB_POOL4=10.13.242.0/24 # the handbook's load-balancer address 10.13.242.236 is in it
readonly LAB_POOL6=2001:db8:b::/64

# Every host, the router first: a host is built after those that its links start from.
lab_hosts() {
  echo r
  local i j
  for ((i = 1; i <= LAB_CLIENTS; i++)); do echo "c$i"; done
  for ((i = 1; i <= LAB_NODES; i++)); do echo "n$i"; done
  for ((i = 1; i <= LAB_NODES; i++)); do
    for ((j = 1; j <= LAB_PODS; j++)); do echo "n${i}p$j"; done
  done
}

lab_has_host() {
  # Not grep -q: it would leave at the first match, and the broken pipe would count as a failure.
  lab_hosts | grep -xF -- "$1" >/dev/null
}

# Sets kind (router, client, node, pod), i (its number, or its node's) and j (the Pod's number) in the caller.
split_host() {
  i=0 j=0
  case $1 in
    r) kind=router ;;
    c*) kind=client i=${1#c} ;;
    n*p*) kind=pod i=${1#n} j=${1#*p} && i=${i%p*} ;;
    n*) kind=node i=${1#n} ;;
  esac
}

netns_of() {
  echo "$LAB_PREFIX-$1"
}

# The address by which others reach the host; for the router, the one towards the nodes.
addr4_of() {
  local kind i j
  split_host "$1"
  case $kind in
    router) echo 192.0.2.1 ;;
    client) echo "198.51.100.$((10 + i))" ;;
    node) echo "192.0.2.$((10 + i))" ;;
    pod) echo "10.244.$i.$((10 + j))" ;;
  esac
}

# The last group has the digits of the IPv4 address, read as hexadecimal: 192.0.2.11 goes with 2001:db8:1::11.
addr6_of() {
  local kind i j
  split_host "$1"
  case $kind in
    router) echo 2001:db8:1::1 ;;
    client) echo "2001:db8:c::$((10 + i))" ;;
    node) echo "2001:db8:1::$((10 + i))" ;;
    pod) echo "fd00:10:244:$i::$((10 + j))" ;;
  esac
}

# mac_of HOST [near|far]: near is the host's eth0 (default), far the other end of that link.
mac_of() {
  local kind i j side=0
  split_host "$1"
  [ "${2:-near}" = near ] || side=1
  case $kind in
    client) printf '02:73:70:0c:%02x:%02x\n' "$i" "$side" ;;
    node) printf '02:73:70:0e:%02x:%02x\n' "$i" "$side" ;;
    pod) printf '02:73:70:1%x:%02x:%02x\n' "$side" "$i" "$j" ;;
  esac
}

# The node that a host's processes belong to; empty for clients and the router.
node_of() {
  local kind i j
  split_host "$1"
  case $kind in node | pod) echo "n$i" ;; esac
}

pin_path_of() {
  echo "/sys/fs/bpf/sallyport-lab/$LAB_PREFIX/$1"
}

# Where cgroup v2 is mounted; where it is not, a mount of our own that all labs share.
cgroup_root() {
  local mounted
  mounted=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  echo "${mounted:-/run/sallyport-lab/cgroup2}"
}

# A Pod's cgroup is inside its node's, as under a kubelet: what the node's agent attaches covers its Pods.
cgroup_of() {
  local node path
  path=$(cgroup_root)/sallyport-lab/$LAB_PREFIX
  node=$(node_of "$1")
  if [ -z "$node" ] || [ "$node" = "$1" ]; then echo "$path/$1"; else echo "$path/$node/$1"; fi
}

# Which lab this is, in one line: two labs with the same line are the same.
topology_line() {
  echo "nodes=$LAB_NODES clients=$LAB_CLIENTS pods=$LAB_PODS dual_stack=$LAB_DUAL_STACK"
}

# Takes the LAB_* numbers of the lab that is up.
read_topology() {
  local line
  [ -r "$LAB_RUN/topology" ] || fail "lab $LAB_PREFIX is not up; 'lab up' makes it"
  line=$(cat "$LAB_RUN/topology")
  [[ $line =~ ^nodes=([0-9]+)\ clients=([0-9]+)\ pods=([0-9]+)\ dual_stack=([01])$ ]] ||
    fail "$LAB_RUN/topology is damaged; run 'lab down' and 'lab up'"
  LAB_NODES=${BASH_REMATCH[1]} LAB_CLIENTS=${BASH_REMATCH[2]}
  LAB_PODS=${BASH_REMATCH[3]} LAB_DUAL_STACK=${BASH_REMATCH[4]}
}
