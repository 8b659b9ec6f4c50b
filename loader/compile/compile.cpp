// SPDX-License-Identifier: Apache-2.0
// The compile step, once.
#include "loader/compile/compile.h"

#include "loader/compile/compiler.h"

namespace sp::compile {

Output compile(const model::Cluster& cluster, const node::Facts& facts, const Options& options) {
  Compiler compiler(options);
  static_cast<void>(compiler.reset(cluster, facts));
  return std::move(compiler).finish();
}

}  // namespace sp::compile
