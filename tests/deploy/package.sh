#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# package.sh BUILD_DIR: makes the Debian package, looks into it, and puts it through install, upgrade, remove and purge
# in a folder that stands for a machine. systemctl and sallyport are stubs there that write down how they were called.
# Exit code 77 without root or the tools.
set -euo pipefail
build=${1:?build directory}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
calls=$scratch/calls
failures=0

for tool in cpack dpkg-deb dpkg-shlibdeps file; do
  command -v "$tool" >/dev/null || { echo "SKIP $tool is missing"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "SKIP needs root: dpkg sets owners"; exit 77; }

# expect TITLE EXPECTED ACTUAL
expect() {
  [ "$2" != "$3" ] || return 0
  failures=$((failures + 1))
  printf 'FAIL %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
}

# expect_match TITLE REGEX TEXT
expect_match() {
  [[ $3 =~ $2 ]] || expect "$1" "a match of $2" "$3"
}

make_package() {
  (cd "$build" && cpack -G DEB -B "$scratch/package") >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
  package=$(ls "$scratch"/package/*.deb)
}

look_into_control() {
  local depends
  depends=$(dpkg-deb -f "$package" Depends)
  expect name sallyport "$(dpkg-deb -f "$package" Package)"
  expect architecture "$(dpkg --print-architecture)" "$(dpkg-deb -f "$package" Architecture)"
  expect_match dependencies 'libbpf1 .*libc6 ' "$depends"
  expect_match 'tools that remove leftovers' 'iptables' "$(dpkg-deb -f "$package" Recommends)"
  expect conffiles '/etc/default/sallyport /etc/sallyport/config.yaml' "$(dpkg-deb -I "$package" conffiles | xargs)"
  for script in postinst prerm postrm; do
    dpkg-deb -I "$package" "$script" >"$scratch/$script"
    sh -n "$scratch/$script" || expect "$script parses" yes no
  done
}

look_into_contents() {
  local listing path
  listing=$(dpkg-deb -c "$package" | awk '{ print $1, $2, $6 }')
  for path in '-rwxr-xr-x root/root ./usr/sbin/sallyport' \
    '-rw-r--r-- root/root ./usr/lib/systemd/system/sallyport.service' \
    '-rw-r--r-- root/root ./etc/default/sallyport' \
    '-rw-r--r-- root/root ./etc/sallyport/config.yaml' \
    'drwxr-xr-x root/root ./etc/sallyport/manifests/' \
    '-rw-r--r-- root/root ./usr/share/doc/sallyport/copyright' \
    '-rw-r--r-- root/root ./usr/share/doc/sallyport/kubernetes.md' \
    '-rw-r--r-- root/root ./usr/share/doc/sallyport/kustomize/base/daemonset.yaml'; do
    grep -qxF -e "$path" <<<"$listing" || expect contents "$path" "not in the package"
  done
  expect 'everything under /etc and /usr' '' "$(grep -vE ' \./(etc|usr)?/?|^drwx.* \./$' <<<"$listing" | head -n 3)"
  dpkg-deb -x "$package" "$scratch/extracted"
  expect_match 'the binary runs' '^sallyport [0-9]' "$("$scratch/extracted/usr/sbin/sallyport" --version)"
}

# A machine with an empty dpkg database and a systemd that only listens.
make_machine() {
  mkdir -p "$root"/var/lib/dpkg/{updates,info} "$root/run/systemd/system" "$scratch/stubs"
  : >"$root/var/lib/dpkg/status"
  local stub
  for stub in systemctl sallyport; do
    printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "$stub" "$calls" >"$scratch/stubs/$stub"
    chmod +x "$scratch/stubs/$stub"
  done
}

# change EXPECTED_CALLS DPKG_ARGUMENT...
change() {
  local expected=$1
  shift
  : >"$calls"
  PATH=$scratch/stubs:$PATH dpkg --root="$root" --force-script-chrootless --force-depends "$@" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log"; expect "dpkg $1" 'exit 0' 'failure'; }
  expect "dpkg $1 calls" "$expected" "$(paste -sd, "$calls")"
}

go_through_life() {
  make_machine
  change 'systemctl daemon-reload' --install "$package"
  echo 'SALLYPORT_ARGS="--kubeconfig /mine"' >"$root/etc/default/sallyport"
  change 'systemctl daemon-reload,systemctl try-restart sallyport.service' --force-confold --install "$package"
  expect 'an edited conffile survives an upgrade' 'SALLYPORT_ARGS="--kubeconfig /mine"' "$(cat "$root/etc/default/sallyport")"
  change 'systemctl disable --now sallyport.service,sallyport cleanup,systemctl daemon-reload' --remove sallyport
  expect 'removal keeps conffiles' yes "$([ -e "$root/etc/default/sallyport" ] && echo yes)"
  change '' --purge sallyport
  expect 'purge leaves nothing' '' "$(find "$root/etc" "$root/usr" -type f 2>/dev/null)"
}

make_package
look_into_control
look_into_contents
go_through_life
[ "$failures" = 0 ] || exit 1
echo "$(basename "$package"): control, contents, install, upgrade, remove and purge as expected"
