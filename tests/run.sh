#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [LABEL]: installs what is missing, builds, and runs the tests; those of one CTest label, if given
# (unit, prog, verifier, soak, real-api, lab, deploy, style, or nightly: the long soaks, which no other run contains).
# Needs root and Debian 12. Returns CTest's exit code.
#
#   SP_BUILD_DIR   build directory, default build/ of this tree
#   SP_PRESET      release, debug or coverage, for a build directory that is new
#   SP_JOBS        tests and compilers at a time, default the number of CPUs
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${SP_BUILD_DIR:-$root/build}
jobs=${SP_JOBS:-$(nproc)}

usage_error() {
  echo "tests/run.sh: $1" >&2
  echo "usage: tests/run.sh [unit|prog|verifier|soak|real-api|lab|deploy|style|nightly]" >&2
  exit 2
}

[ $# -le 1 ] || usage_error "one label at most"
case ${1:-} in
  '' | unit | prog | verifier | soak | real-api | lab | deploy | style | nightly) ;;
  *) usage_error "unknown label '$1'" ;;
esac
[ "$(id -u)" = 0 ] || usage_error "needs root: it installs packages, loads BPF programs and makes network namespaces"

# shellcheck source-path=SCRIPTDIR source=../.ci/packages.sh
. "$root/.ci/packages.sh"
trap allow_service_starts EXIT
install_packages "${SP_BUILD_PACKAGES[@]}" "${SP_RUN_PACKAGES[@]}" "${SP_TEST_PACKAGES[@]}"

cmake -S "$root" -B "$build" -G Ninja -DSP_TESTS=ON ${SP_PRESET:+"-DSP_PRESET=$SP_PRESET"}
cmake --build "$build" --parallel "$jobs"

configuration=()
[ "${1:-}" != nightly ] || configuration=(-C nightly)
# "No test ran" is a failure: it would look like success.
ctest --test-dir "$build" "${configuration[@]}" --output-on-failure --no-tests=error --parallel "$jobs" ${1:+-L "^$1\$"}
