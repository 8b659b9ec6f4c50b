// SPDX-License-Identifier: Apache-2.0
// One sheet for each word of `sallyport get`.
#pragma once

#include <string>

#include "loader/kernel/reader.h"
#include "loader/show/sheet.h"
#include "loader/util/result.h"

namespace sp::show {

// The devices that face clients, and how our programs run there.
[[nodiscard]] Result<Sheet> attached_sheet(const kernel::Reader& reader);
// Those and the devices of Pods, with what packets find in sp_devices.
[[nodiscard]] Result<Sheet> devices_sheet(const kernel::Reader& reader);
// "devices of Pods: 250 by tcx", or why not all of them; for those who do not want 250 lines.
[[nodiscard]] Result<std::string> pod_devices_line(const kernel::Reader& reader);
[[nodiscard]] Result<Sheet> frontends_sheet(const kernel::Reader& reader);
[[nodiscard]] Result<Sheet> services_sheet(const kernel::Reader& reader);
[[nodiscard]] Result<Sheet> backends_sheet(const kernel::Reader& reader);
// One row for each connection: its request half.
[[nodiscard]] Result<Sheet> flows_sheet(const kernel::Reader& reader);

}  // namespace sp::show
