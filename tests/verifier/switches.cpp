// SPDX-License-Identifier: Apache-2.0
// Switch discovery; see switches.h.
#include "switches.h"

#include <bpf/btf.h>

#include <cerrno>
#include <span>
#include <string_view>

namespace sp::verifier {
namespace {

constexpr std::string_view kSection = ".rodata";
// Other constants are parameters of arithmetic: no branch depends on them, so one value stands for all.
constexpr std::string_view kPrefix = "sp_cfg_";

// The map behind the section, or null when the object has no constants at all.
bpf_map* constants_map(const bpf_object* object) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const std::string_view name = bpf_map__name(map);
    if (name.ends_with(kSection)) return map;
  }
  return nullptr;
}

bool is_const_volatile(const btf* btf, std::uint32_t type_id) {
  bool is_const = false;
  bool is_volatile = false;
  for (const btf_type* type = btf__type_by_id(btf, type_id);; type = btf__type_by_id(btf, type->type)) {
    if (btf_is_const(type)) {
      is_const = true;
    } else if (btf_is_volatile(type)) {
      is_volatile = true;
    } else {
      return is_const && is_volatile;
    }
  }
}

}  // namespace

Result<std::vector<Switch>> find_switches(const bpf_object* object) {
  std::vector<Switch> switches;
  const btf* btf = bpf_object__btf(object);
  if (btf == nullptr) return Error{ENOENT, "BPF object: BTF"};
  const int section_id = btf__find_by_name_kind(btf, kSection.data(), BTF_KIND_DATASEC);
  if (section_id < 0) return switches;

  const btf_type* section = btf__type_by_id(btf, static_cast<std::uint32_t>(section_id));
  for (const btf_var_secinfo& info : std::span(btf_var_secinfos(section), btf_vlen(section))) {
    const btf_type* variable = btf__type_by_id(btf, info.type);
    if (!is_const_volatile(btf, variable->type)) continue;
    std::string name = btf__name_by_offset(btf, variable->name_off);
    if (!name.starts_with(kPrefix)) continue;
    if (info.size != 1) return Error{EINVAL, "switch " + name + ": one byte expected, 0 or 1"};
    switches.push_back({std::move(name), info.offset});
  }
  return switches;
}

Result<void> set_switches(bpf_object* object, const std::vector<Switch>& switches, std::uint32_t permutation) {
  if (switches.empty()) return {};
  bpf_map* map = constants_map(object);
  std::size_t size_bytes = 0;
  const void* initial = map == nullptr ? nullptr : bpf_map__initial_value(map, &size_bytes);
  if (initial == nullptr) return Error{ENOENT, "BPF object: map of .rodata"};
  const auto* first = static_cast<const std::uint8_t*>(initial);
  std::vector<std::uint8_t> bytes(first, first + size_bytes);
  for (std::size_t i = 0; i < switches.size(); ++i) {
    if (switches[i].offset_bytes >= size_bytes) return Error{ERANGE, "switch " + switches[i].name + ": offset"};
    bytes[switches[i].offset_bytes] = static_cast<std::uint8_t>((permutation >> i) & 1U);
  }
  const int err = bpf_map__set_initial_value(map, bytes.data(), bytes.size());
  if (err != 0) return errno_error(err, "BPF object: set .rodata");
  return {};
}

std::string permutation_text(std::size_t switches, std::uint32_t permutation) {
  if (switches == 0) return "-";
  std::string text;
  for (std::size_t i = 0; i < switches; ++i) text += ((permutation >> i) & 1U) != 0 ? '1' : '0';
  return text;
}

}  // namespace sp::verifier
