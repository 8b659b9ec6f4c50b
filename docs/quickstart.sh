#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/quickstart.sh [--keep]: from a fresh Debian 12 to real traffic that reaches real programs through XDP. Run it as
# root. It installs packages, builds, brings up a lab of three nodes (tests/lab), starts InfluxDB and nginx in Pods and
# one agent on each node, and opens the Kubernetes Handbook's five doors from a client outside.
#
# Exit code 0 when every door opened, 1 when one did not, 2 for wrong use. Nothing stays but packages and the build
# directory; with --keep the lab stays up for experiments.
#
#   SP_BUILD_DIR   build directory, default build/ of this tree
#   SP_LAB         the lab's name, default "quickstart"; a lab of that name is replaced
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${SP_BUILD_DIR:-$root/build}
export SP_LAB=${SP_LAB:-quickstart}
manifests=docs/examples/handbook
keep=0
failures=0
bpffs_was_mounted=0

# shellcheck source-path=SCRIPTDIR source=../.ci/packages.sh
. "$root/.ci/packages.sh"
# shellcheck source-path=SCRIPTDIR source=examples/programs.sh
. "$root/docs/examples/programs.sh"

lab() {
  "$root/tests/lab/lab" "$@"
}

# A long step begins.
step() {
  printf '[%3d s] %s\n' "$SECONDS" "$*"
}

indent() {
  sed -u 's/^/    /'
}

die() {
  echo "quickstart: $*" >&2
  exit 1
}

parse_arguments() {
  case $# in
    0) ;;
    1) [ "$1" = --keep ] || usage_error "unknown argument '$1'"; keep=1 ;;
    *) usage_error "one argument at most" ;;
  esac
  [ "$(id -u)" = 0 ] || usage_error "needs root: it installs packages, loads BPF programs and makes network namespaces"
}

usage_error() {
  echo "quickstart: $1" >&2
  echo "usage: docs/quickstart.sh [--keep]" >&2
  exit 2
}

clean_up() {
  local status=$?
  trap - EXIT
  allow_service_starts
  if [ "$keep" = 1 ] && [ -d "/run/sallyport-lab/$SP_LAB" ]; then
    step "the lab stays up (--keep)"
    echo "    export SP_LAB=$SP_LAB"
    echo "    tests/lab/lab status                                                  # hosts, addresses, paths"
    echo "    tests/lab/lab exec c1 curl -v http://192.0.2.12:30000/ping            # as a client"
    echo "    tests/lab/lab exec n2 $build/loader/sallyport get flows --pin-path $(lab path n2 pin)"
    echo "    tests/lab/lab down                                                    # when done"
  elif [ -x /usr/bin/nsenter ] && [ -x "$(command -v ip)" ]; then
    lab down || status=1
    unmount_bpffs
  fi
  exit "$status"
}

# The kernel's own iterators are all that is left in a bpffs that only the lab used.
unmount_bpffs() {
  if [ "$bpffs_was_mounted" = 0 ] && mountpoint -q /sys/fs/bpf &&
    [ -z "$(find /sys/fs/bpf -mindepth 1 ! -name '*.debug')" ]; then
    umount /sys/fs/bpf
  fi
}

build_sallyport() {
  cmake -S "$root" -B "$build" -G Ninja
  cmake --build "$build" --parallel "$(nproc)" --target sallyport
}

