// SPDX-License-Identifier: Apache-2.0
// Where our programs run: devices that face clients, and devices of Pods.
#include <algorithm>
#include <map>

#include "loader/show/sheets.h"
#include "loader/show/words.h"

namespace sp::show {
namespace {

using kernel::AttachedProgram;
using kernel::Reader;

constexpr const char* kGone = "device gone";

struct Line {
  std::string xdp, ingress, egress;
};
using Lines = std::map<std::uint32_t, Line>;

std::string xdp_text(const AttachedProgram& program) {
  if (program.device_gone) return kGone;
  if (!program.xdp_mode) return "not in this network namespace";
  return *program.xdp_mode == kernel::XdpMode::native ? "native" : "generic";
}

std::string tc_text(const AttachedProgram& program) {
  if (program.device_gone) return kGone;
  return program.by_link ? "tcx" : "clsact";
}

Lines lines_of(const std::vector<AttachedProgram>& programs) {
  Lines lines;
  for (const AttachedProgram& program : programs) {
    Line& line = lines[program.ifindex];
    if (program.program == SP_PROG_XDP) {
      line.xdp = xdp_text(program);
    } else {
      const bool ingress = program.program == SP_PROG_TC_INGRESS || program.program == SP_PROG_POD_INGRESS;
      (ingress ? line.ingress : line.egress) = tc_text(program);
    }
  }
  return lines;
}

std::string snat_text(const sp_device_val& row, std::uint32_t flag, const sp_addr& address) {
  return (row.flags & flag) != 0 ? Ip(address).text() : std::string();
}

std::vector<std::string> flag_words(std::uint32_t flags) {
  std::vector<std::string> words;
  if ((flags & SP_DEVICE_XDP_TX) != 0) words.emplace_back("xdp-tx");
  if ((flags & SP_DEVICE_PODS) != 0) words.emplace_back("pods");
  if ((flags & SP_DEVICE_PEER) != 0) words.emplace_back("peer");
  return words;
}

}  // namespace

Result<Sheet> attached_sheet(const Reader& reader) {
  SP_TRY_ASSIGN(programs, reader.attached());
  Sheet sheet({"device", "ifindex", "xdp", "tc_ingress", "tc_egress"});
  for (const auto& [ifindex, line] : lines_of(programs)) {
    sheet.add({device_text(ifindex), std::uint64_t{ifindex}, line.xdp, line.ingress, line.egress});
  }
  return sheet;
}

Result<std::string> pod_devices_line(const Reader& reader) {
  SP_TRY_ASSIGN(programs, reader.attached_pods());
  std::map<std::string, std::size_t> counts;
  for (const auto& [ifindex, line] : lines_of(programs)) {
    const bool whole = !line.ingress.empty() && !line.egress.empty();
    ++counts[whole ? line.ingress == kGone ? kGone : "by " + line.ingress : "half attached"];
  }
  std::string text;
  for (const auto& [how, devices] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(devices) + " " + how;
  }
  return "devices of Pods: " + (text.empty() ? "none" : text + "; `sallyport get devices` lists them") + "\n";
}

Result<Sheet> devices_sheet(const Reader& reader) {
  SP_TRY_ASSIGN(external, reader.attached());
  SP_TRY_ASSIGN(pods, reader.attached_pods());
  SP_TRY_ASSIGN(rows, reader.devices());
  Sheet sheet({"device", "ifindex", "faces", "xdp", "tc_ingress", "tc_egress", "mtu", "snat4", "snat6", "flags"});
  const auto add = [&](const Lines& lines, const char* faces) {
    for (const auto& [ifindex, line] : lines) {
      const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first == ifindex; });
      const sp_device_val row = found == rows.end() ? sp_device_val{} : found->second;
      sheet.add({device_text(ifindex), std::uint64_t{ifindex}, faces, line.xdp, line.ingress, line.egress,
                 std::uint64_t{row.mtu}, snat_text(row, SP_DEVICE_HAS_SNAT4, row.snat4),
                 snat_text(row, SP_DEVICE_HAS_SNAT6, row.snat6), flag_words(row.flags)});
    }
  };
  add(lines_of(external), "clients");
  add(lines_of(pods), "pods");
  return sheet;
}

}  // namespace sp::show
