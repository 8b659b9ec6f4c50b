#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs and maps have at most 15 characters, where the kernel cuts names, and no name twice. No file and no function
# is called after nothing in particular.
. "$(dirname "$0")/tree.sh"
vague='(misc|helpers?|common|util2)'

map_names() { tracked '^bpf/maps\.bpf\.h$' | xargs -r sed -nE 's/^\} *([a-z0-9_]+) +(SP_MAP|SEC\("\.maps"\)).*/\1/p'; }

program_names() {
  tracked '^bpf/.*\.c$' | xargs -r cat | tr '\n' ' ' |
    grep -oE 'SEC\("[^."][^"]*"\) *(static )?(int|long) +[a-zA-Z0-9_]+\(' | sed -E 's/.* ([a-zA-Z0-9_]+)\($/\1/'
}

names() {
  { map_names; program_names; } | awk 'length > 15 { print $0 ": kernel name of " length " characters, at most 15" }'
  { map_names; program_names; } | sort | uniq -d | sed 's/$/: kernel name used twice/'
  [ -n "$(map_names)" ] || echo "bpf/maps.bpf.h: no map found"
  [ -n "$(program_names)" ] || echo "bpf: no program found"
  tracked | grep -iE "(^|[/_.-])($vague|do|handle)([/_.-]|\$)" | sed 's/$/: vague word in the name of a file/'
  # Calls of others' functions count too: there are none that we need. Comments and strings do not.
  tracked '\.(c|h|cpp)$' | xargs -r grep -nE "\<(do|handle)_[a-z0-9_]+\(|\<([a-z0-9]+_)*${vague}(_[a-z0-9]+)*\(" |
    sed -E 's@//.*@@; s@"[^"]*"@@g' | grep -E "(do|handle)_[a-z0-9_]+\(|${vague}[a-z0-9_]*\(" |
    sed 's/$/  <- vague word in the name of a function/'
  tracked '\.sh$' | xargs -r grep -nE "^(function +)?((do|handle)_[a-z0-9_]+|([a-z0-9]+_)*${vague}(_[a-z0-9]+)*) *\(\)" |
    sed 's/$/  <- vague word in the name of a function/'
}
judge names
