// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/journal.h"

#include <utility>

#include "loader/util/sort_unique.h"

namespace sp::kube {

source::Update Journal::take() {
  source::Update update = std::exchange(update_, {});
  sort_unique(update.changed);
  return update;
}

}  // namespace sp::kube
