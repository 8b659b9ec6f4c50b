// SPDX-License-Identifier: Apache-2.0
// Sync under long random histories. SP_TEST_SEED repeats one; the seed of a run is printed.
#include <gtest/gtest.h>

#include "tests/harness/random_desired.h"
#include "tests/harness/seed.h"
#include "tests/harness/store_watch.h"
#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Desired;
using test::FakeMaps;

using test::forget_leftovers;
using test::Histories;
using test::seed;

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
    maps_.service_ips.set_limit(static_cast<std::size_t>(histories.below(8)));
    histories.step(desired);
    refused += apply(desired).problems.size();
    maps_.frontends.set_limit(64);
    maps_.names.set_limit(64);
    maps_.ranges.set_limit(64);
    maps_.service_ips.set_limit(64);
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
