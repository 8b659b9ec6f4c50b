// SPDX-License-Identifier: Apache-2.0
// Histories: a Desired that changes at random, for tests of sync/.
#pragma once

#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/harness/desired_builder.h"
#include "tests/harness/map_view.h"

namespace sp::test {

// Random desires over a few services and frontends, so that histories revisit states.
class Histories {
 public:
  explicit Histories(unsigned value) : random_(value) {}

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  compile::ServiceRow random_row() {
    std::vector<compile::Backend> chosen;
    std::vector<compile::Backend> serving;
    for (int number = 0; number < 6; ++number) {
      const int fate = below(4);
      const auto backend = backends({number}).front();
      if (fate <= 1) {
        chosen.push_back(backend);
        chosen.back().local = below(8) == 0;
      }
      if (fate <= 2) {
        serving.push_back(fate <= 1 ? chosen.back() : backend);
      }
    }
    compile::ServiceRow row;
    row.backends = chosen;
    row.serving = serving;
    if (below(4) == 0) {
      row.flags = SP_SERVICE_AFFINITY;
      row.affinity_timeout_s = static_cast<std::uint32_t>(1 + below(100));
    }
    return row;
  }

  // Changes about one service in three.
  void step(compile::Desired& desired) {
    for (int s = 0; s < 6; ++s) {
      const std::string name = "default/s" + std::to_string(s);
      if (below(3) != 0) {
        continue;
      }
      if (below(5) == 0) {
        desired.services.erase(name);
      } else {
        desired.services[name] = random_row();
      }
    }
    aim_frontends(desired);
    desired.source_ranges.clear();
    for (const auto& [name, row] : desired.services) {
      if (below(3) == 0) {
        desired.source_ranges[name] = {*Prefix::parse("10." + std::to_string(below(3)) + ".0.0/16")};
      }
    }
    step_networks(desired);
  }

 private:
  void step_networks(compile::Desired& desired) {
    if (below(3) == 0) {
      desired.networks = {};
      if (below(2) == 0) {
        desired.networks.pods.push_back(*Prefix::parse("10.1.0.0/16"));
      }
      if (below(2) == 0) {
        desired.networks.pods.push_back(*Prefix::parse("fd01::/64"));
      }
      for (int i = below(SP_MAX_SERVICE_NETS); i > 0; --i) {
        const std::string number = std::to_string(i + below(3));
        desired.networks.services.push_back({*Prefix::parse("10.96." + number + ".0/24"), below(2) == 0});
        desired.networks.services.push_back({*Prefix::parse("fd00:" + number + "::/32"), below(2) == 0});
      }
      // A wider cover comes after what it covers, as no sorting would have it.
      desired.networks.services.push_back({*Prefix::parse("10.0.0.0/8"), false});
    }
    for (int i = below(3); i > 0; --i) {
      const Ip address = ip((below(3) == 0 ? "fd00::" : "10.96.0.") + std::to_string(below(8)));
      if (below(3) == 0) {
        desired.service_ips.erase(address);
      } else {
        desired.service_ips[address] = below(3) == 0 ? SP_SERVICE_IP_PASS : SP_SERVICE_IP_REJECT;
      }
    }
  }

  void aim_frontends(compile::Desired& desired) {
    const compile::Desired before = desired;
    desired.frontends.clear();
    for (std::uint16_t port = 1; port <= 8; ++port) {
      const auto frontend = test::frontend("192.0.2.1", port);
      const auto old = before.frontends.find(frontend);
      const bool keep =
          old != before.frontends.end() && desired.services.contains(old->second.service) && below(4) != 0;
      if (keep) {
        desired.frontends[frontend] = old->second;
      } else if (!desired.services.empty() && below(4) != 0) {
        auto to = desired.services.begin();
        std::advance(to, below(static_cast<int>(desired.services.size())));
        desired.frontends[frontend] = {to->first, static_cast<std::uint16_t>(below(4)), SP_KIND_NODE_PORT};
      }
    }
  }

  std::mt19937 random_;
};

// The live rows that remain while nothing serves are the one thing that a Desired does not show.
inline void forget_leftovers(MapView& actual, const MapView& wanted) {
  for (auto& [name, service] : actual.services) {
    const auto found = wanted.services.find(name);
    if (found != wanted.services.end() && found->second.live.empty()) {
      service.live.clear();
    }
  }
}

}  // namespace sp::test
