// SPDX-License-Identifier: Apache-2.0
// What every source of objects promises to the agent: a Cluster that is whole at any time, and a line for every input
// that could not be taken.
#pragma once

#include <string>
#include <vector>

namespace sp::source {

// A rejected input. `text` is one finished line: file, document, object and field as far as known, and what was
// expected: "web.yaml: document 2: Service default/web: spec.ports[0].nodePort: 70000 is not a port (1 to 65535)".
struct Complaint {
  std::string text;
  auto operator<=>(const Complaint&) const = default;
};

}  // namespace sp::source
