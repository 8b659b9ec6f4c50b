/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Every map, and nothing else. maps/README.md says who writes, who reads and what "full" means.
 *
 * Definitions are weak so that each object file can include this header and `bpftool gen object` merges them into one.
 * All are pinned by name under the agent's --pin-path.
 */
#ifndef SP_BPF_MAPS_H
#define SP_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "maps/addr.h"
#include "maps/backend.h"
#include "maps/config.h"
#include "maps/device.h"
#include "maps/filter.h"
#include "maps/flow.h"
#include "maps/limits.h"
#include "maps/network.h"
#include "maps/service.h"
#include "maps/socket.h"
#include "maps/stats.h"

#define SP_MAP __weak SEC(".maps")

/*
 * A pair in the making: too big for the 512 bytes of stack, and the arguments of the global functions of pair.h, which
 * the verifier checks once each. One packet at a time uses it: XDP and tc run with softirqs off. Members are as long as
 * those of IPv6; IPv4 uses the start of each.
 */
struct scratch {
	/* Also the copy of the embryo that a packet of either direction works with. */
	struct sp_embryo6_val request;
	struct sp_embryo6_val reply;
	struct sp_flow6_key key;
	struct sp_flow6_key reply_key;
	/* Request key of an embryo that has to go. */
	struct sp_flow6_key victim;
	/* Start of a frame that tc answers: link header with two tags, and a quote (icmp.h). */
	__u8 head[152];
	/* CLOCK_MONOTONIC of this CPU's last event. */
	__u64 last_event_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SP_MAX_FLOWS4);
	__type(key, struct sp_flow4_key);
	__type(value, struct sp_flow4_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_flows4 SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SP_MAX_FLOWS6);
	__type(key, struct sp_flow6_key);
	__type(value, struct sp_flow6_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_flows6 SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SP_MAX_EMBRYOS4);
	__type(key, struct sp_flow4_key);
	__type(value, struct sp_embryo4_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_embryos4 SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SP_MAX_EMBRYOS6);
	__type(key, struct sp_flow6_key);
	__type(value, struct sp_embryo6_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_embryos6 SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SP_MAX_FRONTENDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sp_frontend_key);
	__type(value, struct sp_frontend_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_frontends SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SP_FILTER_WORDS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_filter SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SP_MAX_SERVICES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sp_service_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_services SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SP_MAX_SERVICES);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_cursors SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SP_MAX_SERVICES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct sp_service_name);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_svc_names SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SP_MAX_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_slots SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SP_MAX_BACKENDS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sp_backend_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_backends SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SP_MAX_AFFINITY);
	__type(key, struct sp_affinity_key);
	__type(value, struct sp_affinity_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_affinity SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, SP_MAX_SOURCE_RANGES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sp_source_range_key);
	__type(value, __u8);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_source_range SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sp_networks_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_networks SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SP_MAX_SERVICE_IPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sp_addr);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_service_ips SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sp_sock_conn);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_sock_conns SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SP_MAX_SOCK_PEERS);
	__type(key, struct sp_sock_peer_key);
	__type(value, struct sp_sock_peer_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_sock_peers SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SP_MAX_DEVICES);
	__type(key, __u32);
	__type(value, struct sp_device_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_devices SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, SP_MAX_DEVICES);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_tx_ports SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sp_config_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_config SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SP_REASON_MAX_);
	__type(key, __u32);
	__type(value, struct sp_counter_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_counters SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SP_MAX_SERVICES);
	__type(key, __u32);
	__type(value, struct sp_service_stats_val);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_svc_stats SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SP_EVENT_RING_BYTES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sp_events SP_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} sp_scratch SP_MAP;

#endif
