#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Obtains Debian's cloud kernels for qemu.sh: downloads through a private apt state, unpacks, installs nothing, and
# leaves the host's apt untouched. Sourced; every failure is a printed reason and a return of 77 (skip).

# kernel_skip REASON
kernel_skip() {
  echo "SKIP $1"
  return 77
}

# apt-get or apt-cache with lists, cache and sources of our own under $1.
private_apt() {
  local state=$1 tool=$2
  shift 2
  "$tool" -q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" -o Acquire::Languages=none \
    -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o APT::Sandbox::User=root "$@"
}

# The host's own mirror of bookworm and its security updates, and the backports of the same mirror.
write_sources() {
  local state=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg uri suite
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u |
    while read -r uri suite; do
      case $suite in
        bookworm) printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" bookworm "$keyring" "$uri" bookworm-backports ;;
        bookworm-security) printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" ;;
      esac
    done >"$state/sources.list"
  [ -s "$state/sources.list" ]
}

# Package names of a series, newest first, signed before unsigned.
kernel_packages() {
  local state=$1 series=$2 version
  case $series in
    6.1) version='6\.1\.0-[0-9]+' ;;
    *) version="${series//./\\.}"'\.[0-9.]+\+deb12(\.[0-9]+)?' ;;
  esac
  private_apt "$state" apt-cache search --names-only "^linux-image-$version-cloud-amd64(-unsigned)?\$" |
    awk '{print $1}' | sort -V -r | awk '/-unsigned$/ {later = later $0 "\n"; next} {print} END {printf "%s", later}'
}

# Moves kernel and modules of the package file $1 to the new folder $2.
unpack_kernel() {
  local package=$1 target=$2 release
  rm -rf "$target.new" && mkdir -p "$target.new/tree"
  dpkg-deb -x "$package" "$target.new/tree" || return
  release=$(basename "$(echo "$target.new"/tree/boot/vmlinuz-*)") && release=${release#vmlinuz-}
  mv "$target.new/tree/boot/vmlinuz-$release" "$target.new/vmlinuz" || return
  # below /lib in older packages, below /usr/lib in newer ones
  mv "$(find "$target.new/tree" -type d -path "*lib/modules/$release")" "$target.new/modules" || return
  echo "$release" >"$target.new/release"
  rm -rf "$target.new/tree" "$target" && mv "$target.new" "$target"
}

download_kernel() {
  local cache=$1 series=$2 state="$1/apt" package file
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || kernel_skip "apt-get or dpkg-deb is missing" || return
  write_sources "$state" || kernel_skip "the host has no apt source of Debian 12 (bookworm)" || return
  private_apt "$state" apt-get update >"$state/update.log" 2>&1
  # A mirror keeps an index a little longer than the packages that it names: the newest may be gone.
  for package in $(kernel_packages "$state" "$series" | head -3); do
    rm -f "$state"/*.deb
    (cd "$state" && private_apt "$state" apt-get download "$package") >>"$state/update.log" 2>&1 || continue
    file=$(echo "$state"/*.deb)
    unpack_kernel "$file" "$cache/$series" && rm -rf "$state" && return 0
  done
  tail -3 "$state/update.log"
  kernel_skip "apt found no downloadable kernel $series"
}

# kernel_fetch CACHE SERIES: afterwards CACHE/SERIES has vmlinuz, modules/ and release. Parallel calls take turns.
kernel_fetch() {
  local cache=$1 series=$2
  mkdir -p "$cache" || return
  (
    flock 9
    [ -s "$cache/$series/release" ] || download_kernel "$cache" "$series"
  ) 9>"$cache/lock"
}
