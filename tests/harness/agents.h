// SPDX-License-Identifier: Apache-2.0
// Agents: one `sallyport run` for each node of a lab, each with its own pin path and manifest folder.
//
// Promises: start() returns when the agent says that it is programmed; manifests appear in a folder by rename, whole;
// what the agents logged is kept over restarts, for await_log() and for failure messages.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/harness/lab.h"
#include "tests/harness/process.h"

namespace sp::test {

// The binary under test, and one of the same sources that was built differently.
inline const std::string kSallyport = SP_SALLYPORT;
inline const std::string kSallyportUpgrade = SP_SALLYPORT_UPGRADE;

class Agents {
 public:
  explicit Agents(const Lab& lab) : lab_(lab) {}

  // Where every agent started from now on gets its objects: words of its command line in place of --manifests DIR. They
  // may name the node, too.
  void set_source(std::vector<std::string> words) { source_ = std::move(words); }

  // Words that every agent started from now on gets as well.
  void set_flags(std::vector<std::string> words) { flags_ = std::move(words); }

  // `ready`: the log line that tells that it has started.
  [[nodiscard]] Result<void> start(const std::string& node, const std::string& binary = kSallyport,
                                   const std::string& ready = "agent: ready");
  [[nodiscard]] Result<void> start_all(const std::string& binary = kSallyport);
  // SIGKILL, and reaped.
  [[nodiscard]] Result<void> kill(const std::string& node);
  // SIGTERM; an exit code other than 0 is an error.
  [[nodiscard]] Result<void> stop(const std::string& node);
  [[nodiscard]] Result<void> stop_all();
  // `sallyport cleanup` on the node, whose agent must not run.
  [[nodiscard]] Result<Output> cleanup(const std::string& node) const;
  // `sallyport VERB…` on the node.
  [[nodiscard]] Result<Output> ask(const std::string& node, std::vector<std::string> words) const;

  [[nodiscard]] std::filesystem::path manifest_dir(const std::string& node) const;
  // Writes beside the folder and renames into it: on one node, or on all. Returns the moment before the
  // rename.
  [[nodiscard]] Result<Clock::time_point> put(const std::string& node, const std::string& file,
                                              const std::string& text) const;
  [[nodiscard]] Result<void> put_all(const std::string& file, const std::string& text) const;
  // put_all, and waits until every running agent has applied it.
  [[nodiscard]] Result<void> apply(const std::string& file, const std::string& text);

  // Bookmark of a running agent's log, and the first line after it with all parts.
  [[nodiscard]] std::size_t mark(const std::string& node) const;
  [[nodiscard]] Result<Process::Line> await_log(const std::string& node, std::size_t mark,
                                                const std::vector<std::string>& parts,
                                                Millis timeout = Millis(10000)) const;

  // The logs' ends and `sallyport status` of every node.
  [[nodiscard]] std::string diagnosis() const;

 private:
  const Lab& lab_;
  std::vector<std::string> source_;  // empty: --manifests
  std::vector<std::string> flags_;
  std::map<std::string, Process> running_;
  std::map<std::string, std::string> past_logs_;
};

}  // namespace sp::test
