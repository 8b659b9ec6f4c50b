// SPDX-License-Identifier: Apache-2.0
#include "bench/update/change_probe.h"

#include <cstdlib>

#include "bench/update/order_clock.h"
#include "loader/util/ip.h"

namespace sp::bench {

Result<ChangeProbe> ChangeProbe::open(const std::string& pin_path, test::LabApi& api, const fake_api::Scale& scale) {
  SP_TRY_ASSIGN(reader, kernel::Reader::open(pin_path));
  SP_TRY_ASSIGN(names, reader.service_names());
  std::vector<std::uint32_t> ids(scale.services);
  constexpr std::string_view kPrefix = "default/svc-";
  for (const auto& [id, name] : names) {
    const std::string_view text = name.text;
    const auto index = text.starts_with(kPrefix) ? std::strtoul(name.text + kPrefix.size(), nullptr, 10) : ids.size();
    if (index < ids.size()) ids[index] = id;
  }
  for (unsigned index = 0; index < scale.services; ++index) {
    if (ids[index] == 0) return Error{0, "the maps have no Service svc-" + std::to_string(index)};
  }
  return ChangeProbe(std::move(reader), api, scale, std::move(ids));
}

// Of the version that the server has already: it says so itself in its next bookmark.
std::string ChangeProbe::event_line(unsigned index, const std::string& address) const {
  fake_api::Json slice = fake_api::scale_slice(scale_, index, 0);
  slice["endpoints"][0]["addresses"][0] = address;
  slice["metadata"]["resourceVersion"] = std::to_string(api_.api().version());
  slice["metadata"]["uid"] = "5a11f0a7-1111-4000-8000-000000000000";
  slice["metadata"]["creationTimestamp"] = "2026-01-05T12:00:00Z";
  return R"({"type":"MODIFIED","object":)" + slice.dump() + "}\n";
}

bool ChangeProbe::has_backend(std::uint32_t id, const std::string& address) const {
  const sp_service_val row = reader_.services()[id];
  for (std::uint32_t i = 0; i < row.slot_count; ++i) {
    if (Ip(reader_.backends()[reader_.slots()[row.slot_base + i]].addr).text() == address) return true;
  }
  return false;
}

Result<double> ChangeProbe::change(unsigned index) {
  const unsigned number = changes_++;
  const std::string address = "10.200." + std::to_string(number / 250 % 250) + "." + std::to_string(number % 250 + 1);
  const fake_api::WatchOrder order{
      .what = fake_api::WatchOrder::What::raw, .resource = "endpointslices", .text = event_line(index, address)};
  // Slot base and slot count, which packets load as one.
  SP_TRY_ASSIGN(took, time_order(api_, order, &reader_.services()[ids_.at(index)].slot_base));
  if (!has_backend(ids_.at(index), address)) {
    return Error{0, "the maps give svc-" + std::to_string(index) + " another backend than " + address};
  }
  return took;
}

}  // namespace sp::bench
