// SPDX-License-Identifier: Apache-2.0
// The command line that all benchmarks share.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/report/report.h"

namespace sp::bench {

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--short") {
      options.is_short = true;
    } else if (word == "--out" && i + 1 < argc) {
      options.out = argv[++i];
    } else {
      std::fprintf(stderr, "%s: unknown argument '%s'\nusage: %s [--out DIR] [--short]\n", argv[0], argv[i], argv[0]);
      std::exit(2);
    }
  }
  return options;
}

}  // namespace sp::bench
