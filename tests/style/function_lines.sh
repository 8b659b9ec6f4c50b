#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No function over 60 lines, from its signature to its closing brace: C and C++ by the scanner, shell by awk.
. "$(dirname "$0")/tree.sh"
scanner=${2:?path of style_functions}

function_lines() {
  tracked '\.(c|h|cpp)$' | xargs -r "$scanner" 60
  { tracked '\.sh$'; scripts_without_suffix; } | xargs -r awk '
    FNR == 1 { name = "" }
    name == "" && /^(function +)?[A-Za-z_][A-Za-z0-9_]* *(\(\))? *[{(]$/ { name = $1; start = FNR }
    name != "" && /^[})]/ {
      lines = FNR - start + 1
      if (lines > 60) print FILENAME ": function " name " has " lines " lines, at most 60"
      name = ""
    }'
}
judge function_lines
