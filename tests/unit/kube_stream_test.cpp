// SPDX-License-Identifier: Apache-2.0
// Lines and list items out of chunks that end anywhere, and the parser behind them.
#include <gmock/gmock.h>

#include "loader/kube/json_marks.h"
#include "loader/kube/json_parser.h"
#include "loader/kube/line_assembler.h"
#include "loader/kube/list_splitter.h"

namespace sp::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What `feed` takes from `first` and then `second`.
template <typename Splitter>
Result<std::vector<std::string>> pieces(Splitter& splitter, std::string_view first, std::string_view second = "") {
  std::vector<std::string> out;
  const auto take = [&out](std::string& piece) -> Result<void> {
    out.push_back(piece);
    return {};
  };
  SP_TRY(splitter.feed(first, take));
  SP_TRY(splitter.feed(second, take));
  return out;
}

TEST(LineAssembler, GivesTheSameLinesForEverySplit) {
  const std::string text = "{\"a\":1}\n\n  \r\n{\"b\":\"x y\"}\r\nlast\nrest";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    LineAssembler lines(100);
    const auto taken = pieces(lines, std::string_view(text).substr(0, at), std::string_view(text).substr(at));
    ASSERT_TRUE(taken);
    EXPECT_THAT(*taken, ElementsAre("{\"a\":1}", "{\"b\":\"x y\"}\r", "last")) << at;
    EXPECT_TRUE(lines.in_line());
  }
}

TEST(LineAssembler, RefusesALineBeyondItsBound) {
  LineAssembler lines(10);
  EXPECT_TRUE(pieces(lines, "1234567890\n"));
  EXPECT_FALSE(pieces(lines, "1234567", "8901"));
  LineAssembler whole(10);
  EXPECT_FALSE(pieces(whole, "12345678901\n")) << "in one chunk too";
}

TEST(LineAssembler, StopsAtTheErrorOfItsTaker) {
  LineAssembler lines(10);
  int calls = 0;
  const auto fed = lines.feed("a\nb\n", [&calls](std::string&) -> Result<void> {
    ++calls;
    return Error{0, "no"};
  });
  EXPECT_FALSE(fed);
  EXPECT_EQ(calls, 1);
}

TEST(ListSplitter, GivesTheSameItemsForEverySplit) {
  const std::string text =
      R"( {"kind":"XList","a":{"items":[1]},"odd\"items":[2],"x":"\"items\":[{", "items" : [ {"a":"}]\\\"{"} ,
      {"b":[{"c":[]}]},{}] , "metadata":{"n":"[{"}} )";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    ListSplitter list(100);
    const auto taken = pieces(list, std::string_view(text).substr(0, at), std::string_view(text).substr(at));
    ASSERT_TRUE(taken) << at << taken.error().what;
    EXPECT_THAT(*taken, ElementsAre(R"({"a":"}]\\\"{"})", R"({"b":[{"c":[]}]})", "{}")) << at;
    const auto envelope = list.finish();
    ASSERT_TRUE(envelope) << at;
    EXPECT_EQ(*envelope, R"({"kind":"XList","a":{"items":[1]},"odd\"items":[2],"x":"\"items\":[{", "items" : [] , )"
                         R"("metadata":{"n":"[{"}})");
  }
}

TEST(ListSplitter, FindsQuotesAndEscapesWhereverTheyAreInAString) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (const std::string& middle : {std::string("\\\""), std::string("\\\\"), std::string("!#[]{}\x7f\xa2\xdc")}) {
      for (std::size_t after = 0; after < 20; ++after) {
        const std::string item = "{\"a\":\"" + std::string(before, 'x') + middle + std::string(after, '"' + 1) + "\"}";
        ListSplitter list(100);
        const auto taken = pieces(list, "{\"items\":[" + item + ",{}]}");
        ASSERT_TRUE(taken) << item << taken.error().what;
        EXPECT_THAT(*taken, ElementsAre(item, "{}"));
      }
    }
  }
}

