/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Switches that are fixed when the programs are loaded; at most six. tests/verifier loads every permutation.
 * What changes while packets flow is in sp_config (maps/config.h).
 */
#ifndef SP_BPF_CONFIG_H
#define SP_BPF_CONFIG_H

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

/* Packets and bytes are counted for each service, in sp_svc_stats. */
__weak const volatile bool sp_cfg_service_stats = true;
/* Drops and rejects are written to the sp_events ring, rate-limited. */
__weak const volatile bool sp_cfg_events = true;

#endif
