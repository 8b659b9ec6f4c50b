// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/console.h"

#include <functional>
#include <map>
#include <sstream>

#include "tests/harness/fake_api/scale.h"

namespace sp::fake_api {
namespace {

// The words of a line behind its first.
class Words {
 public:
  explicit Words(const std::string& line) : stream_(line) {}

  // "-" is the empty word.
  std::string word() {
    std::string result;
    stream_ >> result;
    return result == "-" ? "" : result;
  }
  template <typename T>
  T number(T otherwise) {
    T result = otherwise;
    return stream_ >> result ? result : otherwise;
  }
  std::string rest() {
    std::string result;
    std::getline(stream_ >> std::ws, result);
    return result;
  }

 private:
  std::istringstream stream_;
};

struct Context {
  FakeApi& api;
  std::unique_ptr<World>& world;
};
// What it says behind "ok ", or an error.
using Command = std::function<Result<std::string>(Context&, Words&)>;
using Commands = std::map<std::string, Command>;

Command order(WatchOrder::What what) {
  return [what](Context& context, Words&) -> Result<std::string> {
    context.api.order({.what = what});
    return std::string();
  };
}

// A command that says nothing.
template <typename Action>
Command quietly(Action action) {
  return [action](Context& context, Words& words) -> Result<std::string> {
    action(context, words);
    return std::string();
  };
}

Result<std::string> put(Context& context, Words& words) {
  const Json object = Json::parse(words.rest(), nullptr, false);
  if (object.is_discarded()) return Error{0, "put: no JSON"};
  if (resource_of(object) == nullptr || field_text(object, "metadata.name").empty()) {
    return Error{0, "put: a kind that is not served, or no name"};
  }
  return std::to_string(context.api.put(object));
}

Result<std::string> remove(Context& context, Words& words) {
  const std::string plural = words.word();
  const std::string ns = words.word();
  if (resource_named(plural) == nullptr) return Error{0, "remove: " + plural + " is not served"};
  if (!context.api.remove(plural, ns, words.word())) return Error{0, "remove: there is none"};
  return std::string();
}

Result<std::string> step(Context& context, Words& words) {
  if (context.world == nullptr) return Error{0, "step: there is no world yet"};
  for (unsigned count = words.number(1U); count > 0; --count) context.world->step();
  return context.world->last();
}

Result<std::string> inject_status(Context& context, Words& words) {
  Fault fault;
  fault.status = {words.number(503), "", "this is a fault of the test"};
  fault.verb = words.word();
  fault.resource = words.word();
  fault.times = words.number(1U);
  context.api.inject(fault);
  return std::string();
}

void add_contents(Commands& commands) {
  commands["put"] = put;
  commands["remove"] = remove;
  commands["objects"] = [](Context& context, Words&) -> Result<std::string> {
    return Json(context.api.objects()).dump();
  };
  commands["fill"] = quietly([](Context& context, Words& words) {
    Scale scale;
    scale.services = words.number(scale.services);
    scale.endpoints = words.number(scale.endpoints);
    fill(context.api, scale);
  });
  commands["world"] = quietly([](Context& context, Words& words) {
    context.world = std::make_unique<World>(context.api, WorldShape{.seed = words.number(std::uint64_t{1})});
    context.world->begin();
  });
  commands["step"] = step;
  commands["mend"] = quietly([](Context& context, Words&) {
    if (context.world != nullptr) context.world->mend();
  });
}

void add_misfortunes(Commands& commands) {
  using What = WatchOrder::What;
  commands["stop"] = quietly([](Context& context, Words&) { context.api.stop(); });
  commands["start"] = [](Context& context, Words&) -> Result<std::string> {
    SP_TRY(context.api.restart());
    return std::string();
  };
  commands["freeze"] = quietly([](Context& context, Words&) { context.api.freeze(true); });
  commands["thaw"] = quietly([](Context& context, Words&) { context.api.freeze(false); });
  commands["drop"] = quietly([](Context& context, Words&) { context.api.drop_connections(); });
  commands["reset"] = quietly([](Context& context, Words&) { context.api.drop_connections(true); });
  commands["compact"] = quietly([](Context& context, Words&) { context.api.compact(); });
  commands["history"] =
      quietly([](Context& context, Words& words) { context.api.reset_history(words.number(Version{1})); });
  commands["bookmark"] = order(What::bookmark);
  commands["finish"] = order(What::finish);
  commands["cut"] = order(What::cut);
  commands["cut-line"] = order(What::cut_line);
  commands["error"] = order(What::error);
  commands["status"] = inject_status;
  commands["chaos"] = quietly([](Context& context, Words& words) {
    const auto seed = words.number(std::uint64_t{1});
    context.api.set_chaos(Chaos{.seed = seed, .share = words.number(0.3)});
  });
  commands["pieces"] = quietly(
      [](Context& context, Words& words) { context.api.set_wire({.max_piece = words.number(std::size_t{0})}); });
  commands["behave"] = quietly([](Context& context, Words&) { context.api.behave(); });
}

void add_rights(Commands& commands) {
  commands["token"] = quietly(
      [](Context& context, Words& words) { context.api.gatekeeper().accept_token(words.word(), "system:kube-proxy"); });
  commands["revoke"] =
      quietly([](Context& context, Words& words) { context.api.gatekeeper().revoke_token(words.word()); });
  commands["deny"] = quietly([](Context& context, Words& words) {
    const std::string verb = words.word();
    context.api.gatekeeper().deny({verb, words.word()});
  });
  commands["permit"] = quietly([](Context& context, Words& words) {
    const std::string verb = words.word();
    context.api.gatekeeper().permit({verb, words.word()});
  });
}

void add_questions(Commands& commands) {
  commands["version"] = [](Context& context, Words&) -> Result<std::string> {
    return std::to_string(context.api.version());
  };
  commands["count"] = [](Context& context, Words& words) -> Result<std::string> {
    const std::string verb = words.word();
    return std::to_string(context.api.journal().count(verb, words.word()));
  };
  commands["violations"] = [](Context& context, Words&) -> Result<std::string> {
    return Json(context.api.violations()).dump();
  };
}

const Commands& commands() {
  static const Commands all = [] {
    Commands result;
    add_contents(result);
    add_misfortunes(result);
    add_rights(result);
    add_questions(result);
    return result;
  }();
  return all;
}

}  // namespace

std::string Console::obey(const std::string& line) {
  Words words(line);
  const std::string name = words.word();
  const auto found = commands().find(name);
  if (found == commands().end()) return "error no such command: " + name;
  Context context{api_, world_};
  const Result<std::string> said = found->second(context, words);
  if (!said) return "error " + said.error().text();
  return said->empty() ? "ok" : "ok " + *said;
}

}  // namespace sp::fake_api
