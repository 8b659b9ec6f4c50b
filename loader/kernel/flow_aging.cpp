// SPDX-License-Identifier: Apache-2.0
// Slices of the aging walk.
#include "loader/kernel/flow_aging.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace sp::kernel {
namespace {

// What bpf/sp_age.bpf.c writes.
constexpr std::size_t kFlowsPerByte = 64;
constexpr unsigned char kMarkStride = 0xff;
constexpr unsigned char kMarkFirst = 0xfe;

}  // namespace

Result<void> FlowAging::start_table() {
  const Table& table = tables_[current_];
  const std::string name = bpf_program__name(table.program);
  auto& link = links_[current_];
  if (!link) {
    bpf_iter_link_info info{};
    info.map.map_fd = static_cast<__u32>(table.map_fd);
    LIBBPF_OPTS(bpf_iter_attach_opts, options);
    options.link_info = &info;
    options.link_info_len = sizeof info;
    link.reset(bpf_program__attach_iter(table.program, &options));
    if (!link) return errno_error(errno, name + ": attach to its flow table");
  }
  walk_ = Fd(bpf_iter_create(bpf_link__fd(link.get())));
  if (!walk_.valid()) return errno_error(errno, name + ": start a walk");
  return {};
}

void FlowAging::take_mark(unsigned char mark) {
  if (mark == kMarkFirst) {
    empty_ = false;
  } else if (mark == kMarkStride) {
    visited_ += kFlowsPerByte;
  } else if (!empty_) {
    visited_ += mark;
  }
}

Result<bool> FlowAging::run(std::size_t budget) {
  std::array<char, 4096> output;
  std::size_t left = std::max<std::size_t>(budget / kFlowsPerByte, 1);
  while (left > 0) {
    if (!walk_.valid()) SP_TRY(start_table());
    const ssize_t got = ::read(walk_.get(), output.data(), std::min(left, output.size()));
    if (got > 0) {
      left -= static_cast<std::size_t>(got);
      for (ssize_t i = 0; i < got; ++i) {
        take_mark(static_cast<unsigned char>(output[static_cast<std::size_t>(i)]));
      }
      continue;
    }
    if (got < 0) {
      // EAGAIN: the kernel visited its own limit of elements without output; that was more than a slice.
      if (errno == EAGAIN || errno == EINTR) return false;
      const int err = errno;
      walk_.reset();
      return errno_error(err, std::string(bpf_program__name(tables_[current_].program)) + ": walk");
    }
    walk_.reset();
    population_[current_] = std::exchange(visited_, 0);
    empty_ = true;
    current_ = (current_ + 1) % tables_.size();
    if (current_ == 0) return true;
  }
  return false;
}

}  // namespace sp::kernel
