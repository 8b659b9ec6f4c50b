#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves that each rule passes on a small clean tree and fails, for the reason it gives, on a tree with one thing wrong.
#
#   selftest.sh STYLE_FUNCTIONS
#
# Offending words are put together from two strings, or this file would offend.
set -u
here=$(cd "$(dirname "$0")" && pwd)
scanner=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
clean=$scratch/clean
# One line for each case; a file, because most cases run in the subshell of a pipe.
results=$scratch/results
dual='// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0'
apache='// SPDX-License-Identifier: Apache-2.0'

# repeat COUNT LINE
repeat() { yes "$2" | head -n "$1"; }

# put PATH: stdin becomes a file of the tree
put() { mkdir -p "$tree/$(dirname "$1")" && cat >"$tree/$1"; }

# requirements [NUMBER ROW]: a page of 122 requirements, the row of NUMBER replaced by ROW
requirements() {
  local row='| R-%03g | words | yes | | `prog.drop_test: A.B` |'
  seq -f "$row" 1 122 | sed -E "${1:+s/^\\| R-$1 .*/${2:-}/}"
}

write_clean_tree() {
  tree=$clean
  printf '%s\n' "$dual" '#include "maps/stats.h"' 'SEC("xdp") int sp_door(struct xdp_md *ctx)' '{' \
    '	return 0;' '}' | put bpf/sp_door.bpf.c
  printf '%s\n' "$dual" 'struct {' '	__uint(max_entries, 1);' '} sp_rows SP_MAP;' | put bpf/maps.bpf.h
  printf '%s\n' "$dual" '#define SP_REASONS(X) X(SP_DROP_NOTHING, 1, "drop", "text") X(SP_NOTE_IT, 2, "note", "text")' |
    put maps/stats.h
  printf '%s\n' '# Maps' 'sp_rows' | put maps/README.md
  printf '%s\n' 'sp_door.bpf.c, maps.bpf.h and maps/stats.h' | put docs/packet-path.md
  printf '%s\n' "$apache" 'int reason = SP_DROP_NOTHING;' 'TEST(A, B) {}' | put tests/prog/drop_test.cpp
  requirements | put docs/compatibility.md
  printf '%s\n' "$apache" '#include <string>' 'std::string name();' | put loader/model/name.h
  printf '%s\n' '#!/bin/bash' '# SPDX-License-Identifier: Apache-2.0' 'run() {' '  true' '}' | put tests/run.sh
  printf 'BasedOnStyle: Google\n' | put .clang-format
  printf 'BasedOnStyle: LLVM\nIndentWidth: 8\nUseTab: Always\nBreakBeforeBraces: Linux\nColumnLimit: 120\nAllowShortFunctionsOnASingleLine: None\n' |
    tee "$tree/bpf/.clang-format" | put maps/.clang-format
  sed -i '1i # SPDX-License-Identifier: Apache-2.0' "$tree"/.clang-format "$tree"/*/.clang-format
  tree=$scratch/tree
}

clean_tree() { rm -rf "$tree" && cp -r "$clean" "$tree"; }

run_rule() { bash "$here/$1.sh" "$tree" "$scanner" 2>&1; }

# outcome RULE CODE OUTPUT WANTED_CODE WANTED_TEXT CASE: writes one line to the results, and says what went wrong
outcome() {
  if [ "$2" -eq 77 ]; then
    echo "skip $1" >>"$results"
  elif [ "$2" -eq "$4" ] && [[ $3 == *"$5"* ]]; then
    echo "good $1" >>"$results"
  else
    echo "bad $1" >>"$results"
    echo "FAIL $1 on $6: exit $2 instead of $4, or not '$5':"
    printf '%s\n' "$3" | head -n 5
  fi
}

# passes RULE TITLE: the rule finds nothing in the tree as it is
passes() {
  local output
  output=$(run_rule "$1")
  outcome "$1" $? "$output" 0 '' "$2"
}

# fails RULE EXPECTED PATH: the rule finds EXPECTED once PATH has become stdin; the clean tree is back afterwards
fails() {
  local output
  put "$3"
  output=$(run_rule "$1")
  outcome "$1" $? "$output" 1 "$2" "a bad $3"
  clean_tree
}

sizes() {
  { echo "$apache"; repeat 300 'int x;'; } | fails file_lines '301 lines' loader/long.cpp
  { echo "$dual"; repeat 150 'int x;'; } | fails file_lines '151 lines' bpf/long.bpf.c
  { echo 'void f() {'; repeat 59 '  x();'; echo '}'; } | fails function_lines '61 lines' loader/long.cpp
  { echo 'int f(int a,'; echo '      int b) {'; repeat 58 '  x();'; echo '}'; } | fails function_lines 61 loader/l.cpp
  { echo 'struct X : B {'; echo '  X() : a_{1}, b_(2) {'; repeat 60 'x("}");'; echo '}};'; } | fails function_lines 62 loader/x.h
  { echo 'TEST(A, B) {'; repeat 30 '  y(R"({{)"); // }'; repeat 30 "  z('{');"; echo '}'; } | fails function_lines 62 tests/t.cpp
  { echo 'const struct a *f(struct b *x)'; echo '{'; repeat 59 '  x();'; echo '}'; } | fails function_lines 62 bpf/f.h
  { echo 'f() {'; repeat 60 '  x'; echo '}'; } | fails function_lines 'function f() has 62' tests/f.sh
  { echo 'struct X {'; repeat 70 '  int f() { return 1; }'; echo '};'; } | put loader/struct.h
  { echo 'const A rows[] = {'; repeat 70 '  {f(1)},'; echo '};'; } | put loader/rows.cpp
  { echo 'void f() {'; repeat 58 '  x();'; echo '}'; } | put loader/just.cpp
  passes function_lines 'a long struct, a long table and a function of 60 lines'
  clean_tree
}

licences() {
  echo 'int x;' | fails licences 'expected SPDX' loader/none.cpp
  echo "$dual" | fails licences 'expected SPDX' loader/wrong.cpp
  echo "$apache" | fails licences 'GPL-2.0-only OR' bpf/wrong.h
  printf '#!/bin/sh\ntrue\n' | fails licences tests/lab/program tests/lab/program
}

names() {
  printf '%s\n' "$dual" '} sp_sixteen_chars SP_MAP;' | fails names 'sp_sixteen_chars: kernel name of 16' bpf/maps.bpf.h
  printf '%s\n' "$dual" 'SEC("tc")' 'int sp_sixteen_chars(void *ctx)' | fails names 'of 16' bpf/sp_tc.bpf.c
  printf '%s\n' "$dual" 'SEC("tc") int sp_door(void *ctx)' | fails names 'sp_door: kernel name used twice' bpf/sp_tc.bpf.c
  printf '%s\n' "$dual" | fails names 'no map found' bpf/maps.bpf.h
  printf '%s\n' "$dual" | fails names 'no program found' bpf/sp_door.bpf.c
  echo "$apache" | fails names 'name of a file' "loader/hel""per.cpp"
  echo "$apache" | fails names 'name of a file' "loader/d""o_it.cpp"
  echo "void han""dle_it(int x);" | fails names 'name of a function' loader/a.h
  echo "void row_hel""per(int x);" | fails names 'name of a function' loader/a.h
  printf 'd''o_it() {\n}\n' | fails names 'name of a function' tests/a.sh
}

text() {
  echo "// in s""ync with b" | fails text 'share the definition' loader/a.h
  echo "// TO""DO: later" | fails text 'no issue number' loader/a.h
  echo "bpf_pri""ntk(x);" | fails text 'no prints' bpf/a.h
  echo 'return XDP_DROP;' | fails text 'through the verdict' bpf/a.h
  echo "see /wo""rk/main" | fails text 'one machine' docs/a.md
  echo 'blank ' | fails text 'end of the line' docs/a.md
  echo "// TO""DO(#12): later" | put loader/a.h
  passes text 'a note with an issue number'
  clean_tree
}

places() {
  echo '#include <bpf/bpf.h>' | fails includes 'outside of loader/kernel' loader/sync/a.cpp
  echo '#include <unistd.h>' | fails includes 'system header' loader/model/a.h
  echo '#include <sys/stat.h>' | fails includes 'system header' loader/compile/a.cpp
  echo '#include <fstream>' | fails includes 'system header' loader/compile/a.cpp
  echo '#include "loader/kernel/map.h"' | fails includes 'one-way' loader/compile/a.cpp
  echo 'x' | fails top_level 'src: does not belong' src/a.cpp
  echo 'x' | fails top_level 'Makefile: does not belong' Makefile
}

documents() {
  echo '# Maps' | fails documented 'map sp_rows is missing' maps/README.md
  echo 'sp_door.bpf.c maps.bpf.h' | fails documented 'does not name maps/stats.h' docs/packet-path.md
  echo "$dual" | fails documented 'does not name flow.h' bpf/flow.h
  echo 'see flow.h:12' | fails documented 'line number' docs/a.md
  echo "$apache" | fails reasons 'SP_DROP_NOTHING is met by no test' tests/prog/drop_test.cpp
  echo "$dual" | fails reasons 'no reason found' maps/stats.h
  rm "$tree/maps/README.md"
  echo 'x' | fails documented 'maps/README.md: missing' docs/a.md
}

compatibility() {
  requirements 007 '' | fails compatibility 'R-007: no row' docs/compatibility.md
  { requirements; echo '| R-007 | again | yes | | `prog.drop_test: A.B` |'; } |
    fails compatibility 'R-007: a row that does not belong' docs/compatibility.md
  requirements 007 '| R-007 | words | yes | |' | fails compatibility 'R-007: 4 columns' docs/compatibility.md
  requirements 007 '| R-007 | words | perhaps | | |' | fails compatibility 'verdict "perhaps"' docs/compatibility.md
  requirements 007 '| R-007 | words | yes | said so | |' | fails compatibility 'no test' docs/compatibility.md
  requirements 007 '| R-007 | words | later | | |' | fails compatibility 'not a word why' docs/compatibility.md
  requirements 007 '| R-007 | words | yes | | `prog.drop_test: A.C` |' |
    fails compatibility 'no such test: prog.drop_test: A.C' docs/compatibility.md
  requirements 007 '| R-007 | words | yes | | `prog.gone` |' |
    fails compatibility 'no such test: prog.gone' docs/compatibility.md
  printf 'TEST_P(Suite,\n       ALongName) {}\n' | put tests/unit/long_test.cpp
  echo true | put tests/unit/script.sh
  requirements 007 '| R-007 | words | differs | why | `unit.long_test: Suite.ALongName`, `unit.script` |' |
    put docs/compatibility.md
  passes compatibility 'a name on two lines, and a script'
  rm "$tree/docs/compatibility.md"
  echo 'x' | fails compatibility 'compatibility.md: missing' docs/a.md
}

formats() {
  printf '%s\n' "$apache" 'int  x ;' | fails formatted 'loader/a.cpp: not as' loader/a.cpp
  printf '%s\n' 'if true' | fails formatted 'syntax error' tests/a.sh
}

# subject TEXT: a new history with one commit
subject() {
  clean_tree
  git -C "$tree" init -q .
  git -C "$tree" -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m "$1"
}

histories() {
  command -v git >/dev/null || { echo "skip commits" >>"$results"; return; }
  subject 'docs: say why'
  passes commits 'a good subject'
  subject 'say why' && fails commits 'without an area' docs/a.md </dev/null
  subject 'misc: say why' && fails commits 'without an area' docs/a.md </dev/null
  subject 'docs: say why.' && fails commits 'full stop' docs/a.md </dev/null
  subject "docs: $(printf 'x%.0s' {1..67})" && fails commits '73 characters' docs/a.md </dev/null
}

write_clean_tree
clean_tree
for rule in file_lines function_lines licences names text includes documented reasons compatibility top_level formatted; do
  passes "$rule" 'the clean tree'
done
sizes
licences
names
text
places
documents
compatibility
formats
histories
sort "$results" | cut -d' ' -f1 | uniq -c
# A shortened list of cases must not look like success.
[ "$(wc -l <"$results")" -ge 71 ] || { echo "FAIL fewer than 60 cases ran"; exit 1; }
! grep '^bad' "$results"
