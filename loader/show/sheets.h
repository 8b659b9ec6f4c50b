// SPDX-License-Identifier: Apache-2.0
// One sheet for each word of `sallyport get`.
#pragma once

#include "loader/kernel/reader.h"
#include "loader/show/sheet.h"
#include "loader/util/result.h"

namespace sp::show {

[[nodiscard]] Result<Sheet> frontends_sheet(const kernel::Reader& reader);
[[nodiscard]] Result<Sheet> services_sheet(const kernel::Reader& reader);
[[nodiscard]] Result<Sheet> backends_sheet(const kernel::Reader& reader);
// One row for each connection: its request half.
[[nodiscard]] Result<Sheet> flows_sheet(const kernel::Reader& reader);

}  // namespace sp::show
