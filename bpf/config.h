/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Switches that are fixed when the programs are loaded; at most six. tests/verifier loads every permutation.
 * What changes while packets flow is in sp_config (maps/config.h).
 */
#ifndef SP_BPF_CONFIG_H
#define SP_BPF_CONFIG_H

#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

/* Packets and bytes are counted for each service, in sp_svc_stats. */
__weak const volatile bool sp_cfg_service_stats = true;
/* Drops and rejects are written to the sp_events ring, rate-limited. */
__weak const volatile bool sp_cfg_events = true;
/* Packets from outside to Pods of this node leave by the way that the Pod's device has open (maps/device.h). */
__weak const volatile bool sp_cfg_local_delivery = false;

/*
 * Parameters, no switches: how jiffies become ticks, ticks = (jiffies - base) * mult >> 32. The agent sets both from
 * the kernel's HZ (loader/kernel/tick.h); these are for 250, as Debian has it. Jiffies because bpf_jiffies64() is
 * inlined into one load: bpf_ktime_get_coarse_ns() took 15 of the 70 ns of an established packet (bench_prog).
 */
__weak const volatile __u64 sp_tick_base = (__u32)(-300 * 250);
__weak const volatile __u64 sp_tick_mult = 16000000;
/* bpf_get_netns_cookie() of the node: sockets of any other namespace are those of Pods. Set by the agent. */
__weak const volatile __u64 sp_host_netns = 0;

#endif
