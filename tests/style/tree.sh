# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every rule of this folder starts from: the list of tracked files and the verdict. Sourced by a rule as
# `. tree.sh`; it then stands in the tree that the rule's first argument names (default: this checkout).
set -u
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 1

# tracked [REGEX]: tracked files that exist and whose path matches; outside of git, all files.
tracked() {
  if [ -e .git ]; then git ls-files; else find . -type f -not -path './build*' -printf '%P\n'; fi |
    grep -E -- "${1:-.}" | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# Code that people write, as opposed to documents and data.
sources() {
  tracked '(^|/)(CMakeLists\.txt|\.clang-format|\.clang-tidy)$|\.(c|h|cpp|sh|awk|cmake|py)$|^tests/verifier/budget\.txt$'
  scripts_without_suffix
}

# Shell programs are known by their first line.
scripts_without_suffix() {
  tracked '(^|/)[^./]+$' | while read -r file; do
    ! head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*\b(ba|da)?sh\b' || echo "$file"
  done
}

# judge RULE: whatever the function RULE prints is a finding, its complaints on stderr included.
judge() {
  local findings
  findings=$("$1" 2>&1)
  [ -z "$findings" ] && exit 0
  printf '%s\n' "$findings"
  exit 1
}
