// SPDX-License-Identifier: Apache-2.0
// FlowAging: runs the in-kernel walk over the flow tables in slices.
//
// The programs sp_age4 and sp_age6 are iterators over a map's elements. They write one byte of output for every 64
// flows that they visit, so reading n bytes costs a bounded walk of about 64 n flows, and one at the end for the rest.
#pragma once

#include <bpf/libbpf.h>

#include <array>
#include <cstddef>
#include <memory>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::kernel {

class FlowAging {
 public:
  struct Table {
    bpf_program* program;
    int map_fd;
  };
  // Programs and maps must outlive the object.
  explicit FlowAging(const std::array<Table, 2>& tables) : tables_(tables) {}

  // Visits about `budget` flows. True when the walk over the last table has ended; the next call starts anew.
  [[nodiscard]] Result<bool> run(std::size_t budget);
  // Flows that the last whole walk over each table visited.
  [[nodiscard]] const std::array<std::size_t, 2>& population() const { return population_; }

 private:
  struct LinkDeleter {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  };
  Result<void> start_table();
  void take_mark(unsigned char mark);

  std::array<Table, 2> tables_;
  std::array<std::unique_ptr<bpf_link, LinkDeleter>, 2> links_;
  std::size_t current_ = 0;
  Fd walk_;                  // open while a table is under way
  std::size_t visited_ = 0;  // in the table under way
  bool empty_ = true;        // no flow was met there yet
  std::array<std::size_t, 2> population_{};
};

}  // namespace sp::kernel
