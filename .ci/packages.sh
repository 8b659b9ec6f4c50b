# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The Debian 12 packages that Sallyport needs, and how they are installed: the one list that docs/quickstart.sh,
# tests/run.sh and bench/run.sh share. To be sourced.
#
# Promises: apt is asked only when something is missing; no service of a package is started, now or at the next boot.

# To build everything, tests included.
# shellcheck disable=SC2034
readonly SP_BUILD_PACKAGES=(
  bpftool clang cmake dpkg-dev file g++ libbenchmark-dev libbpf-dev libcli11-dev libcpp-httplib-dev
  libcurl4-openssl-dev libelf-dev libgmock-dev libgtest-dev libisal-dev libmicrohttpd-dev libnl-route-3-dev
  libsimdjson-dev libspdlog-dev libssl-dev libyaml-cpp-dev ninja-build nlohmann-json3-dev pkg-config prometheus-cpp-dev
  zlib1g-dev
)
# For the lab and the quick start.
# shellcheck disable=SC2034
readonly SP_RUN_PACKAGES=(curl ethtool influxdb iproute2 nginx-light procps util-linux)
# For the tests alone: load, captures, other kernels under emulation, style checks.
# shellcheck disable=SC2034
readonly SP_TEST_PACKAGES=(
  busybox-static clang-format cpio git iperf3 ipset iptables ipvsadm nftables qemu-system-x86 shellcheck tcpdump
  xz-utils zstd
)

# For the benchmarks alone: rivals, load, plots.
# shellcheck disable=SC2034
readonly SP_BENCH_PACKAGES=(ethtool gnuplot-nox iperf3 iproute2 iptables nftables procps util-linux)

# Prints those of the named packages that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

# install_packages NAME...: as root; output goes to stdout, an error ends in a non-zero return.
install_packages() {
  local missing services=() name status=0
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing ${missing[*]}"
  for name in "${missing[@]}"; do
    case $name in
      influxdb) services+=(influxdb) ;;
      nginx-light) services+=(nginx) ;;
    esac
  done
  forbid_service_starts
  {
    DEBIAN_FRONTEND=noninteractive apt-get update -q &&
      DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  } </dev/null || status=$?
  allow_service_starts
  for name in "${services[@]}"; do update-rc.d "$name" disable || true; done
  return "$status"
}

# Debian starts a package's service as it installs it, unless policy-rc.d says 101. One that is there already, as in
# container images, is the administrator's and stays.
forbid_service_starts() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  printf '#!/bin/sh\n# sallyport: packages are being installed\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
}

allow_service_starts() {
  if grep -qs '^# sallyport: packages' /usr/sbin/policy-rc.d; then
    rm -f /usr/sbin/policy-rc.d
  fi
}
