#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Subjects of the newest commits: an area, a colon, a sentence, at most 72 characters in all.
. "$(dirname "$0")/tree.sh"
newest=40
git rev-parse -q --verify HEAD >/dev/null 2>&1 && [ -e .git ] || { echo "SKIP no git history here"; exit 77; }

commits() {
  git log --no-merges -n "$newest" --format='%h %s' | while read -r id subject; do
    [ "${#subject}" -le 72 ] || echo "$id: subject of ${#subject} characters, at most 72: $subject"
    [[ $subject =~ ^(bpf|maps|loader|bench|tests|docs|build):\ [^\ ] ]] || echo "$id: subject without an area: $subject"
    [[ $subject != *. ]] || echo "$id: subject ends in a full stop: $subject"
  done
}
judge commits
