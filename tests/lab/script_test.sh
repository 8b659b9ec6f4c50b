#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The lab script's promises: fast, idempotent, in order after a crash, gone without a trace, alone in what it touches.
# Every case is a function whose name is the sentence. Exit 77 without root.
set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/lab
export SP_LAB=labtest
unset LAB_NODES LAB_CLIENTS LAB_PODS LAB_DUAL_STACK

broken() {
  echo "  $*" >&2
  return 1
}

remains() {
  local cgroups
  cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  find /run/netns /run/sallyport-lab /sys/fs/bpf/sallyport-lab "$cgroups/sallyport-lab" -maxdepth 1 -name "$1*" \
    2>/dev/null || true
}

# await CONDITION...: until the command succeeds, ten seconds at most.
await() {
  local deadline=$((SECONDS + 10))
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || broken "waited in vain for: $*" || return
    sleep 0.02
  done
}

listens() {
  [ -n "$("$lab" exec "$1" ss -Hltn "sport = :$2")" ]
}

runs_in() {
  [ "$(readlink "/proc/$1/ns/net")" = "net:[$(stat -L -c %i "/run/netns/$2")]" ]
}

# A TCP exchange from host $1 to host $2 in family $3: iperf3 moves a megabyte.
exchange() {
  local address server
  address=$("$lab" addr "$2" "$3")
  "$lab" exec "$2" timeout 20 iperf3 -s -1 -p 5999 >/dev/null 2>&1 &
  server=$!
  await listens "$2" 5999
  "$lab" exec "$1" timeout 10 iperf3 -c "$address" -p 5999 -n 1M >/dev/null || broken "$1 cannot reach $2 at $address"
  wait "$server"
}

comes_up_within_five_seconds() {
  local started=$EPOCHREALTIME took
  "$lab" up --nodes 3 --dual-stack
  took=$(((${EPOCHREALTIME/[.,]/} - ${started/[.,]/}) / 1000))
  [ "$took" -lt 5000 ] || broken "took $took ms"
}

connects_outside_nodes_and_pods_in_both_families() {
  local family
  for family in 4 6; do
    exchange c1 n3p2 "$family"
    exchange c2 n1 "$family"
    exchange n1p1 n1p2 "$family"
    exchange n1p1 n2p1 "$family"
    exchange n2 n3p1 "$family"
    exchange n3p3 c1 "$family"
  done
}

a_second_up_changes_nothing() {
  "$lab" exec n2p1 sleep 60 >/dev/null 2>&1 &
  local bystander=$!
  await runs_in "$bystander" labtest-n2p1
  "$lab" up --nodes 3 --dual-stack
  runs_in "$bystander" labtest-n2p1 || broken "the lab was made anew"
  kill "$bystander"
}

an_up_of_another_shape_replaces_the_lab() {
  "$lab" up --nodes 1 --clients 1 --pods 1
  [ "$(find /run/netns -name 'labtest-*' | wc -l)" = 4 ] || broken "has $(remains labtest | xargs)"
}

exec_runs_in_the_namespace_and_cgroup_of_the_host() {
  local seen
  seen=$("$lab" exec n1p1 sh -c 'readlink /proc/self/ns/net; cat /proc/self/cgroup')
  grep -qxF "net:[$(stat -L -c %i /run/netns/labtest-n1p1)]" <<<"$seen" || broken "namespace: $seen"
  grep -qxF '0::/sallyport-lab/labtest/n1/n1p1' <<<"$seen" || broken "cgroup: $seen"
  if "$lab" exec n1p1 sh -c 'exit 7'; then broken "exit code lost"; elif [ $? != 7 ]; then broken "not 7"; fi
}

bpffs_and_cgroups_stay_visible_in_exec() {
  "$lab" exec n1 test -d "$("$lab" path n1 pin)" || broken "pin path hidden"
  "$lab" exec n1 test -d "$("$lab" path n1 cgroup)" || broken "cgroup hidden"
}

