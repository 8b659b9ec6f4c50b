#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bench/run.sh [--short] [--gate | --record] [--out DIR] [NAME...]: installs what is missing, builds and runs the named
# benchmarks one after the other (all of bench/names.txt by default), then prints one table of what they claim and
# draws the plots. Run it as root on Debian 12, on a machine that does nothing else: figures are of the whole machine.
#
#   --short    seconds in place of minutes: fewer rounds, the small sizes alone
#   --gate     fail when a ratio falls short of the recorded one (bench/recorded.json) by more than noise
#   --record   write the ratios of this run to bench/recorded.json
#   --out DIR  JSON, table, plots; default bench-results/ (bench-results-short/) of the build directory
#
# Exit code 0 when everything was measured and the gate holds, 1 when not, 2 for wrong use. A target that is missed is
# no failure: the table says so. A benchmark that fails does not stop the others.
#
#   SP_BUILD_DIR   build directory, default build/ of this tree; the release preset
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${SP_BUILD_DIR:-$root/build}
record=$root/bench/recorded.json
out=
form=()
summary=()
names=()
failed=()

# shellcheck source-path=SCRIPTDIR source=../.ci/packages.sh
. "$root/.ci/packages.sh"

usage_error() {
  echo "bench/run.sh: $1" >&2
  echo "usage: bench/run.sh [--short] [--gate | --record] [--out DIR] [NAME...]   NAME: ${known[*]}" >&2
  exit 2
}

parse_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --short) form=(--short) ;;
      --gate | --record)
        [ ${#summary[@]} -eq 0 ] || usage_error "one of --gate and --record, once"
        summary=("$1" "$record")
        ;;
      --out)
        out=${2:-}
        [ -n "$out" ] || usage_error "--out needs a directory"
        shift
        ;;
      -*) usage_error "unknown option '$1'" ;;
      *) add_name "$1" ;;
    esac
    shift
  done
  # What changes are held against must not be noisier than it needs to be.
  [ "${summary[0]:-} ${form[0]:-}" != "--record --short" ] || usage_error "a record is made of the full form"
  [ ${#names[@]} -gt 0 ] || names=("${known[@]}")
  out=${out:-$build/bench-results${form:+-short}}
}

add_name() {
  [[ " ${known[*]} " == *" $1 "* ]] || usage_error "unknown benchmark '$1'"
  [[ " ${names[*]} " == *" $1 "* ]] || names+=("$1")
}

# Sanitizers and -O0 would be what is measured.
check_preset() {
  local preset
  preset=$(sed -n 's/^SP_PRESET:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null) || true
  [ "${preset:-release}" = release ] ||
    usage_error "$build has the preset $preset; give SP_BUILD_DIR a directory of the release preset"
}

build_benchmarks() {
  local targets=(benchmarks)
  [ "${names[*]}" = "${known[*]}" ] || targets=(bench_summary "${names[@]/#/bench_}")
  cmake -S "$root" -B "$build" -G Ninja -DSP_TESTS=ON
  cmake --build "$build" --parallel "$(nproc)" --target "${targets[@]}"
}

# run_benchmark NAME: results of an earlier run must not pass for those of this one.
run_benchmark() {
  local status=0 limit=900
  [ ${#form[@]} -eq 0 ] || limit=60
  rm -f "$out/$1.json"
  # In the foreground, so that Ctrl-C reaches the benchmark.
  timeout --foreground --kill-after=5 "$limit" "$build/bench/bench_$1" --out "$out" "${form[@]}" </dev/null 2>&1 |
    tee "$out/$1.log" || status=${PIPESTATUS[0]}
  case $status in
    0) [ -s "$out/$1.json" ] || failed+=("$1 (wrote no results)") ;;
    124) failed+=("$1 (not done after $limit s)") ;;
    127) failed+=("$1 (there is no $build/bench/bench_$1)") ;;
    *) failed+=("$1 (exit code $status)") ;;
  esac
}

main() {
  mapfile -t known < <(grep -E '^[a-z]+$' "$root/bench/names.txt")
  parse_arguments "$@"
  [ "$(id -u)" = 0 ] || usage_error "needs root: it installs packages, loads BPF programs and makes network namespaces"
  check_preset
  trap allow_service_starts EXIT
  trap 'exit 130' INT TERM
  install_packages "${SP_BUILD_PACKAGES[@]}" "${SP_BENCH_PACKAGES[@]}"
  build_benchmarks

  mkdir -p "$out"
  local name status=0
  for name in "${names[@]}"; do
    printf '\n[%4d s] %s\n' "$SECONDS" "$name"
    run_benchmark "$name"
  done
  "$build/bench/bench_summary" --out "$out" "${summary[@]}" "${names[@]}" || status=1
  if [ ${#failed[@]} -gt 0 ]; then
    printf 'bench/run.sh: not measured: %s\n' "${failed[@]}" >&2
    status=1
  fi
  exit "$status"
}

main "$@"
