// SPDX-License-Identifier: Apache-2.0
// What Sallyport needs of kernel and privileges, and the sentences that an operator reads when it is not there.
#pragma once

#include <string>
#include <string_view>

#include "loader/util/result.h"

namespace sp::kernel {

// Fails with one sentence when `release` (as uname -r prints it) is older than 6.1 or cannot be read.
[[nodiscard]] Result<void> check_kernel_release(std::string_view release);
// The same for the running kernel.
[[nodiscard]] Result<void> check_running_kernel();

// `error` itself, or, when privileges are missing (EPERM, EACCES), the sentence that names them.
[[nodiscard]] Error explain_privileges(Error error);

}  // namespace sp::kernel