# has_feature HOST DEVICE LINE: a line of `ethtool -k`. Not piped to grep -q, which breaks the pipe by leaving early.
has_feature() {
  grep -qx "$3" <<<"$("$lab" exec "$1" ethtool -k "$2")"
}

offloads_are_as_real_machines_have_them() {
  has_feature n1 eth0 'tx-checksumming: off' || broken "node: checksums unfinished"
  has_feature c1 eth0 'tx-checksumming: off' || broken "client: checksums unfinished"
  has_feature n1p1 eth0 'tx-checksumming: on' || broken "Pod: not veth's default"
  grep -q ' xdp ' <<<"$("$lab" exec r ip link show n1)" || broken "router port: no program, so XDP_TX gets lost"
}

a_killed_up_is_cleaned_by_the_next() {
  local delay victim
  for delay in 0.05 0.15 0.3; do
    "$lab" up --nodes 4 &
    victim=$!
    sleep "$delay"
    kill -9 "$victim"
    wait "$victim" || true
    "$lab" up --nodes 1 --pods 1 --clients 1
    [ "$(find /run/netns -name 'labtest-*' | wc -l)" = 4 ] || broken "after $delay s: $(remains labtest | xargs)"
  done
}

down_ends_processes_that_ignore_it_and_leaves_no_trace() {
  "$lab" exec n1p1 sh -c 'trap "" TERM; while :; do sleep 1; done' >/dev/null 2>&1 &
  local stubborn=$!
  mkdir "$("$lab" path n1 pin)/a-pin"
  await runs_in "$stubborn" labtest-n1p1
  "$lab" down
  if kill -0 "$stubborn" 2>/dev/null; then broken "the process lives on"; fi
  [ -z "$(remains labtest)" ] || broken "left: $(remains labtest | xargs)"
}

down_spares_a_lab_whose_name_begins_alike() {
  SP_LAB=labtest-n1 "$lab" up --nodes 1 --pods 0 --clients 1
  "$lab" up --nodes 1 --pods 0 --clients 1
  "$lab" down
  [ "$(find /run/netns -name 'labtest-n1-*' | wc -l)" = 3 ] || broken "has $(remains labtest | xargs)"
  SP_LAB=labtest-n1 "$lab" exec c1 true || broken "unusable"
  SP_LAB=labtest-n1 "$lab" down
}

wrong_use_is_told_with_exit_code_2() {
  local words
  for words in fly "up --nodes 0" "up --nodes x" "up --bogus" "up --prefix Capital" "up --prefix"; do
    # shellcheck disable=SC2086
    if "$lab" $words 2>/dev/null; then broken "'$words' passed"; elif [ $? != 2 ]; then broken "'$words': not 2"; fi
  done
}

if [ "$(id -u)" != 0 ]; then
  echo "skipped: the lab makes network namespaces and needs root"
  exit 77
fi
trap '"$lab" down; SP_LAB=labtest-n1 "$lab" down' EXIT

failed=0
for case in comes_up_within_five_seconds connects_outside_nodes_and_pods_in_both_families a_second_up_changes_nothing \
  an_up_of_another_shape_replaces_the_lab exec_runs_in_the_namespace_and_cgroup_of_the_host \
  bpffs_and_cgroups_stay_visible_in_exec offloads_are_as_real_machines_have_them a_killed_up_is_cleaned_by_the_next \
  down_ends_processes_that_ignore_it_and_leaves_no_trace down_spares_a_lab_whose_name_begins_alike \
  wrong_use_is_told_with_exit_code_2; do
  # A shell of its own, and not the condition of an `if`: there, -e would be off inside.
  set +e
  (set -e; "$case")
  status=$?
  set -e
  if [ "$status" = 0 ]; then echo "ok   $case"; else echo "FAIL $case"; failed=$((failed + 1)); fi
done
[ "$failed" = 0 ]
