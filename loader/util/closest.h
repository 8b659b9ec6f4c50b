// SPDX-License-Identifier: Apache-2.0
// closest: what somebody probably meant by a word that we do not know. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sp {

// Steps (insert, remove, replace one character, swap two neighbours) that turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

// The candidate with the smallest distance, when a typing mistake explains it: at most a third of the longer word is
// different, or one word begins with the other ("--manifest"). The first one wins a tie.
[[nodiscard]] std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sp
