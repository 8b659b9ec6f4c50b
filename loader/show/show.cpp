// SPDX-License-Identifier: Apache-2.0
// `get` and `status`.
#include "loader/show/show.h"

#include <spdlog/fmt/fmt.h>

#include "loader/kernel/reader.h"
#include "loader/show/sheets.h"
#include "loader/show/words.h"

namespace sp::show {
namespace {

using kernel::Reader;

Result<Sheet> sheet_of(const Reader& reader, What what) {
  switch (what) {
    case What::frontends:
      return frontends_sheet(reader);
    case What::services:
      return services_sheet(reader);
    case What::backends:
      return backends_sheet(reader);
    case What::devices:
      return devices_sheet(reader);
    case What::flows:
      break;
  }
  return flows_sheet(reader);
}

Result<std::string> devices_text(const Reader& reader) {
  SP_TRY_ASSIGN(sheet, attached_sheet(reader));
  SP_TRY_ASSIGN(pods, pod_devices_line(reader));
  return (sheet.empty() ? std::string("attached to no device that faces clients\n") : sheet.table()) + pods;
}

Result<std::string> usage_table(const Reader& reader) {
  SP_TRY_ASSIGN(frontends, reader.frontends());
  SP_TRY_ASSIGN(names, reader.service_names());
  SP_TRY_ASSIGN(flows4, reader.flows4_usage());
  SP_TRY_ASSIGN(flows6, reader.flows6_usage());
  SP_TRY_ASSIGN(embryos4, reader.embryos4_usage());
  SP_TRY_ASSIGN(embryos6, reader.embryos6_usage());
  std::uint64_t backends = 0;
  for (const sp_backend_val& backend : reader.backends()) backends += (backend.flags & SP_BACKEND_USED) != 0 ? 1 : 0;
  Sheet sheet({"table", "used", "max"});
  // Row 0 of services and backends is never used.
  sheet.add({"frontends", std::uint64_t{frontends.size()}, std::uint64_t{reader.max_frontends()}});
  sheet.add({"services", std::uint64_t{names.size()}, std::uint64_t{reader.services().size() - 1}});
  sheet.add({"backends", backends, std::uint64_t{reader.backends().size() - 1}});
  sheet.add({"flows IPv4", flows4.used, flows4.max});
  sheet.add({"flows IPv6", flows6.used, flows6.max});
  sheet.add({"embryos IPv4", embryos4.used, embryos4.max});
  sheet.add({"embryos IPv6", embryos6.used, embryos6.max});
  return sheet.table();
}

Result<std::string> counters_table(const Reader& reader) {
  struct Reason {
    std::size_t number;
    const char* name;
    const char* meaning;
  };
  static constexpr Reason kReasons[] = {
#define SP_REASON_ROW(symbol, number, name, text) {number, name, text},
      SP_REASONS(SP_REASON_ROW)
#undef SP_REASON_ROW
  };
  SP_TRY_ASSIGN(counters, reader.counters());
  Sheet sheet({"counter", "packets", "bytes", "meaning"});
  for (const Reason& reason : kReasons) {
    const sp_counter_val& counter = counters[reason.number];
    if (counter.packets == 0) continue;
    sheet.add({reason.name, std::uint64_t{counter.packets}, std::uint64_t{counter.bytes}, reason.meaning});
  }
  return sheet.empty() ? std::string("no packet seen yet\n") : sheet.table();
}

}  // namespace

Result<std::string> status(const std::filesystem::path& pin_path, std::string_view version) {
  SP_TRY_ASSIGN(reader, Reader::open(pin_path));
  SP_TRY_ASSIGN(devices, devices_text(reader));
  SP_TRY_ASSIGN(usage, usage_table(reader));
  SP_TRY_ASSIGN(counters, counters_table(reader));
  return fmt::format("sallyport{}{}, maps under {} (ABI version {}), route epoch {}\n\n{}\n{}\n{}",
                     version.empty() ? "" : " ", version, pin_path.string(), reader.config().abi_version,
                     reader.config().epochs.route, devices, usage, counters);
}

Result<std::string> get(const std::filesystem::path& pin_path, What what, Format format) {
  SP_TRY_ASSIGN(reader, Reader::open(pin_path));
  SP_TRY_ASSIGN(sheet, sheet_of(reader, what));
  return format == Format::json ? sheet.json() : sheet.table();
}

}  // namespace sp::show
