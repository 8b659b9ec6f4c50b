#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs test programs on another kernel: boots one of Debian's cloud kernels under QEMU with an initramfs made here.
#
#   qemu.sh [-c CACHE] [-t SECONDS] [-f FILE]... [-p TOOL]... [-m MODULE]... KERNEL "PROGRAM [ARGUMENT]..."...
#
# KERNEL is a series, 6.1 or 6.12. Each PROGRAM is a path on the host; it and every -f FILE are copied with their shared
# libraries into /test of the machine, the working directory. A -p TOOL of the host's PATH takes the place of busybox's.
# Exit 0 when all programs exit 0 (77 counts as a skipped program), 1 when one fails or the machine dies, 77 when the
# machine cannot be had (reason printed) or when all programs were skipped. Emulation is used unless SP_QEMU_ACCEL=kvm says otherwise:
# nested KVM hangs on some hosts.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/kernels.sh"

cache=${SP_KERNEL_CACHE:-$PWD/kernels}
limit_s=240
files=()
tools=()
modules=()

usage() {
  sed -n 's/^# \{0,1\}//; 3,11p' "$0" >&2
  exit 2
}

parse_arguments() {
  local option
  while getopts c:t:f:p:m: option; do
    case $option in
      c) cache=$OPTARG ;;
      t) limit_s=$OPTARG ;;
      f) files+=("$OPTARG") ;;
      p) tools+=("$OPTARG") ;;
      m) modules+=("$OPTARG") ;;
      *) usage ;;
    esac
  done
  shift $((OPTIND - 1))
  [ $# -ge 2 ] || usage
  series=$1
  shift
  commands=("$@")
}

require_tools() {
  local tool
  for tool in qemu-system-x86_64 busybox cpio gzip flock ldd; do
    command -v "$tool" >/dev/null || kernel_skip "$tool is missing" || exit
  done
  busybox --list | grep -qx insmod || kernel_skip "busybox has no insmod" || exit
}

# bundle FILE FOLDER: copies a file to a folder of the machine, and the libraries that it is linked with to their own
# paths.
bundle() {
  local file=$1 library
  cp -L "$file" "$root/$2/" || exit 1
  ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$root$library" ] || install -D "$library" "$root$library"
  done
}

# Copies a module and, before it, those that it depends on; already built-in ones are no files and no error.
bundle_module() {
  local name=$1 file dependency
  file=$(find "$cache/$series/modules" -name "${name//[-_]/[-_]}.ko*" | head -1)
  [ -n "$file" ] && [ ! -e "$root/modules/$name.ko" ] || return 0
  case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dcq "$file" ;;
    *) cat "$file" ;;
  esac >"$root/modules/$name.ko"
  for dependency in $(tr '\0' '\n' <"$root/modules/$name.ko" | sed -n 's/^depends=//p' | tr ',' ' '); do
    bundle_module "$dependency"
  done
  echo "$name.ko" >>"$root/modules/order"
}

build_initramfs() {
  local item
  mkdir -p "$root"/{bin,test,proc,sys,dev,tmp,run,etc,modules,var} && ln -s ../run "$root/var/run"
  : >"$root/modules/order"
  : >"$root/commands"
  cp -L "$(command -v busybox)" "$root/bin/busybox"
  # busybox's own shell prefers its applets to the tools of -p.
  bundle "$(command -v sh)" bin
  ldd "$root/bin/busybox" >/dev/null 2>&1 && { kernel_skip "busybox is not static"; exit 77; }
  install -m 755 "$here/init.sh" "$root/init"
  printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
  for item in ${files[@]+"${files[@]}"}; do bundle "$item" test; done
  for item in ${tools[@]+"${tools[@]}"}; do bundle "$(command -v "$item")" bin; done
  for item in ${modules[@]+"${modules[@]}"}; do bundle_module "$item"; done
  for item in "${commands[@]}"; do
    bundle "${item%% *}" test
    item="$(basename "${item%% *}")${item#"${item%% *}"}"
    echo "./$item" >>"$root/commands"
  done
  (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"
}

boot() {
  local accel=${SP_QEMU_ACCEL:-tcg}
  timeout -k 5 "$limit_s" qemu-system-x86_64 -accel "$accel" -cpu max,la57=off -smp 2 -m 1024 -nographic -no-reboot \
    -nodefaults -serial stdio -kernel "$cache/$series/vmlinuz" -initrd "$work/initramfs" \
    -append "console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off tsc=reliable random.trust_cpu=on" \
    </dev/null 2>&1 | sed -u 's/\r//g; s/\x1b[^a-zA-Z]*[a-zA-Z]//g; /SeaBIOS\|^Booting from ROM\|^c$/d' |
    tee "$work/console"
}

# Nothing of ours has run in a machine that did not get to its first program: the emulation of two processors loses a
# kernel now and then that patches itself as it starts (int3 in sched_clock_cpu() of 6.12).
boot_again_if_lost() {
  local attempt
  for attempt in 1 2 3; do
    boot
    ! grep -q '^sp-vm begin ' "$work/console" || return 0
    echo "the machine did not get to its first program, attempt $attempt of 3"
  done
}

judge() {
  local ended skipped
  ended=$(grep -c '^sp-vm end ' "$work/console")
  skipped=$(grep -c '^sp-vm end 77 ' "$work/console")
  if ! grep -q '^sp-vm done' "$work/console" || [ "$ended" -ne ${#commands[@]} ]; then
    echo "FAIL the machine ended after $ended of ${#commands[@]} programs (limit ${limit_s} s)"
    return 1
  fi
  if grep '^sp-vm end ' "$work/console" | grep -vq '^sp-vm end \(0\|77\) '; then
    echo "FAIL on kernel $(cat "$cache/$series/release"): see the lines 'sp-vm end' above"
    return 1
  fi
  [ "$skipped" -lt "$ended" ] || kernel_skip "every program was skipped in the machine" || return
  echo "PASS $ended programs on kernel $(cat "$cache/$series/release"), $skipped skipped"
}

parse_arguments "$@"
require_tools
kernel_fetch "$cache" "$series" || exit
work=$(mktemp -d "$cache/run.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
root=$work/root
build_initramfs
boot_again_if_lost
judge
