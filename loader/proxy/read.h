// SPDX-License-Identifier: Apache-2.0
// From a parsed file to a ProxyConfig. Strict where a value is wrong, lenient where a field is unknown, as kube-proxy.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "loader/proxy/config.h"
#include "loader/source/value.h"
#include "loader/util/result.h"

namespace sp::proxy {

struct Reading {
  ProxyConfig config;                 // not completed
  std::set<std::string> given;        // paths of the fields that say something
  std::vector<std::string> warnings;  // unknown and repeated fields, one sentence each
};

// Whether a document of --config is a KubeProxyConfiguration (or claims to be some other object): it has an
// apiVersion or a kind.
[[nodiscard]] bool has_kind(const source::Value& document);

// The error names `file` and everything that is wrong: another kind, values of a wrong type.
[[nodiscard]] Result<Reading> read_config(const source::Value& document, const std::string& file);

}  // namespace sp::proxy
