/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* This CPU's scratch row (maps.bpf.h), and its keys with the family folded away. */
#ifndef SP_BPF_SCRATCH_H
#define SP_BPF_SCRATCH_H

#include "bpf/maps.bpf.h"
#include "bpf/tuple.h"

static __always_inline struct scratch *scratch_row(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sp_scratch, &zero);
}

static __always_inline struct flow_key *scratch_key(struct scratch *scratch)
{
	return (struct flow_key *)&scratch->key;
}

static __always_inline struct flow_key *scratch_reply_key(struct scratch *scratch)
{
	return (struct flow_key *)&scratch->reply_key;
}

static __always_inline struct flow_key *scratch_victim(struct scratch *scratch)
{
	return (struct flow_key *)&scratch->victim;
}

#endif
