# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Builds a lab from its plan: namespaces, kernel switches, links, addresses and routes, offloads, directories. One
# `ip -batch` for each namespace: a process for each command would take most of the time.

lab_up() {
  local started=$EPOCHREALTIME
  require_tools
  if lab_is_whole; then
    echo "lab $LAB_PREFIX is up already ($(topology_line))"
    return
  fi
  lab_down
  # Until the topology is written the lab is half-built; a failure takes it down again.
  trap 'echo "lab: up failed, taking lab $LAB_PREFIX down" >&2; lab_down; unlock_and_forget' EXIT
  make_directories
  lab_hosts | sed "s/^/netns add $LAB_PREFIX-/" | ip -batch -
  each_host set_switches
  each_host wire
  each_host set_addresses
  each_host set_offloads
  topology_line >"$LAB_RUN/topology"
  trap - EXIT
  echo "lab $LAB_PREFIX is up: $(topology_line), $(elapsed_ms "$started") ms"
}

require_tools() {
  local tool
  for tool in ip nsenter ethtool flock clang; do
    command -v "$tool" >/dev/null || fail "needs $tool (Debian packages iproute2, util-linux, ethtool, clang)"
  done
}

# elapsed_ms START, with both times as EPOCHREALTIME prints them.
elapsed_ms() {
  local now=$EPOCHREALTIME
  echo $(((${now/[.,]/} - ${1/[.,]/}) / 1000))
}

# True when exactly this lab is up: the same topology and every namespace.
lab_is_whole() {
  [ -r "$LAB_RUN/topology" ] && [ "$(cat "$LAB_RUN/topology")" = "$(topology_line)" ] || return 1
  local host
  while read -r host; do
    # A namespace file that is no mount is what a reboot of a machine with a lasting /run leaves.
    [ "$(stat -f -c %T "/run/netns/$(netns_of "$host")" 2>/dev/null)" = nsfs ] || return 1
    [ -d "$(cgroup_of "$host")" ] || return 1
  done < <(lab_hosts)
}

make_directories() {
  local host
  mkdir -p "$LAB_RUN/manifests"
  if [ "$(stat -f -c %T /sys/fs/bpf 2>/dev/null)" != bpf_fs ]; then
    mount -t bpf bpf /sys/fs/bpf
  fi
  if ! grep -q ' cgroup2 ' /proc/mounts; then
    mkdir -p /run/sallyport-lab/cgroup2
    mount -t cgroup2 none /run/sallyport-lab/cgroup2
  fi
  lab_hosts | while read -r host; do mkdir -p "$(cgroup_of "$host")"; done
  for ((i = 1; i <= LAB_NODES; i++)); do mkdir -p "$(pin_path_of "n$i")"; done
}

# Calls FUNCTION HOST for every host, with kind, i and j of split_host set.
each_host() {
  local host kind i j
  for host in $(lab_hosts); do
    split_host "$host"
    "$1" "$host"
  done
}

in_host() {
  local host=$1
  shift
  nsenter --net="/run/netns/$(netns_of "$host")" -- "$@"
}

# Kernel switches, before any device exists: devices take over the values of conf/default.
set_switches() {
  local forwards=0
  case $kind in router | node) forwards=1 ;; esac
  in_host "$1" bash -s "$kind" "$forwards" "$LAB_DUAL_STACK" <<'END'
set -e
cd /proc/sys/net
kind=$1 forwards=$2 dual_stack=$3
for scope in all default; do
  # Loose, as systemd sets it on most nodes: strict would drop asymmetric paths that real clusters have, and off would
  # hide a packet whose source has no route. A new namespace has the machine's value, whatever that is.
  echo 2 >ipv4/conf/$scope/rp_filter
  if [ "$dual_stack" = 1 ]; then
    # No duplicate detection: an address is usable at once.
    echo 0 >ipv6/conf/$scope/accept_dad
    echo 0 >ipv6/conf/$scope/dad_transmits
    echo 0 >ipv6/conf/$scope/accept_ra
    echo "$forwards" >ipv6/conf/$scope/forwarding
  elif [ -d ipv6 ]; then
    echo 1 >ipv6/conf/$scope/disable_ipv6
  fi
done
echo "$forwards" >ipv4/ip_forward
# ECMP by ports too, as routers in front of a cluster do, so that one client's connections meet every node.
echo 1 >ipv4/fib_multipath_hash_policy
[ "$dual_stack" = 0 ] || echo 1 >ipv6/fib_multipath_hash_policy
# Ports for many short connections in a row. On nodes they would be ports that agents translate to.
[ "$kind" != client ] || echo '1024 65535' >ipv4/ip_local_port_range
END
}

# Links that start at this host: the router's bridges and ports, a node's Pods.
wire() {
  case $kind in
    router) wire_router ;;
    node) wire_node "$1" ;;
    *) return 0 ;;
  esac | in_host "$1" ip -batch -
}

# add_link NAME HOST: a veth pair from NAME here to eth0 of HOST.
add_link() {
  echo "link add $1 address $(mac_of "$2" far) type veth peer name eth0 address $(mac_of "$2") netns $(netns_of "$2")"
}

