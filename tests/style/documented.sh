#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What has a page stays on its page: each map in maps/README.md, each file of the packet path in docs/packet-path.md,
# and no page points at a line that the next edit moves.
. "$(dirname "$0")/tree.sh"

maps_documented() {
  local map
  sed -nE 's/^\} *([a-z0-9_]+) +(SP_MAP|SEC\("\.maps"\)).*/\1/p' bpf/maps.bpf.h | while read -r map; do
    grep -qw -- "$map" maps/README.md || echo "maps/README.md: map $map is missing"
  done
}

# The files of bpf/ by their names, and the headers of maps/ that they include as maps/NAME.
packet_path_complete() {
  local file
  { tracked '^bpf/.*\.[ch]$' | sed 's|^bpf/||'; tracked '^bpf/.*\.[ch]$' | xargs -r sed -nE 's/^#include "(maps\/[^"]+)".*/\1/p'; } |
    sort -u | while read -r file; do
    grep -qE "(^|[^A-Za-z0-9_])${file//./\\.}" docs/packet-path.md || echo "docs/packet-path.md: does not name $file"
  done
}

documented() {
  if [ -f maps/README.md ]; then maps_documented; else echo "maps/README.md: missing"; fi
  if [ -f docs/packet-path.md ]; then packet_path_complete; else echo "docs/packet-path.md: missing"; fi
  tracked '\.md$' | xargs -r grep -nHE '[A-Za-z0-9_]\.(c|h|cpp|sh|txt|md):[0-9]+' | sed 's/$/  <- line number in a document/'
}
judge documented
