// SPDX-License-Identifier: Apache-2.0
// Sync under long random histories. SP_TEST_SEED repeats one; the seed of a run is printed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/harness/store_watch.h"
#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Desired;
using test::FakeMaps;

unsigned seed() {
  const char* given = std::getenv("SP_TEST_SEED");
  const unsigned value =
      given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "SP_TEST_SEED=" << value << std::endl;
  return value;
}

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
      const auto backend = test::backends({number}).front();
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
  void step(Desired& desired) {
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
  }

 private:
  void aim_frontends(Desired& desired) {
    const Desired before = desired;
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
void forget_leftovers(test::MapView& actual, const test::MapView& wanted) {
  for (auto& [name, service] : actual.services) {
    const auto found = wanted.services.find(name);
    if (found != wanted.services.end() && found->second.live.empty()) {
      service.live.clear();
    }
  }
}

class SyncRandom : public test::SyncTest {};

TEST_F(SyncRandom, MapsEqualDesiredAfterEveryStepWhateverCameBefore) {
  Histories histories(seed());
  Desired desired;
  for (int step = 0; step < 2000; ++step) {
    histories.step(desired);
    if (histories.below(10) == 0) {
      restart();
    }
    if (histories.below(3) == 0) {
      rest();
    }
    const Report report = apply(desired);
    const test::MapView wanted = test::view_of(desired);
    test::MapView actual = test::view_of(maps_);
    forget_leftovers(actual, wanted);
    // Rows at rest may exhaust the maps; then everything fits after the rest.
    if (!report.problems.empty()) {
      rest();
      ASSERT_TRUE(apply(desired).problems.empty()) << "step " << step;
      actual = test::view_of(maps_);
      forget_leftovers(actual, wanted);
    }
    ASSERT_EQ(actual, wanted) << "step " << step;
  }
}

TEST_F(SyncRandom, I12_SmallMapsRefuseSomeRowsAndRecoverOnceThereIsRoom) {
  Histories histories(seed());
  Desired desired;
  std::size_t refused = 0;
  for (int step = 0; step < 500; ++step) {
    maps_.frontends.set_limit(static_cast<std::size_t>(histories.below(8)));
    maps_.names.set_limit(static_cast<std::size_t>(histories.below(8)));
    maps_.ranges.set_limit(static_cast<std::size_t>(histories.below(4)));
    histories.step(desired);
    refused += apply(desired).problems.size();
    maps_.frontends.set_limit(64);
    maps_.names.set_limit(64);
    maps_.ranges.set_limit(64);
    rest();
    ASSERT_TRUE(apply(desired).problems.empty()) << "step " << step;
    const test::MapView wanted = test::view_of(desired);
    test::MapView actual = test::view_of(maps_);
    forget_leftovers(actual, wanted);
    ASSERT_EQ(actual, wanted) << "step " << step;
  }
  EXPECT_GT(refused, 0U);
}

using Set = std::vector<test::BackendText>;
using Sets = std::map<compile::Frontend, std::vector<Set>>;

// A set without the local flags: those may change in place.
Set places(Set set) {
  for (auto& backend : set) {
    if (backend.back() == 'L') {
      backend.pop_back();
    }
  }
  return set;
}

void allow(Sets& sets, const Desired& desired, const compile::Frontend& frontend, const std::string& service) {
  const auto row = desired.services.find(service);
  if (row == desired.services.end()) {
    return;
  }
  Set set;
  for (const auto& backend : row->second.backends) {
    set.push_back(test::text_of(backend));
  }
  sets[frontend].push_back(places(set));
}

// The whole sets that packets may see at each frontend on the way from `old` to `now`: those of the service that it
// leaves and of the one that it goes to.
Sets allowed_sets(const Desired& old, const Desired& now) {
  Sets out;
  for (const auto& [frontend, row] : old.frontends) {
    allow(out, old, frontend, row.service);
    allow(out, now, frontend, row.service);
  }
  for (const auto& [frontend, row] : now.frontends) {
    allow(out, now, frontend, row.service);
  }
  return out;
}

// Empty if every frontend leads to an allowed set, and those of both `old` and `now` are there.
std::string mixture(const FakeMaps& maps, const Sets& allowed, const Desired& old, const Desired& now) {
  std::size_t seen = 0;
  for (const auto& [key, value] : maps.frontends.rows()) {
    const compile::Frontend frontend = test::frontend_of(key);
    const auto sets = allowed.find(frontend);
    const Set set = places(test::set_of(maps, value.service_id));
    if (sets == allowed.end() || std::find(sets->second.begin(), sets->second.end(), set) == sets->second.end()) {
      return "a mixture at port " + std::to_string(frontend.port);
    }
    seen += old.frontends.contains(frontend) && now.frontends.contains(frontend) ? 1 : 0;
  }
  for (const auto& [frontend, row] : old.frontends) {
    seen -= now.frontends.contains(frontend) ? 1 : 0;
  }
  return seen == 0 ? "" : "a frontend vanished for a moment";
}

template <typename T>
test::StoreWatch::Region bytes(const test::PageArray<T>& array) {
  return {reinterpret_cast<std::byte*>(array.rows().data()), array.rows().size_bytes()};
}

TEST_F(SyncRandom, I1_AfterEverySingleStoreAFrontendHasItsOldOrItsNewSet) {
  if (!test::StoreWatch::kSupported) {
    GTEST_SKIP() << "watching single stores is written for x86-64";
  }
  Histories histories(seed());
  Desired desired;
  std::size_t stores = 0;
  for (int step = 0; step < 300; ++step) {
    const Desired old = desired;
    histories.step(desired);
    const Sets allowed = allowed_sets(old, desired);
    if (histories.below(2) == 0) {
      rest();
    }
    std::string failure;
    const auto check = [&] {
      if (failure.empty()) {
        failure = mixture(maps_, allowed, old, desired);
      }
    };
    maps_.frontends.on_write = maps_.names.on_write = maps_.ranges.on_write = check;
    {
      test::StoreWatch watch({bytes(maps_.services), bytes(maps_.slots), bytes(maps_.backends)}, check);
      const Report report = apply(desired);
      ASSERT_TRUE(report.problems.empty()) << report.problems[0];
      stores += watch.stores();
    }
    ASSERT_EQ(failure, "") << "step " << step;
  }
  EXPECT_GT(stores, 1000U) << "the watch saw nothing";
}

}  // namespace
}  // namespace sp::sync
