// SPDX-License-Identifier: Apache-2.0
// Access by a kubeconfig, and by --master alone, which is a kubeconfig with nothing but a server.
#pragma once

#include <memory>
#include <string>

#include "loader/access/access.h"
#include "loader/access/kubeconfig.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::access {

// Reads everything that the kubeconfig names once, so that what is missing from the start is an Error.
[[nodiscard]] Result<std::unique_ptr<Access>> open_kubeconfig(EventLoop& loop, Kubeconfig config, std::string text);

}  // namespace sp::access
