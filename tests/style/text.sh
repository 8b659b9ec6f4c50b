#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Comments that rot, debug prints in shipped objects, paths of one machine, and blanks at the end of a line.
# Patterns are written with a bracket so that this file does not match itself.
. "$(dirname "$0")/tree.sh"

# matches PATTERN SENTENCE: the lines of the files on stdin that match
matches() { xargs -r grep -nIHE -- "$1" | sed "s|\$|  <- $2|"; }

text() {
  sources | matches '[i]n sync with' 'share the definition instead'
  sources | matches '(^|[^A-Za-z])([T]ODO|[F]IXME|[X]XX)([^A-Za-z#]|$)' 'carries no issue number (#N)' | grep -vE '[T]ODO ?\(?#[0-9]+'
  tracked '^bpf/' | matches '[b]pf_printk|[b]pf_trace_printk' 'no prints in shipped objects'
  # verdict.h, reject.h and reject_skb.h are the ways out: what reaches them has been counted.
  tracked '^bpf/.*\.h$' | grep -vE '/(verdict|reject(_skb)?)\.h$' | matches 'return (XDP_(DROP|ABORTED)|TC_ACT_SHOT);' 'drops leave through the verdict'
  tracked | matches '(^|[^A-Za-z0-9_.}])/[w]ork/' 'path of one machine'
  tracked | grep -vx LICENSE | matches '[[:blank:]]+$' 'blank at the end of the line'
}
judge text
