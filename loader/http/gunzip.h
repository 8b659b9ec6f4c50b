// SPDX-License-Identifier: Apache-2.0
// Gunzip: the plain text of an answer with Content-Encoding gzip, piece by piece as it arrives. No I/O.
//
// By ISA-L, which takes a third of zlib's time for it; libcurl could decompress by itself, but only with zlib. Memory
// is that of one piece, whatever comes: what a few bytes may become is for the taker to bound, as for any answer.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "loader/util/result.h"

namespace sp::http {

class Gunzip {
 public:
  // Takes a piece of plain text; false: no more of it is wanted.
  using Take = std::function<bool(std::string_view)>;

  Gunzip();
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Calls `take` for what `packed` adds. An Error says in which way it is no gzip, to follow "the answer".
  [[nodiscard]] Result<void> feed(std::string_view packed, const Take& take);
  // After the last piece: an Error unless the checksum at the end was there and right. No byte at all is no text.
  [[nodiscard]] Result<void> finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sp::http
