// SPDX-License-Identifier: Apache-2.0
// What the agent asks its surroundings before it starts, and `sallyport cleanup`.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loader/agent/agent.h"
#include "loader/kernel/data_plane.h"
#include "loader/takeover/takeover.h"

namespace sp::agent {

Result<std::string> node_name(const std::string& given) {
  std::string name = given;
  if (name.empty()) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) {
      return errno_error(errno, "the host's name: name the node with --node");
    }
    name = host.data();
  }
  const std::size_t first = name.find_first_not_of(" \t");
  const std::size_t last = name.find_last_not_of(" \t");
  if (first == std::string::npos) {
    return Error{0, "--node is blank: expected the name that Pods have in spec.nodeName"};
  }
  name = name.substr(first, last - first + 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

Result<std::string> cleanup(const std::filesystem::path& pin_path, bool kube_proxy) {
  SP_TRY_ASSIGN(report, kernel::cleanup(pin_path));
  std::string text = report.links + report.maps == 0
                         ? "nothing to remove under " + pin_path.string()
                         : "removed " + std::to_string(report.links) + " links and " + std::to_string(report.maps) +
                               " maps under " + pin_path.string();
  if (!kube_proxy) {
    return text;
  }
  const takeover::Report taken = takeover::remove({}, {.keep_connections = false});
  for (const std::string& removed : taken.removed) {
    text += "\nremoved " + removed;
  }
  for (const std::string& error : taken.errors) {
    text += "\nnot removed: " + error;
  }
  return taken.errors.empty() ? Result<std::string>(text) : Result<std::string>(Error{0, text});
}

}  // namespace sp::agent
