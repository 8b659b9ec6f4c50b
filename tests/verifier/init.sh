#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Process 1 of the virtual machine that qemu.sh boots: prepares what BPF tests need, runs the commands of /commands one
# by one, and reports on the serial console in lines that start with "sp-vm". Switches the machine off in every case.
export PATH=/bin HOME=/ TMPDIR=/tmp
# Of tests only those that fail or are skipped: what is told of a failed run is cut somewhere.
export GTEST_BRIEF=1
# Tools that are there already stay.
/bin/busybox --install -s /bin 2>/dev/null

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tracefs trace /sys/kernel/tracing 2>/dev/null
mkdir -p /dev/shm
ip link set lo up

while read -r module; do
  insmod "/modules/$module" || echo "sp-vm module $module failed"
done </modules/order

echo "sp-vm kernel $(uname -r) up after $(cut -d' ' -f1 /proc/uptime) s"
cd /test || poweroff -f
while read -r command; do
  echo "sp-vm begin $command"
  $command </dev/null 2>&1
  echo "sp-vm end $? $command"
done </commands
echo "sp-vm done after $(cut -d' ' -f1 /proc/uptime) s"
sync
poweroff -f
