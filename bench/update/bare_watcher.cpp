// SPDX-License-Identifier: Apache-2.0
#include "bench/update/bare_watcher.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "bench/update/order_clock.h"
#include "loader/util/fd.h"

namespace sp::bench {
namespace {

constexpr const char* kToken = "token-of-the-bare-watcher";
// No agent watches Events: an order for them reaches the bare watcher alone.
constexpr const char* kResource = "events";
constexpr const char* kPath = "/apis/events.k8s.io/v1/events";

}  // namespace

void BareWatcher::Unmap::operator()(std::uint64_t* word) const {
  ::munmap(word, sizeof *word);
}

Result<BareWatcher> BareWatcher::start(const test::Lab& lab, const std::string& host, test::LabApi& api) {
  const std::string path = (lab.scratch() / "bare-watcher.word").string();
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid() || ::ftruncate(file.get(), sizeof(std::uint64_t)) != 0) return errno_error(errno, path);
  void* const mapped =
      ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.get(), 0);
  if (mapped == MAP_FAILED) return errno_error(errno, path + ": mmap");
  Word word(static_cast<std::uint64_t*>(mapped));

  auto rights = fake_api::node_proxier_rights();
  rights.push_back({"watch", kResource});
  api.api().gatekeeper().accept_token(kToken, "system:bare-watcher");
  api.api().gatekeeper().restrict_to(std::move(rights));

  const test::Host& node = lab.host(host);
  SP_TRY_ASSIGN(process, test::Process::spawn({.argv = {SP_BARE_WATCHER, node.ip4, std::to_string(api.api().port()),
                                                        (lab.scratch() / "ca.pem").string(), kToken, kPath, path},
                                               .netns = node.netns}));
  const auto ready = process.await_line(0, {"watcher: ready"}, test::Millis(10'000));
  if (!ready) return Error{0, ready.error().text() + "\n" + process.tail(5)};
  return BareWatcher(api, std::move(process), std::move(word));
}

Result<double> BareWatcher::change(const std::string& line) {
  return time_order(*api_, {.what = fake_api::WatchOrder::What::raw, .resource = kResource, .text = line}, word_.get());
}

}  // namespace sp::bench
