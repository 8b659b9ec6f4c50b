// SPDX-License-Identifier: Apache-2.0
#include "loader/show/sheet.h"

#include <gtest/gtest.h>

#include "loader/util/json.h"

namespace sp::show {
namespace {

Sheet two_rows() {
  Sheet sheet({"service", "service_id", "local", "flags"});
  sheet.add({"default/web", std::uint64_t{7}, true, std::vector<std::string>{"a", "b"}});
  sheet.add({"x", std::uint64_t{1234567890123}, false, std::vector<std::string>{}});
  return sheet;
}

TEST(Sheet, TableAlignsColumnsAndPutsNumbersToTheRight) {
  EXPECT_EQ(two_rows().table(),
            "SERVICE         SERVICE-ID  LOCAL  FLAGS\n"
            "default/web              7  yes    a,b\n"
            "x            1234567890123  no     -\n");
}

TEST(Sheet, EmptyTableHasItsHeadings) {
  EXPECT_EQ(Sheet({"a", "b"}).table(), "A  B\n");
}

TEST(Sheet, JsonKeepsTypes) {
  EXPECT_EQ(two_rows().json(),
            "[\n"
            R"({"service":"default/web","service_id":7,"local":true,"flags":["a","b"]})"
            ",\n"
            R"({"service":"x","service_id":1234567890123,"local":false,"flags":[]})"
            "\n]\n");
}

TEST(Sheet, EmptyJsonIsAnEmptyArray) {
  EXPECT_EQ(Sheet({"a"}).json(), "[\n]\n");
}

TEST(JsonWriter, EscapesWhatRfc8259Demands) {
  JsonWriter json;
  json.string("quote \" backslash \\ newline \n nul \x01 ü");
  EXPECT_EQ(json.text(), R"("quote \" backslash \\ newline \u000a nul \u0001 ü")");
}

TEST(JsonWriter, SeparatesMembersAndNestedValues) {
  JsonWriter json;
  json.begin_object();
  json.key("list");
  json.begin_array();
  json.number(1);
  json.begin_object();
  json.end_object();
  json.boolean(false);
  json.end_array();
  json.key("next");
  json.string("");
  json.end_object();
  EXPECT_EQ(json.text(), R"({"list":[1,{},false],"next":""})");
}

}  // namespace
}  // namespace sp::show
