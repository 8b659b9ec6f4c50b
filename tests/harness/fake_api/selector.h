// SPDX-License-Identifier: Apache-2.0
// Selector: label and field selectors in the grammar of the Kubernetes API, as strict as its parser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/util/result.h"
#include "tests/harness/fake_api/resource.h"

namespace sp::fake_api {

class LabelSelector {
 public:
  // "!k", "k", "k=v", "k==v", "k!=v", "k in (a,b)", "k notin (a,b)", "k>1", "k<1", joined by commas. Empty =
  // everything.
  [[nodiscard]] static Result<LabelSelector> parse(std::string_view text);
  [[nodiscard]] bool matches(const Json& object) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }

 private:
  enum class Test : std::uint8_t { exists, absent, in, not_in, greater, less };
  struct Requirement {
    std::string key;
    Test test = Test::exists;
    std::vector<std::string> values;
    [[nodiscard]] bool matches(const Json& labels) const;
  };
  class Parser;
  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  // "field=v", "field==v", "field!=v", joined by commas; \, \= and \\ stand for themselves in values. An error when
  // `resource` cannot be selected by a field.
  [[nodiscard]] static Result<FieldSelector> parse(std::string_view text, const Resource& resource);
  [[nodiscard]] bool matches(const Json& object) const;
  [[nodiscard]] bool empty() const { return terms_.empty(); }
  // The value of "metadata.name=v", which makes a list the list of one name for authorisation.
  [[nodiscard]] std::string name() const;

 private:
  struct Term {
    std::string field;
    std::string value;
    bool equal = true;
  };
  std::vector<Term> terms_;
};

}  // namespace sp::fake_api
