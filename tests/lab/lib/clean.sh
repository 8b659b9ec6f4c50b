# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Takes a lab down, whole or half-built. Works from what the machine has and not from the lab's own notes, so that a
# crash at any point can be cleaned; touches only namespaces, processes, pins and cgroups of this lab's prefix.

# This lab's namespaces. The pattern keeps lab "sp" from taking those of a lab "sp-x".
lab_namespaces() {
  local path name
  for path in "/run/netns/$LAB_PREFIX"-*; do
    name=${path##*/}
    [[ $name =~ ^"$LAB_PREFIX"-(r|c[0-9]+|n[0-9]+(p[0-9]+)?)$ ]] && echo "$name"
  done
  return 0
}

# Processes in the lab's namespaces or cgroups, one number a line, without this script.
lab_processes() {
  local inodes name
  inodes=$(lab_namespaces | while read -r name; do stat -L -c %i "/run/netns/$name" 2>/dev/null; done)
  {
    # One walk over /proc for all namespaces; processes that end meanwhile are of no interest.
    if [ -n "$inodes" ]; then
      find -L /proc/[0-9]*/ns/net -maxdepth 0 -printf '%i %p\n' 2>/dev/null |
        awk -v wanted="$inodes" 'BEGIN { n = split(wanted, w, "\n"); for (k = 1; k <= n; k++) ours[w[k]] }
                                 $1 in ours { split($2, part, "/"); print part[3] }' || true
    fi
    find "$(cgroup_root)/sallyport-lab/$LAB_PREFIX" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  } | sort -u | grep -vx "$$" || true
}

# TERM, after a second KILL, and waits until all are gone.
kill_processes() {
  local pids started=$EPOCHREALTIME signalled="" age
  while true; do
    mapfile -t pids < <(lab_processes)
    [ ${#pids[@]} -gt 0 ] || return 0
    age=$(elapsed_ms "$started")
    if [ -z "$signalled" ]; then
      kill -TERM "${pids[@]}" 2>/dev/null || true
      signalled=TERM
    elif [ "$age" -gt 1000 ]; then
      kill -KILL "${pids[@]}" 2>/dev/null || true
    fi
    [ "$age" -lt 10000 ] || fail "processes ${pids[*]} of lab $LAB_PREFIX do not end"
    sleep 0.02
  done
}

# rmdir, deepest first. A cgroup stays busy for a moment after its last process ended.
remove_cgroups() {
  local root started=$EPOCHREALTIME
  root=$(cgroup_root)/sallyport-lab
  [ -d "$root/$LAB_PREFIX" ] || return 0
  while [ "$(elapsed_ms "$started")" -lt 2000 ]; do
    find "$root/$LAB_PREFIX" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [ -d "$root/$LAB_PREFIX" ] || break
    sleep 0.02
  done
  [ ! -d "$root/$LAB_PREFIX" ] || fail "cgroup $root/$LAB_PREFIX cannot be removed"
  rmdir "$root" 2>/dev/null || true
}

# The last lab to go takes our cgroup2 mount along, where we had to make one.
unmount_cgroup2() {
  local ours=/run/sallyport-lab/cgroup2
  if mountpoint -q "$ours" && [ ! -d "$ours/sallyport-lab" ]; then
    umount "$ours" && rmdir "$ours"
  fi
}

lab_down() {
  kill_processes
  # Pins before namespaces: removing a pinned link detaches its program while its device still exists.
  if [ -d "/sys/fs/bpf/sallyport-lab/$LAB_PREFIX" ]; then
    rm -rf "/sys/fs/bpf/sallyport-lab/$LAB_PREFIX"
  fi
  rmdir /sys/fs/bpf/sallyport-lab 2>/dev/null || true
  lab_namespaces | sed 's/^/netns delete /' | ip -batch -
  remove_cgroups
  unmount_cgroup2
  rm -rf "$LAB_RUN"
}
