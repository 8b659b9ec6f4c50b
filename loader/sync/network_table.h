// SPDX-License-Identifier: Apache-2.0
// NetworkTable: the row of sp_networks, and the addresses of sp_service_ips in force.
//
// Order of use: addresses are put, then networks, then addresses are erased. An address of the node is thus never
// inside a range whose other addresses are nobody's without being excepted from it.
#pragma once

#include <map>
#include <utility>

#include "loader/compile/desired.h"
#include "loader/sync/pass.h"
#include "loader/sync/row_batch.h"
#include "loader/sync/tables.h"

namespace sp::sync {

class NetworkTable {
 public:
  using ServiceIps = std::map<Ip, sp_service_ip>;

  // Takes over `service_ips`, which were adopted.
  NetworkTable(const Tables& tables, ServiceIps service_ips) : tables_(tables), service_ips_(std::move(service_ips)) {}

  // Each for all addresses, and for one.
  void put_service_ips(Pass& pass);
  void put_service_ip(const Ip& ip, Pass& pass);
  void erase_service_ips(Pass& pass);
  void erase_service_ip_if_missing(const Ip& ip, Pass& pass);

  // Without pass.may_delete, ranges of Services stay as they are: who has the addresses in them is not known yet.
  void put_networks(Pass& pass);

 private:
  void put_networks_of(Family family, Pass& pass);
  // An address on its way.
  struct Put {
    ServiceIps::iterator known;  // its row, or where it belongs
    bool is_known;
    Ip ip;
    sp_service_ip fate;
  };
  using Puts = RowBatch<sp_addr, __u32, Put>;
  [[nodiscard]] Puts puts(Pass& pass);
  static void put(const Put& put, Puts& puts);
  // Returns the next one.
  [[nodiscard]] ServiceIps::iterator erase(ServiceIps::iterator address, Pass& pass);

  Tables tables_;
  ServiceIps service_ips_;
};

}  // namespace sp::sync
