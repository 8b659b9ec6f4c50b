#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# unit.sh SALLYPORT: systemd's own checker takes sallyport.service, and what it allows stays little. The unit is read,
# not started. Exit code 77 without systemd-analyze.
set -euo pipefail
binary=${1:?path of sallyport}
unit=$(cd "$(dirname "$0")/../.." && pwd)/loader/deploy/sallyport.service
command -v systemd-analyze >/dev/null || { echo "SKIP systemd-analyze is not on PATH"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail() {
  failures=$((failures + 1))
  echo "FAIL $*"
}

# The checker wants to see the program.
sed "s|^ExecStart=/usr/sbin/sallyport |ExecStart=$binary |" "$unit" >"$scratch/sallyport.service"
grep -q "^ExecStart=$binary " "$scratch/sallyport.service" || fail "ExecStart does not begin with /usr/sbin/sallyport"
complaints=$(systemd-analyze verify --man=no "$scratch/sallyport.service" 2>&1) || fail "systemd-analyze verify: exit $?"
# It also reads the units of the machine that it runs on; theirs are not our business.
complaints=$(grep -F sallyport <<<"$complaints" || true)
[ -z "$complaints" ] || fail "systemd-analyze verify: $complaints"

# 0 is a jail, 10 is root without limits.
exposure=$(systemd-analyze security --offline=true --threshold=30 "$scratch/sallyport.service" 2>&1) ||
  fail "exposure above 3.0: $(tail -n 1 <<<"$exposure")"

for wanted in 'CapabilityBoundingSet=CAP_BPF CAP_NET_ADMIN CAP_PERFMON CAP_NET_RAW CAP_SYS_ADMIN' 'RestrictNamespaces=net' 'Restart=always' \
  'EnvironmentFile=-/etc/default/sallyport' 'AssertPathIsMountPoint=/sys/fs/bpf'; do
  grep -qxF "$wanted" "$unit" || fail "$wanted is missing"
done
# Whoever stops the agent must not take the programs away.
! grep -qE '^ExecStop' "$unit" || fail "something runs when the agent stops"
[ "$failures" = 0 ]
