#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each reason for which a packet is dropped, rejected or passed is met by a packet test, by its symbol.
. "$(dirname "$0")/tree.sh"

reasons_tested() {
  local reasons reason tested
  reasons=$(grep -oE 'X\(SP_(DROP|REJECT|PASS)_[A-Z0-9_]+' maps/stats.h | sed 's/^X(//' | grep -v UNUSED)
  [ -n "$reasons" ] || echo "maps/stats.h: no reason found"
  tested=$(tracked '^tests/prog/.*\.(cpp|h)$' | xargs -r cat | grep -oE '\<SP_[A-Z0-9_]+\>' | sort -u)
  for reason in $reasons; do
    grep -qx "$reason" <<<"$tested" || echo "tests/prog: $reason is met by no test"
  done
}
judge reasons_tested
