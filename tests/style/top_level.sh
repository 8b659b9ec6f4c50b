#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The top level of the tree is fixed: what a newcomer sees first fits on one screen for good.
. "$(dirname "$0")/tree.sh"

top_level() {
  tracked | cut -d/ -f1 | sort -u | grep -vxE 'CMakeLists\.txt|bpf|loader|maps|bench|tests|docs|README\.md|LICENSE|\..*' |
    sed 's/$/: does not belong to the top level/'
}
judge top_level
