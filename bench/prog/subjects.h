// SPDX-License-Identifier: Apache-2.0
// What is measured: the packets of each subject, and the proof that it does with them what its name says.
#pragma once

#include <vector>

#include "bench/prog/flows.h"
#include "bench/prog/scene.h"

namespace sp::bench {

constexpr const char* kBare = "bare program";
constexpr const char* kEstablished = "established";
constexpr const char* kReply = "reply";
constexpr const char* kMiss = "not ours";
constexpr const char* kNewRemote = "new flow";
constexpr const char* kNewBare = "new flow, bare program";
constexpr const char* kNewFlood = "new flow, embryo table full";
constexpr const char* kNewLocal = "new flow, backend here";
constexpr const char* kReject = "reject";

// Adds the frontends that subjects other than established connections need.
void add_doors(Rig& rig, Family family, Protocol protocol);

// All subjects over `count` connections. Throws where one of them does not do what it should to a sample of its
// packets.
// First packets come while few handshakes are under way, as where clients complete theirs.
template <typename F>
std::vector<Subject> subjects(Rig& rig, const Connections<F>& connections, Protocol protocol, std::uint32_t count);

// The yardstick, and first packets none of which is ever followed by a second: each evicts the embryos of another one.
// Fills the embryo table.
template <typename F>
std::vector<Subject> flooded(Rig& rig, const Connections<F>& connections, Protocol protocol, std::uint32_t count);

}  // namespace sp::bench
