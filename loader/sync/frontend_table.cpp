// SPDX-License-Identifier: Apache-2.0
// FrontendTable: hash rows, written one by one.
#include "loader/sync/frontend_table.h"

#include <algorithm>
#include <iterator>

namespace sp::sync {
namespace {

constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96 before an IPv4 address

std::string frontend_text(const compile::Frontend& frontend) {
  const std::string host = frontend.ip.family() == Family::v4 ? frontend.ip.text() : "[" + frontend.ip.text() + "]";
  return host + ":" + std::to_string(frontend.port) + "/" + std::string(to_string(frontend.protocol));
}

std::vector<Prefix> canonical(const std::vector<Prefix>& ranges) {
  std::vector<Prefix> out;
  out.reserve(ranges.size());
  std::transform(ranges.begin(), ranges.end(), std::back_inserter(out), [](const Prefix& r) { return r.network(); });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Prefix> minus(const std::vector<Prefix>& from, const std::vector<Prefix>& what) {
  std::vector<Prefix> out;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(), std::back_inserter(out));
  return out;
}

}  // namespace

sp_frontend_key key_of(const compile::Frontend& frontend) {
  sp_frontend_key key{};
  key.addr = frontend.ip.raw();
  key.port = Be16::from_host(frontend.port).raw;
  key.proto = static_cast<__u8>(frontend.protocol);
  key.scope = static_cast<__u8>(frontend.scope);
  return key;
}

sp_source_range_key key_of(const Prefix& range, std::uint32_t service_id) {
  sp_source_range_key key{};
  key.prefix_bits = 32 + range.bits + (range.address.family() == Family::v4 ? kMappedBits : 0);
  key.service_id = __builtin_bswap32(service_id);
  key.addr = range.address.raw();
  return key;
}

void FrontendTable::put_ranges(ServiceTable& services, Pass& pass) {
  for (const auto& [name, wanted] : pass.desired.source_ranges) {
    add_ranges(name, wanted, services, pass);
  }
}

void FrontendTable::put_range(const std::string& service, ServiceTable& services, Pass& pass) {
  const auto wanted = pass.desired.source_ranges.find(service);
  if (wanted != pass.desired.source_ranges.end()) {
    add_ranges(service, wanted->second, services, pass);
  }
}

void FrontendTable::add_ranges(const std::string& name, const std::vector<Prefix>& wanted, ServiceTable& services,
                               Pass& pass) {
  const LiveService* service = services.find(name);
  if (service == nullptr) {
    pass.pending.source_ranges.insert(name);
    return;
  }
  std::vector<Prefix>& in_force = ranges_[name];
  for (const Prefix& range : minus(canonical(wanted), in_force)) {
    if (auto done = tables_.source_ranges.update(key_of(range, service->id), 1); !done) {
      pass.report.problems.push_back("source range " + range.text() + " of service " + name +
                                     " is not in force: " + done.error().text());
      pass.pending.source_ranges.insert(name);
      continue;
    }
    in_force.insert(std::lower_bound(in_force.begin(), in_force.end(), range), range);
  }
}

void FrontendTable::put_frontends(ServiceTable& services, Pass& pass) {
  auto it = frontends_.begin();
  for (const auto& [frontend, row] : pass.desired.frontends) {
    while (it != frontends_.end() && it->first < frontend) {
      ++it;
    }
    put_row(it, it != frontends_.end() && it->first == frontend, frontend, row, services, pass);
  }
}

void FrontendTable::put_frontend(const compile::Frontend& frontend, ServiceTable& services, Pass& pass) {
  const auto wanted = pass.desired.frontends.find(frontend);
  if (wanted != pass.desired.frontends.end()) {
    const auto known = frontends_.lower_bound(frontend);
    put_row(known, known != frontends_.end() && known->first == frontend, frontend, wanted->second, services, pass);
  }
}

// `known` is the frontend's row, or where it belongs.
void FrontendTable::put_row(Frontends::iterator known, bool is_known, const compile::Frontend& frontend,
                            const compile::FrontendRow& row, ServiceTable& services, Pass& pass) {
  if (is_known && known->second == row) {
    return;
  }
  // Until everything is listed, the service that has this frontend may only not have been seen yet.
  if (is_known && !pass.may_delete && !known->second.service.empty() &&
      !pass.desired.services.contains(known->second.service)) {
    return;
  }
  LiveService* service = services.find(row.service);
  if (service == nullptr) {
    pass.pending.frontends.insert(frontend);  // reported when there was no room for the service
    return;
  }
  sp_frontend_val value{};
  value.service_id = service->id;
  value.flags = row.flags;
  value.kind = static_cast<__u16>(row.kind);
  if (auto done = tables_.frontends.update(key_of(frontend), value); !done) {
    pass.report.problems.push_back("frontend " + frontend_text(frontend) + " of service " + row.service +
                                   " is not in force: " + done.error().text());
    pass.pending.frontends.insert(frontend);
    return;
  }
  ++service->frontends;
  ++pass.report.frontends_written;
  if (!is_known) {
    frontends_.emplace_hint(known, frontend, row);
    return;
  }
  if (LiveService* previous = services.find(known->second.service); previous != nullptr) {
    --previous->frontends;
    if (frontend.protocol == Protocol::udp) {
      move_flows(known->second, row, *previous, services);
    }
  }
  known->second = row;
}

// A client that keeps sending meets the Pod that has the port now; what leads from Service to Service moves as
// the Services' endpoints do.
void FrontendTable::move_flows(const compile::FrontendRow& before, const compile::FrontendRow& now,
                               const LiveService& previous, ServiceTable& services) {
  if (before.service != now.service && before.kind == SP_KIND_HOST_PORT) {
    services.move_flows(previous, ServiceTable::Moved::all);
  } else if (before.service != now.service && now.kind == SP_KIND_HOST_PORT) {
    services.move_flows(previous, ServiceTable::Moved::abandoned);
  }
}

void FrontendTable::erase_frontends(ServiceTable& services, Pass& pass) {
  auto wanted = pass.desired.frontends.begin();
  for (auto it = frontends_.begin(); it != frontends_.end();) {
    while (wanted != pass.desired.frontends.end() && wanted->first < it->first) {
      ++wanted;
    }
    const bool is_wanted = wanted != pass.desired.frontends.end() && wanted->first == it->first;
    it = is_wanted ? std::next(it) : erase(it, services, pass);
  }
}

void FrontendTable::erase_frontend_if_missing(const compile::Frontend& frontend, ServiceTable& services, Pass& pass) {
  const auto found = frontends_.find(frontend);
  if (found != frontends_.end() && !pass.desired.frontends.contains(frontend)) {
    static_cast<void>(erase(found, services, pass));
  }
}

FrontendTable::Frontends::iterator FrontendTable::erase(Frontends::iterator row, ServiceTable& services, Pass& pass) {
  const auto& [frontend, value] = *row;
  if (auto done = tables_.frontends.erase(key_of(frontend)); !done) {
    pass.report.problems.push_back("frontend " + frontend_text(frontend) + " of service " + value.service +
                                   " is not erased: " + done.error().text());
    pass.pending.frontends.insert(frontend);
    return std::next(row);
  }
  if (LiveService* service = services.find(value.service); service != nullptr) {
    --service->frontends;
  }
  ++pass.report.frontends_erased;
  return frontends_.erase(row);
}

void FrontendTable::erase_ranges(ServiceTable& services, Pass& pass) {
  for (auto it = ranges_.begin(); it != ranges_.end();) {
    it = drop_stale(it, services, pass);
  }
}

void FrontendTable::erase_stale_range(const std::string& service, ServiceTable& services, Pass& pass) {
  if (const auto found = ranges_.find(service); found != ranges_.end()) {
    static_cast<void>(drop_stale(found, services, pass));
  }
}

FrontendTable::Ranges::iterator FrontendTable::drop_stale(Ranges::iterator ranges, ServiceTable& services, Pass& pass) {
  auto& [name, in_force] = *ranges;
  const auto wanted = pass.desired.source_ranges.find(name);
  const LiveService* service = services.find(name);
  const bool is_wanted = wanted != pass.desired.source_ranges.end();
  for (const Prefix& range : minus(in_force, is_wanted ? canonical(wanted->second) : std::vector<Prefix>{})) {
    if (service != nullptr) {
      if (auto done = tables_.source_ranges.erase(key_of(range, service->id)); !done) {
        pass.report.problems.push_back("source range " + range.text() + " of service " + name +
                                       " is not erased: " + done.error().text());
        pass.pending.source_ranges.insert(name);
        continue;
      }
    }
    in_force.erase(std::lower_bound(in_force.begin(), in_force.end(), range));
  }
  return in_force.empty() ? ranges_.erase(ranges) : std::next(ranges);
}

}  // namespace sp::sync
