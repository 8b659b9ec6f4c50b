// SPDX-License-Identifier: Apache-2.0
// A listening TCP socket, non-blocking, on a BindAddress.
#pragma once

#include "loader/serve/bind_address.h"
#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::serve {

struct ListenSocket {
  Fd fd;
  BindAddress address;  // with the port that the kernel chose if it was 0
};

// The error names the address and what to look at.
[[nodiscard]] Result<ListenSocket> open_listen_socket(const BindAddress& address);

}  // namespace sp::serve
