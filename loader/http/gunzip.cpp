// SPDX-License-Identifier: Apache-2.0
#include "loader/http/gunzip.h"

#include <isa-l/igzip_lib.h>

#include <array>
#include <cstdint>

namespace sp::http {
namespace {

std::string_view text_of(int code) {
  switch (code) {
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
      return "says that it is gzip, and is not";
    case ISAL_INCORRECT_CHECKSUM:
      return "does not match the checksum of its gzip";
    default:
      return "is no intact gzip";
  }
}

}  // namespace

struct Gunzip::State {
  inflate_state inflate{};
  std::array<std::uint8_t, std::size_t{64} * 1024> plain{};
  bool begun = false;
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {
  isal_inflate_init(&state_->inflate);
  state_->inflate.crc_flag = ISAL_GZIP;
}

Gunzip::~Gunzip() = default;

Result<void> Gunzip::feed(std::string_view packed, const Take& take) {
  inflate_state& inflate = state_->inflate;
  state_->begun = state_->begun || !packed.empty();
  inflate.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(packed.data()));
  inflate.avail_in = static_cast<std::uint32_t>(packed.size());
  bool is_full = true;
  while (inflate.block_state != ISAL_BLOCK_FINISH && (inflate.avail_in > 0 || is_full)) {
    inflate.next_out = state_->plain.data();
    inflate.avail_out = static_cast<std::uint32_t>(state_->plain.size());
    const int code = isal_inflate(&inflate);
    if (code < 0 || code == ISAL_NEED_DICT) {
      return Error{0, std::string(text_of(code))};
    }
    const std::size_t size = state_->plain.size() - inflate.avail_out;
    if (size > 0 && !take({reinterpret_cast<const char*>(state_->plain.data()), size})) {
      return {};
    }
    is_full = inflate.avail_out == 0;
  }
  if (inflate.avail_in > 0) {
    return Error{0, "goes on after the end of its gzip"};
  }
  return {};
}

Result<void> Gunzip::finish() const {
  if (state_->begun && state_->inflate.block_state != ISAL_BLOCK_FINISH) {
    return Error{0, "ends before its gzip does"};
  }
  return {};
}

}  // namespace sp::http
