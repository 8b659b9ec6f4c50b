#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The first line (second below a #!) of each source names its licence: bpf/, maps/ and other BPF programs may be loaded into the kernel.
. "$(dirname "$0")/tree.sh"

licences() {
  local file wanted
  sources | while read -r file; do
    case $file in
      bpf/*.[ch] | maps/*.[ch] | *.bpf.c) wanted='GPL-2.0-only OR Apache-2.0' ;;
      # A header of a benchmark may be one that its BPF program includes, too.
      bpf/* | maps/* | bench/*.h) wanted='(GPL-2.0-only OR )?Apache-2.0' ;;
      *) wanted='Apache-2.0' ;;
    esac
    head -n 2 "$file" | grep -qE "SPDX-License-Identifier: $wanted( \*/)?\$" || echo "$file: expected SPDX-License-Identifier: $wanted"
  done
}
judge licences
