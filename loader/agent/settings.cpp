// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/settings.h"

#include <utility>

namespace sp::agent {

Result<Settings> resolve(const RunOptions& options) {
  Settings settings;
  for (const std::filesystem::path& file : options.configs) {
    SP_TRY_ASSIGN(config, load_config(file));
    settings.config = std::move(config);
  }
  SP_TRY_ASSIGN(name, node_name(options.node));
  settings.node = std::move(name);
  settings.source = options.manifests.empty() ? SourceKind::kubernetes : SourceKind::manifests;
  settings.log_level = options.log_level.value_or(log::Level::info);
  proxy::complete(settings.proxy);
  return settings;
}

}  // namespace sp::agent