wire_router() {
  local host bridge
  # No snooping: it would hold neighbour discovery back until it has seen listeners.
  echo "link add outside address 02:73:70:01:00:01 type bridge forward_delay 0 mcast_snooping 0"
  echo "link add inside address 02:73:70:01:00:02 type bridge forward_delay 0 mcast_snooping 0"
  for host in $(lab_hosts); do
    case $host in
      c*) bridge=outside ;;
      n*p*) continue ;;
      n*) bridge=inside ;;
      *) continue ;;
    esac
    add_link "$host" "$host"
    echo "link set $host master $bridge up"
  done
}

wire_node() {
  local j
  for ((j = 1; j <= LAB_PODS; j++)); do add_link "p$j" "$1p$j"; done
}

set_addresses() {
  {
    echo "link set lo up"
    "addresses_of_$kind" "$1" 4
    [ "$LAB_DUAL_STACK" = 0 ] || "addresses_of_$kind" "$1" 6
  } | in_host "$1" ip -batch -
}

# lan_address FAMILY DEVICE ADDRESS, in the prefix length that the lab's segments have.
lan_address() {
  if [ "$1" = 4 ]; then echo "addr add $3/24 dev $2"; else echo "addr add $3/64 dev $2 nodad"; fi
}

pod_cidr() {
  if [ "$1" = 4 ]; then echo "10.244.$2.0/24"; else echo "fd00:10:244:$2::/64"; fi
}

addresses_of_router() {
  local n outside=198.51.100.1 pool=$LAB_POOL4 hops=
  [ "$2" = 4 ] || outside=2001:db8:c::1 pool=$LAB_POOL6
  lan_address "$2" outside "$outside"
  lan_address "$2" inside "$("addr$2_of" r)"
  echo "link set outside up"
  echo "link set inside up"
  for ((n = 1; n <= LAB_NODES; n++)); do
    echo "route add $(pod_cidr "$2" "$n") via $("addr$2_of" "n$n")"
    hops+=" nexthop via $("addr$2_of" "n$n")"
  done
  echo "route add $pool$hops"
}

addresses_of_client() {
  local gateway=198.51.100.1
  [ "$2" = 4 ] || gateway=2001:db8:c::1
  echo "link set eth0 up"
  lan_address "$2" eth0 "$("addr$2_of" "$1")"
  echo "route add default via $gateway"
}

# Pods of other nodes are reached over the segment, as with a routed CNI; each Pod of this node has its own route.
addresses_of_node() {
  local n width=32
  [ "$2" = 4 ] || width=128
  echo "link set eth0 up"
  lan_address "$2" eth0 "$("addr$2_of" "$1")"
  echo "route add default via $("addr$2_of" r)"
  for ((n = 1; n <= LAB_NODES; n++)); do
    [ "$n" = "$i" ] || echo "route add $(pod_cidr "$2" "$n") via $("addr$2_of" "n$n")"
  done
  for ((n = 1; n <= LAB_PODS; n++)); do
    echo "link set p$n up"
    echo "route add $("addr$2_of" "$1p$n")/$width dev p$n"
  done
}

# A Pod knows one neighbour, its end of the link to the node, as Calico arranges it. The entry is permanent in place
# of proxy ARP: that answers only after a random delay.
addresses_of_pod() {
  local gateway=$LAB_POD_GATEWAY4 width=32
  [ "$2" = 4 ] || gateway=$LAB_POD_GATEWAY6 width=128
  echo "link set eth0 up"
  echo "addr add $("addr$2_of" "$1")/$width dev eth0$([ "$2" = 4 ] || echo ' nodad')"
  echo "neigh replace $gateway lladdr $(mac_of "$1" far) dev eth0 nud permanent"
  [ "$2" = 6 ] || echo "route add $gateway dev eth0 scope link"
  echo "route add default via $gateway dev eth0"
}

# Real NICs hand over finished checksums, veth does not: clients, the router and the nodes' external devices switch
# transmit checksum offload off. Pods keep veth's defaults, as in a real node. The router's ports to the nodes run an XDP
# program that passes everything: what XDP_TX sends at the other end of a veth is otherwise lost, or, with NAPI alone
# (GRO on), lies in the ring until another packet comes by; veth_xdp_flush() wakes only a peer with a program.
set_offloads() {
  case $kind in
    client | node) in_host "$1" ethtool -K eth0 tx off >/dev/null ;;
    router)
      lab_hosts | sed -nE 's/^[cn][0-9]+$/ethtool -K & tx off/p' | in_host r bash -e >/dev/null
      run_pass_program
      ;;
  esac
}

# Not `ip link set xdp object`: iproute2 would leave directories of its own in bpffs.
run_pass_program() {
  local pin=/sys/fs/bpf/sallyport-lab/$LAB_PREFIX/pass
  clang -O2 -target bpf -c "$LAB_HOME/lib/pass.bpf.c" -o "$LAB_RUN/pass.o"
  bpftool prog load "$LAB_RUN/pass.o" "$pin" type xdp
  lab_hosts | sed -nE "s,^n[0-9]+\$,bpftool net attach xdpdrv pinned $pin dev &,p" | in_host r bash -e
  rm "$pin" "$LAB_RUN/pass.o"
}