# Each agent runs on its node as on a real one. Pin path and cgroup are given because three nodes share this machine.
start_agents() {
  local node logs command
  logs=$(lab path r run)
  cd "$root"
  for node in n1 n2 n3; do
    command=(run --manifests "$manifests" --node "$node" --device eth0 --pin-path "$(lab path "$node" pin)"
      --cgroup "$(lab path "$node" cgroup)")
    echo "on $node: sallyport ${command[*]}" | indent
    lab exec "$node" "$build/loader/sallyport" "${command[@]}" </dev/null >"$logs/agent-$node.log" 2>&1 &
    agent_pids[${node#n}]=$!
  done
  for node in n1 n2 n3; do await_agent "$node" "$logs/agent-$node.log"; done
}

await_agent() {
  local deadline=$((SECONDS + 20))
  until grep -qs 'agent: ready' "$2"; do
    if ! kill -0 "${agent_pids[${1#n}]}" 2>/dev/null; then
      indent <"$2" >&2
      die "the agent of $1 ended; its log is above"
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      indent <"$2" >&2
      die "the agent of $1 is not ready after 20 s; its log is above"
    fi
    sleep 0.05
  done
}

# door NAME CURL-ARGUMENT...: one request from $client; 204 is InfluxDB's answer to /ping.
door() {
  local name=$1 code
  shift
  code=$(lab exec "$client" curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' "$@") || true
  printf '    %-34s %-4s curl %s\n' "$name" "$code" "$*"
  if [ "$code" != 204 ]; then
    failures=$((failures + 1))
    echo "    FAILED: $name answered $code in place of 204" >&2
  fi
}

open_doors() {
  local client=c1
  door "hostNetwork :8086/ping" http://192.0.2.11:8086/ping
  door "hostPort :8086/ping" http://192.0.2.12:8086/ping
  door "NodePort :30000/ping" http://192.0.2.11:30000/ping
  door "  on a node without the Pod" http://192.0.2.12:30000/ping
  door "LoadBalancer 10.13.242.236:8086" http://10.13.242.236:8086/ping
  door "Ingress influxdb.kube.example.com" \
    --resolve influxdb.kube.example.com:80:192.0.2.13 http://influxdb.kube.example.com/ping
}

# The same from inside: socket hooks of the node's cgroup, for its Pods and for its own processes.
open_doors_from_inside() {
  local client=n3p1
  door "a Pod of n3: ClusterIP" http://10.96.0.86:8086/ping
  door "  NodePort of its own node" http://192.0.2.13:30000/ping
  client=n2
  door "a process of n2: ClusterIP" http://10.96.0.86:8086/ping
  door "  hostPort at 127.0.0.1" http://127.0.0.1:8086/ping
}

# 300 connections through one node; each line counts what the three Pods answered so far.
show_round_robin() {
  local answers
  answers=$(lab exec c1 curl --silent --max-time 30 -H 'Connection: close' 'http://192.0.2.11:30080/?[1-300]') || true
  printf '    %-11s %6s %6s %6s\n' connections web-1 web-2 web-3
  awk '{ seen[$1]++ }
       NR % 30 == 0 { printf "    %11d %6d %6d %6d\n", NR, seen["web-1"], seen["web-2"], seen["web-3"] }' <<<"$answers"
  if [ "$(sort <<<"$answers" | uniq -c | xargs)" != "100 web-1 100 web-2 100 web-3" ]; then
    failures=$((failures + 1))
    echo "    FAILED: 300 connections did not spread 100/100/100: $(sort <<<"$answers" | uniq -c | xargs)" >&2
  fi
}

# c1 reaches this Pod through the door alone, so its address in the log came through hostPort.
show_client_address() {
  local line client
  client=$(lab addr c1)
  line=$(grep -F '"GET /ping ' "$(lab path r run)/influxdb-n2p1/log" | grep -F " $client " | tail -n 1) || true
  echo "    client c1 is $client; the hostPort Pod logged:"
  if [ -n "$line" ]; then
    echo "    ${line#* }"
  else
    failures=$((failures + 1))
    echo "    FAILED: no request from $client in the hostPort Pod's log" >&2
  fi
}

show_agent_logs() {
  local log
  for log in "$(lab path r run)"/agent-*.log; do
    echo "--- ${log##*/}, last lines" >&2
    tail -n 15 "$log" | indent >&2
  done
}

main() {
  parse_arguments "$@"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  [ "$(stat -f -c %T /sys/fs/bpf 2>/dev/null)" != bpf_fs ] || bpffs_was_mounted=1

  step "packages"
  install_packages "${SP_BUILD_PACKAGES[@]}" "${SP_RUN_PACKAGES[@]}" | indent
  step "build"
  build_sallyport | indent
  step "lab: clients, a router, three nodes, Pods"
  lab down
  lab up | indent
  step "InfluxDB and nginx in their Pods"
  start_programs
  step "one agent on each node"
  agent_pids=()
  start_agents
  step "five doors, from client c1 outside"
  open_doors
  step "the same doors, from a Pod and from a node"
  open_doors_from_inside
  step "round-robin: 300 connections to NodePort 30080 of n1, three Pods on three nodes"
  show_round_robin
  step "the client's address"
  show_client_address
  if [ "$failures" -gt 0 ]; then
    show_agent_logs
    die "$failures of the checks failed"
  fi
  step "all doors are open"
}

main "$@"
