#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may include what: libbpf stays in loader/kernel/, and the pure folders model/ and compile/ reach no system.
. "$(dirname "$0")/tree.sh"

includes() {
  local system='bpf|sys|netlink|linux/(if|rtnetlink|netlink|bpf)|net/if|netdb|ifaddrs|unistd|fcntl|poll|dirent|fstream|filesystem|iostream|thread|yaml-cpp|spdlog|signal'
  tracked '\.(c|h|cpp)$' | grep -vE '^(loader/kernel|bpf|tests|bench)/' |
    xargs -r grep -nHE '#include *<bpf/' | sed 's/$/  <- libbpf outside of loader\/kernel/'
  tracked '^loader/(model|compile)/' |
    xargs -r grep -nHE "#include *<($system)[./>]" | sed 's/$/  <- system header in a pure folder/'
  tracked '^loader/(model|compile)/' |
    xargs -r grep -nHE '#include *"loader/(kernel|sync|source|agent|show)/' | sed 's/$/  <- against the one-way street/'
}
judge includes
