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
  std::transform(ranges.begin(), ranges.end(), std::back_inserter(out), without_host_bits);
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

Prefix without_host_bits(const Prefix& range) {
  sp_addr raw = range.address.raw();
  const unsigned bits = range.bits + (range.address.family() == Family::v4 ? kMappedBits : 0);
  for (unsigned word = 0; word < 4; ++word) {
    const unsigned kept = bits > word * 32 ? std::min(bits - word * 32, 32U) : 0;
    const std::uint32_t mask = kept == 0 ? 0 : ~std::uint32_t{0} << (32 - kept);
    raw.w[word] &= __builtin_bswap32(mask);
  }
  return Prefix{Ip(raw), range.bits};
}

void FrontendTable::put_ranges(const compile::Desired& desired, ServiceTable& services, Report& report) {
  for (const auto& [name, wanted] : desired.source_ranges) {
    const LiveService* service = services.find(name);
    if (service == nullptr) {
      continue;
    }
    std::vector<Prefix>& in_force = ranges_[name];
    for (const Prefix& range : minus(canonical(wanted), in_force)) {
      if (auto done = tables_.source_ranges.update(key_of(range, service->id), 1); !done) {
        report.problems.push_back("source range " + range.text() + " of service " + name +
                                  " is not in force: " + done.error().text());
        continue;
      }
      in_force.insert(std::lower_bound(in_force.begin(), in_force.end(), range), range);
    }
  }
}

void FrontendTable::put_frontends(const compile::Desired& desired, ServiceTable& services, bool may_delete,
                                  Report& report) {
  auto it = frontends_.begin();
  for (const auto& [frontend, row] : desired.frontends) {
    while (it != frontends_.end() && it->first < frontend) {
      ++it;
    }
    const bool is_known = it != frontends_.end() && it->first == frontend;
    if (is_known && it->second == row) {
      continue;
    }
    // Until everything is listed, the service that has this frontend may only not have been seen yet.
    if (is_known && !may_delete && !it->second.service.empty() && !desired.services.contains(it->second.service)) {
      continue;
    }
    LiveService* service = services.find(row.service);
    if (service == nullptr) {
      continue;  // reported when there was no room for it
    }
    sp_frontend_val value{};
    value.service_id = service->id;
    value.flags = row.flags;
    value.kind = static_cast<__u16>(row.kind);
    if (auto done = tables_.frontends.update(key_of(frontend), value); !done) {
      report.problems.push_back("frontend " + frontend_text(frontend) + " of service " + row.service +
                                " is not in force: " + done.error().text());
      continue;
    }
    ++service->frontends;
    ++report.frontends_written;
    if (!is_known) {
      frontends_.emplace_hint(it, frontend, row);
      continue;
    }
    if (LiveService* previous = services.find(it->second.service); previous != nullptr) {
      --previous->frontends;
    }
    it->second = row;
  }
}

void FrontendTable::erase_frontends(const compile::Desired& desired, ServiceTable& services, Report& report) {
  auto wanted = desired.frontends.begin();
  for (auto it = frontends_.begin(); it != frontends_.end();) {
    while (wanted != desired.frontends.end() && wanted->first < it->first) {
      ++wanted;
    }
    if (wanted != desired.frontends.end() && wanted->first == it->first) {
      ++it;
      continue;
    }
    if (auto done = tables_.frontends.erase(key_of(it->first)); !done) {
      report.problems.push_back("frontend " + frontend_text(it->first) + " of service " + it->second.service +
                                " is not erased: " + done.error().text());
      ++it;
      continue;
    }
    if (LiveService* service = services.find(it->second.service); service != nullptr) {
      --service->frontends;
    }
    ++report.frontends_erased;
    it = frontends_.erase(it);
  }
}

void FrontendTable::erase_ranges(const compile::Desired& desired, ServiceTable& services, Report& report) {
  for (auto it = ranges_.begin(); it != ranges_.end();) {
    const auto wanted = desired.source_ranges.find(it->first);
    const LiveService* service = services.find(it->first);
    std::vector<Prefix> stale =
        minus(it->second, wanted == desired.source_ranges.end() ? std::vector<Prefix>{} : canonical(wanted->second));
    for (const Prefix& range : stale) {
      if (service != nullptr) {
        if (auto done = tables_.source_ranges.erase(key_of(range, service->id)); !done) {
          report.problems.push_back("source range " + range.text() + " of service " + it->first +
                                    " is not erased: " + done.error().text());
          continue;
        }
      }
      it->second.erase(std::lower_bound(it->second.begin(), it->second.end(), range));
    }
    it = it->second.empty() ? ranges_.erase(it) : std::next(it);
  }
}

}  // namespace sp::sync
