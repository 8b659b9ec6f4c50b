// SPDX-License-Identifier: Apache-2.0
// gzip: a body as Content-Encoding gzip wants it.
#pragma once

#include <string>

namespace sp::fake_api {

[[nodiscard]] std::string gzip(const std::string& plain);

}  // namespace sp::fake_api
