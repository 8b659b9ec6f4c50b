#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/compatibility.md has a row for each requirement, R-001 to R-122, in order, with a verdict. A "yes" names a test,
# any other verdict says why, and every test that is named is there: `folder.file: Suite.Name`, or `folder.file` of a
# script.
. "$(dirname "$0")/tree.sh"
page=docs/compatibility.md
last=122

rows() { grep -E '^\| R-' "$page"; }

numbers() {
  diff <(seq -f 'R-%03g' 1 "$last") <(rows | sed -E 's/^\| ([^ |]+).*/\1/') |
    sed -nE "s|^< (.*)|$page: \1: no row in its place|p; s|^> (.*)|$page: \1: a row that does not belong here|p"
}

verdicts() {
  rows | awk -F ' *[|] *' -v page="$page" '
    NF != 7 { print page ": " $2 ": " NF - 2 " columns, expected 5"; next }
    $4 !~ /^(yes|differs|not applicable|later)$/ { print page ": " $2 ": verdict \"" $4 "\"" }
    $4 == "yes" && $6 == "" { print page ": " $2 ": yes, and no test shows it" }
    $4 != "yes" && $5 == "" { print page ": " $2 ": " $4 ", and not a word why" }'
}

# The cases of every test file; a long name stands on the line after its suite.
cases() {
  tracked '^tests/[a-z]+/[a-z0-9_]+_test\.cpp$' | xargs -r awk '
    /^TEST(_[FP])?\(/ { head = $0; while (head !~ /\)/ && (getline more) > 0) head = head more }
    head != "" {
      file = FILENAME; sub(/^tests\//, "", file); sub(/\.cpp$/, "", file); sub(/\//, ".", file)
      gsub(/^TEST(_[FP])?\( *| *\).*/, "", head); sub(/ *, */, ".", head)
      print file ": " head
      head = ""
    }'
}

scripts() { tracked '^tests/[a-z]+/[a-z_]+\.sh$' | sed -E 's|^tests/([a-z]+)/(.*)\.sh$|\1.\2|'; }

names() {
  rows | awk -F ' *[|] *' '{ print $6 }' | grep -oE '`[^`]*`' | tr -d '`' | sort -u |
    comm -23 - <({ cases; scripts; } | sort -u) | sed "s|^|$page: no such test: |"
}

compatibility() {
  [ -f "$page" ] || { echo "$page: missing"; return; }
  numbers
  verdicts
  names
}
judge compatibility
