#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench/run.sh: what it makes of benchmarks that fail or say nothing, and of wrong use. The benchmarks are
# stand-ins, and cmake and dpkg-query have nothing to do; bench_summary is the real one.
#
#   bench_run.sh BENCH_SUMMARY
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
summary=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "SKIP bench/run.sh needs root"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export SP_BUILD_DIR=$scratch/build
failures=0

mkdir -p "$SP_BUILD_DIR/bench" "$scratch/bin"
ln -s "$summary" "$SP_BUILD_DIR/bench/bench_summary"
printf '#!/bin/sh\nexit 0\n' >"$scratch/bin/cmake"
printf '#!/bin/sh\nprintf installed\n' >"$scratch/bin/dpkg-query"
chmod +x "$scratch"/bin/*
export PATH=$scratch/bin:$PATH

# benchmark NAME: stdin is its program; $2 of it is the directory of the results
benchmark() {
  { echo '#!/bin/sh'; cat; } >"$SP_BUILD_DIR/bench/bench_$1"
  chmod +x "$SP_BUILD_DIR/bench/bench_$1"
}

# good NAME: one that measures a claim, and writes down its arguments
good() {
  benchmark "$1" <<EOF
echo "\$@" >"$scratch/$1.arguments"
cat >"\$2/$1.json" <<JSON
{"schema": 1, "benchmark": "$1", "method": "", "short": false, "figures": [], "notes": [],
 "machine": {"cpu": "", "cores": 1, "kernel": "", "virtualisation": "none", "date": "", "load_at_start": 0, "load_at_end": 0},
 "claims": [{"what": "claim of $1", "unit": "x", "value": {"q1": 1, "median": 1, "q3": 1, "rounds": 3},
             "bound": "at_most", "limit": 2, "gated": false, "holds": true}]}
JSON
EOF
}

# run CODE ARGUMENT...: runs bench/run.sh, which should end with CODE; its output is in $output
run() {
  local wanted=$1 code=0
  shift
  output=$("$root/bench/run.sh" "$@" 2>&1) || code=$?
  [ "$code" = "$wanted" ] || fail "run.sh $*: exit code $code, expected $wanted"
}

fail() {
  printf 'FAIL %s\n%s\n' "$1" "$output"
  failures=$((failures + 1))
}

says() { [[ $output == *"$1"* ]] || fail "not said: $1"; }
silent() { [[ $output != *"$1"* ]] || fail "said: $1"; }

while read -r name; do good "$name"; done < <(grep -E '^[a-z]+$' "$root/bench/names.txt")

run 0
says 'claim of prog'
says 'claim of fair'
says '7 of 7 targets hold'
[ -s "$SP_BUILD_DIR/bench-results/summary.md" ] || fail 'no summary.md'

run 0 --short --out "$scratch/there" node prog
[[ $output =~ ' s] node'.*' s] prog' ]] || fail 'not in the order that was asked for'
silent 'claim of fair'
[ "$(cat "$scratch/node.arguments")" = "--out $scratch/there --short" ] || fail 'wrong arguments of a benchmark'

echo 'echo no namespaces here; exit 1' | benchmark node
run 1 prog node fair
says 'no namespaces here'
says 'claim of fair'
says 'not measured: node (exit code 1)'
silent 'claim of node'

echo 'true' | benchmark node
run 1 node
says 'not measured: node (wrote no results)'

rm "$SP_BUILD_DIR/bench/bench_node"
run 1 prog node
says 'not measured: node (there is no'

run 2 nope
says "unknown benchmark 'nope'"
run 2 --fast
says "unknown option '--fast'"
run 2 --out
run 2 --gate --record
run 2 --short --record
says 'a record is made of the full form'
echo 'SP_PRESET:STRING=debug' >"$SP_BUILD_DIR/CMakeCache.txt"
run 2 prog
says 'the preset debug'

[ "$failures" = 0 ] || exit 1
