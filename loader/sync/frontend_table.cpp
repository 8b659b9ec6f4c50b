// SPDX-License-Identifier: Apache-2.0
// FrontendTable: hash rows; frontends in batches, ranges one by one.
#include "loader/sync/frontend_table.h"

#include <algorithm>
#include <iterator>

#include "loader/util/sort_unique.h"

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
  sort_unique(out);
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
  Puts batch = puts(services, pass);
  for (const auto& [frontend, row] : pass.desired.frontends) {
    put_row(frontend, row, services, pass, batch);
  }
  batch.flush();
}

void FrontendTable::put_frontend(const compile::Frontend& frontend, ServiceTable& services, Pass& pass) {
  const auto wanted = pass.desired.frontends.find(frontend);
  if (wanted != pass.desired.frontends.end()) {
    Puts batch = puts(services, pass);
    put_row(frontend, wanted->second, services, pass, batch);
    batch.flush();
  }
}

FrontendTable::Puts FrontendTable::puts(ServiceTable& services, Pass& pass) {
  return {tables_.frontends, [this, &services, &pass](const Put& put) { settle(put, services, pass); },
          [&pass](const Put& put, const Error& error) {
            pass.report.problems.push_back("frontend " + frontend_text(*put.frontend) + " of service " +
                                           put.row->service.text() + " is not in force: " + error.text());
            pass.pending.frontends.insert(*put.frontend);
          }};
}

void FrontendTable::put_row(const compile::Frontend& frontend, const compile::FrontendRow& row, ServiceTable& services,
                            Pass& pass, Puts& puts) {
  const compile::FrontendRow* const known = frontends_.find(frontend);
  if (known != nullptr && *known == row) {
    return;
  }
  // Until everything is listed, the service that has this frontend may only not have been seen yet.
  if (known != nullptr && !pass.may_delete && !known->service.empty() &&
      !pass.desired.services.contains(known->service)) {
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
  puts.add(key_of(frontend), value, {&frontend, &row, known, service});
}

// The row is in force.
void FrontendTable::settle(const Put& put, ServiceTable& services, Pass& pass) {
  ++put.service->frontends;
  ++pass.report.frontends_written;
  LiveService* const previous = put.known == nullptr ? nullptr : services.find(put.known->service);
  if (previous != nullptr) {
    --previous->frontends;
    if (put.frontend->protocol == Protocol::udp) {
      move_flows(*put.known, *put.row, *previous, services, pass);
    }
  }
  frontends_.put(*put.frontend, *put.row);
}

// A client that keeps sending meets the Pod that has the port now; what leads from Service to Service moves as
// the Services' endpoints do.
void FrontendTable::move_flows(const compile::FrontendRow& before, const compile::FrontendRow& now,
                               const LiveService& previous, ServiceTable& services, Pass& pass) {
  if (before.service != now.service && before.kind == SP_KIND_HOST_PORT) {
    services.move_flows(previous, ServiceTable::Moved::all, pass);
  } else if (before.service != now.service && now.kind == SP_KIND_HOST_PORT) {
    services.move_flows(previous, ServiceTable::Moved::abandoned, pass);
  }
}

void FrontendTable::erase_frontends(ServiceTable& services, Pass& pass) {
  // After put_frontends(): all that are wanted are in force. If there are as many in force, none of them is another
  // one.
  if (pass.pending.frontends.empty() && frontends_.size() == pass.desired.frontends.size()) {
    return;
  }
  std::vector<compile::Frontend> missing;
  frontends_.for_each([&](const compile::Frontend& frontend) {
    if (!pass.desired.frontends.contains(frontend)) {
      missing.push_back(frontend);
    }
  });
  std::sort(missing.begin(), missing.end());
  for (const compile::Frontend& frontend : missing) {
    erase(frontend, services, pass);
  }
}

void FrontendTable::erase_frontend_if_missing(const compile::Frontend& frontend, ServiceTable& services, Pass& pass) {
  if (frontends_.find(frontend) != nullptr && !pass.desired.frontends.contains(frontend)) {
    erase(frontend, services, pass);
  }
}

void FrontendTable::erase(const compile::Frontend& frontend, ServiceTable& services, Pass& pass) {
  const compile::SharedName name = frontends_.find(frontend)->service;
  if (auto done = tables_.frontends.erase(key_of(frontend)); !done) {
    pass.report.problems.push_back("frontend " + frontend_text(frontend) + " of service " + name.text() +
                                   " is not erased: " + done.error().text());
    pass.pending.frontends.insert(frontend);
    return;
  }
  if (LiveService* service = services.find(name); service != nullptr) {
    --service->frontends;
  }
  ++pass.report.frontends_erased;
  frontends_.erase(frontend);
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
