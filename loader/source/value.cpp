// SPDX-License-Identifier: Apache-2.0
// Builds Value trees from yaml-cpp's events. The only file that knows yaml-cpp.
#include "loader/source/value.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace sp::source {
namespace {

// A map whose keys are few is searched pair by pair, without a copy.
constexpr std::size_t kFewKeys = 16;

void note_repeated_key(Value& map) {
  const std::string* repeated = nullptr;
  std::vector<std::string> sorted;
  if (map.keys.size() <= kFewKeys) {
    for (std::size_t i = 1; i < map.keys.size() && repeated == nullptr; ++i) {
      const auto end = map.keys.begin() + static_cast<std::ptrdiff_t>(i);
      repeated = std::find(map.keys.begin(), end, *end) == end ? nullptr : &*end;
    }
  } else {
    sorted = map.keys;
    std::sort(sorted.begin(), sorted.end());
    const auto twin = std::adjacent_find(sorted.begin(), sorted.end());
    repeated = twin == sorted.end() ? nullptr : &*twin;
  }
  if (repeated != nullptr) {
    map.has_repeated_key = true;
    map.text = *repeated;
  }
}

std::size_t count_values(const Value& value) {
  std::size_t count = 1;
  for (const Value& item : value.items) {
    count += count_values(item);
  }
  return count;
}

// Receives the events of one document. Throwing yaml-cpp's own exception is the one way to end its parser early;
// parse_yaml() catches it.
class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp 0.7 does not step over a "," where a document should begin: it reports empty documents there for ever.
    if (mark.pos == document_pos_) {
      throw YAML::ParserException(mark, "not the beginning of a value");
    }
    document_pos_ = mark.pos;
    document_ = Value{};
    values_ = 0;
    anchored_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(Value{}, anchor, mark); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Value scalar;
    scalar.kind = Value::Kind::scalar;
    scalar.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    scalar.text = text;
    add(std::move(scalar), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto anchored = anchored_.find(anchor);
    if (anchored == anchored_.end()) {
      throw YAML::ParserException(mark, "an alias refers to the value that it is part of");
    }
    count(count_values(anchored->second), mark);
    add(anchored->second, YAML::NullAnchor, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::Kind::list, anchor, mark);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::Kind::map, anchor, mark);
  }
  void OnMapEnd() override {
    note_repeated_key(frames_.back().value);
    close();
  }

  [[nodiscard]] Value take() { return std::exchange(document_, Value{}); }

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor;
    YAML::Mark mark;
  };

  void count(std::size_t values, const YAML::Mark& mark) {
    values_ += values;
    if (values_ > kMaxValues) {
      throw YAML::ParserException(mark, "the document has more than " + std::to_string(kMaxValues) + " values");
    }
  }

  void open(Value::Kind kind, YAML::anchor_t anchor, const YAML::Mark& mark) {
    Value value;
    value.kind = kind;
    frames_.push_back(Frame{std::move(value), anchor, mark});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    add(std::move(frame.value), frame.anchor, frame.mark);
  }

  void add(Value value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    count(1, mark);
    if (anchor != YAML::NullAnchor) {
      count(count_values(value), mark);
      anchored_[anchor] = value;
    }
    if (frames_.empty()) {
      document_ = std::move(value);
      return;
    }
    Value& parent = frames_.back().value;
    if (parent.kind == Value::Kind::list || parent.keys.size() > parent.items.size()) {
      parent.items.push_back(std::move(value));
    } else if (value.kind == Value::Kind::scalar) {
      parent.keys.push_back(std::move(value.text));
    } else {
      throw YAML::ParserException(mark, "a key of a mapping is not a plain word");
    }
  }

  Value document_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Value> anchored_;
  std::size_t values_ = 0;
  int document_pos_ = -1;
};

Error syntax_error(std::size_t first_line, const YAML::Mark& mark, const std::string& text) {
  if (mark.is_null()) {
    return Error{0, text};
  }
  const std::size_t line = first_line + static_cast<std::size_t>(mark.line);
  return Error{0, "line " + std::to_string(line) + ", column " + std::to_string(mark.column + 1) + ": " + text};
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &items[static_cast<std::size_t>(found - keys.begin())];
}

std::string shown(const Value& value) {
  switch (value.kind) {
    case Value::Kind::scalar:
      return "'" + value.text.substr(0, 60) + "'";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a mapping";
    case Value::Kind::null:
      break;
  }
  return "nothing";
}

Result<std::vector<Value>> parse_yaml(std::string_view text, std::size_t first_line) {
  // yaml-cpp takes a NUL for the end of its input and would report half a file as a whole one. NULs are what a file
  // system leaves where a crash cut a write short.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    YAML::Mark mark;
    mark.line = static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n'));
    mark.column = static_cast<int>(nul - (text.rfind('\n', nul) + 1));
    return syntax_error(first_line, mark, "a NUL byte, expected text");
  }
  std::vector<Value> documents;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
      documents.push_back(builder.take());
    }
  } catch (const YAML::DeepRecursion& error) {
    return syntax_error(first_line, error.mark, "values are nested too deeply");
  } catch (const YAML::Exception& error) {
    return syntax_error(first_line, error.mark, error.msg);
  }
  return documents;
}

}  // namespace sp::source
