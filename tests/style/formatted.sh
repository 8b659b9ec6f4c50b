#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# C and C++ are as clang-format 14 writes them; shell scripts parse.
. "$(dirname "$0")/tree.sh"
formatter=$(command -v clang-format-14) || { echo "SKIP clang-format-14 is missing (other versions format differently)"; exit 77; }

formatted() {
  local file
  tracked '\.(c|h|cpp)$' | xargs -r -n 8 -P 2 "$formatter" --dry-run -Werror 2>&1 | grep -E 'error:' |
    sed -E 's/:[0-9]+:[0-9]+: error:.*/: not as clang-format-14 writes it/' | sort | uniq -c
  { tracked '\.sh$'; scripts_without_suffix; } | while read -r file; do bash -n "$file"; done
}
judge formatted
