// SPDX-License-Identifier: Apache-2.0
// Lab: runs the lab script and reads its status table.
#include "tests/harness/lab.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>

namespace sp::test {

namespace {

constexpr Millis kLabTimeout{60000};

// Same binary, same name, so that a run cleans up after a crashed one; two builds do not meet.
std::string lab_prefix() {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  std::array<char, 8> tag{};
  std::snprintf(tag.data(), tag.size(), "%05zx", std::hash<std::string>{}(self.string()) & 0xfffff);
  return std::string("t-") + tag.data();
}

Result<Output> lab_script(std::vector<std::string> words) {
  words.insert(words.begin(), SP_LAB_SCRIPT);
  words.insert(words.begin() + 2, {"--prefix", lab_prefix()});
  SP_TRY_ASSIGN(output, run(Process::Options{.argv = words}, kLabTimeout));
  if (output.exit_code != 0) {
    return Error{0, "lab " + words[1] + " exited with " + std::to_string(output.exit_code) + ":\n" + output.text};
  }
  return output;
}

bool is_host_name(const std::string& word) {
  return word == "r" || (word.size() > 1 && (word[0] == 'c' || word[0] == 'n') && word[1] >= '1' && word[1] <= '9');
}

}  // namespace

Result<std::unique_ptr<Lab>> Lab::up(const LabShape& shape) {
  std::unique_ptr<Lab> lab(new Lab(shape));
  SP_TRY(lab_script({"down"}));
  SP_TRY(lab_script({"up", "--dual-stack", "--nodes", std::to_string(shape.nodes), "--clients",
                     std::to_string(shape.clients), "--pods", std::to_string(shape.pods)}));
  SP_TRY(lab->read_status());
  SP_TRY_ASSIGN(run_dir, lab_script({"path", "r", "run"}));
  lab->scratch_ = std::filesystem::path(run_dir.text.substr(0, run_dir.text.find('\n'))) / "test";
  std::error_code error;
  std::filesystem::create_directories(lab->scratch_, error);
  if (error) {
    return Error{error.value(), lab->scratch_.string() + ": create"};
  }
  return lab;
}

// Rows are "HOST NAMESPACE DEVICE IPV4 IPV6", two for the router's two sides, then "HOST pins PATH cgroup PATH" for
// each node.
Result<void> Lab::read_status() {
  SP_TRY_ASSIGN(status, lab_script({"status"}));
  std::istringstream lines(status.text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::array<std::string, 5> word;
    for (std::string& w : word) {
      words >> w;
    }
    if (!is_host_name(word[0])) {
      continue;
    }
    Host& host = hosts_[word[0]];
    if (word[1] == "pins") {
      host.pin_path = word[2];
      host.cgroup_dir = word[4];
    } else {
      host.name = word[0];
      host.netns = word[1];
      host.ip4 = word[3];
      host.ip6 = word[4];
    }
  }
  for (auto& [name, host] : hosts_) {
    if (const std::size_t p = name.find('p'); p != std::string::npos) {
      host.cgroup_dir = hosts_.at(name.substr(0, p)).cgroup_dir + "/" + name;
    }
  }
  const std::size_t expected = 1 + shape_.clients + shape_.nodes + shape_.nodes * shape_.pods;
  if (hosts_.size() != expected) {
    return Error{0, "lab status lists " + std::to_string(hosts_.size()) + " hosts:\n" + status.text};
  }
  return {};
}

Lab::~Lab() {
  if (const auto down = lab_script({"down"}); !down) {
    std::fprintf(stderr, "%s\n", down.error().text().c_str());
  }
}

const Host& Lab::host(const std::string& name) const {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) {
    std::fprintf(stderr, "the lab has no host '%s'\n", name.c_str());
    std::abort();
  }
  return found->second;
}

std::vector<std::string> Lab::nodes() const {
  std::vector<std::string> names;
  for (unsigned n = 1; n <= shape_.nodes; ++n) {
    names.push_back("n" + std::to_string(n));
  }
  return names;
}

Result<Output> Lab::run(const std::string& host_name, std::vector<std::string> argv, Millis timeout) const {
  return test::run({.argv = std::move(argv), .netns = host(host_name).netns}, timeout);
}

std::string pool_ip(Family family, unsigned last) {
  return (family == Family::v4 ? "10.13.242." : "2001:db8:b::") + std::to_string(last);
}

}  // namespace sp::test
