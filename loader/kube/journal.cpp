// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/journal.h"

#include <algorithm>
#include <utility>

namespace sp::kube {

source::Update Journal::take() {
  source::Update update = std::exchange(update_, {});
  std::sort(update.changed.begin(), update.changed.end());
  update.changed.erase(std::unique(update.changed.begin(), update.changed.end()), update.changed.end());
  return update;
}

}  // namespace sp::kube
