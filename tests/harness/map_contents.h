// SPDX-License-Identifier: Apache-2.0
// What the pinned maps of an agent say, in the words of the compile step: ids resolved, so that two fillings of the
// maps can be compared.
#pragma once

#include <filesystem>

#include "loader/compile/desired.h"
#include "loader/util/result.h"

namespace sp::test {

// ServiceRow::serving stays empty: the maps hold it as generations, not as a set.
[[nodiscard]] Result<compile::Desired> map_contents(const std::filesystem::path& pin_path);

}  // namespace sp::test