TEST(ListSplitter, FindsTheEndOfALongItemForEverySplit) {
  // Blocks of 64 bytes with brackets, quotes and escapes on both sides of their borders.
  std::string item = "{";
  for (std::size_t i = 0; i < 40; ++i) {
    const std::string name = "\"k" + std::to_string(i) + "\":";
    item += name + (i % 3 == 0 ? R"({"a":[[{}],"]}"]},)" : i % 3 == 1 ? R"("\\\\",)" : R"("\"}]\\\"",)");
    item += "\"" + std::string(i, '\\') + std::string(i, '\\') + "\":0,";
  }
  item += "\"z\":[[[[]]]]}";
  const std::string text = "{\"items\":[" + item + "," + item + ",{}]}";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    ListSplitter list(10'000);
    const auto taken = pieces(list, std::string_view(text).substr(0, at), std::string_view(text).substr(at));
    ASSERT_TRUE(taken) << at << taken.error().what;
    ASSERT_THAT(*taken, ElementsAre(item, item, "{}")) << at;
  }
}

TEST(JsonMarks, AreOfEachByteWhateverItIs) {
  for (unsigned c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < JsonMarks::kBytes; ++at) {
      std::string text(JsonMarks::kBytes, '{');
      text[at] = static_cast<char>(c);
      const std::uint64_t bit = std::uint64_t{1} << at;
      const JsonMarks expected{.quotes = c == '"' ? bit : 0,
                               .escapes = c == '\\' ? bit : 0,
                               .opens = c == '{' || c == '[' ? ~std::uint64_t{0} : ~bit,
                               .closes = c == '}' || c == ']' ? bit : 0};
      ASSERT_EQ(marks_of(text.data()), expected) << c << " at " << at;
      ASSERT_EQ(portable_marks_of(text.data()), expected) << c << " at " << at;
    }
  }
}

TEST(ListSplitter, AnEndBeforeTheEndIsNoList) {
  const std::string text = R"({"items":[{"a":"b"}],"metadata":{}})";
  for (std::size_t at = 0; at < text.size(); ++at) {
    ListSplitter list(100);
    ASSERT_TRUE(pieces(list, std::string_view(text).substr(0, at)));
    EXPECT_FALSE(list.finish()) << text.substr(0, at);
  }
}

TEST(ListSplitter, RefusesWhatIsNoListOfObjects) {
  for (const char* text : {"x", "[", "1", R"("s")", R"({"items":[1]})", R"({"items":[{},]})", R"({"items":[,{}]})",
                           R"({"items":[{} {}]})", R"({"items":[]} {})", R"({"items":[]}})", R"({"items":[null]})"}) {
    ListSplitter list(100);
    EXPECT_FALSE(pieces(list, text)) << text;
  }
}

TEST(ListSplitter, RefusesBlanksWithoutEnd) {
  const std::string blanks(600'000, ' ');
  for (const std::string begin : {"", "{", "{\"items\":[", "{\"items\":[{}", "{\"items\":[]}"}) {
    ListSplitter list(1000);
    ASSERT_TRUE(pieces(list, begin, blanks)) << begin;
    EXPECT_FALSE(pieces(list, blanks)) << begin;
  }
  ListSplitter list(1000);
  ASSERT_TRUE(pieces(list, "{\"items\":[{}" + blanks + ",{}", blanks + "]}")) << "each gap by itself is within bounds";
}

TEST(ListSplitter, RefusesAnItemBeyondItsBound) {
  ListSplitter list(10);
  EXPECT_TRUE(pieces(list, R"({"items":[{"a":"12"},)"));
  EXPECT_FALSE(pieces(list, R"({"a":"12345)", R"(6"})"));
}

TEST(JsonParser, GoesOnAfterLargeTextsAndErrors) {
  JsonParser parser;
  std::string large = "{\"a\":\"" + std::string(std::size_t{3} << 20, 'x') + "\"}";
  EXPECT_TRUE(parser.parse(large));
  std::string torn = "{\"a\":";
  EXPECT_FALSE(parser.parse(torn));
  std::string empty;
  EXPECT_FALSE(parser.parse(empty));
  std::string small = "{\"a\":1}";
  EXPECT_TRUE(parser.parse(small));
}

}  // namespace
}  // namespace sp::kube
