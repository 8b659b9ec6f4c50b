/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * connect(): which backend a process gets for the frontend that it dials, or what it is told instead.
 */
#ifndef SP_BPF_DIAL_H
#define SP_BPF_DIAL_H

#include "bpf/network.h"
#include "bpf/service.h"
#include "bpf/socket.h"

#define ECONNREFUSED 111

/* Return values of a hook */
#define HOOK_DENY  0
#define HOOK_ALLOW 1

/* Processes are interrupted by packets, and by each other: unlike count(), this loses nothing. */
static __always_inline void note(enum sp_reason reason)
{
	__u32 index = reason;
	struct sp_counter_val *counter = bpf_map_lookup_elem(&sp_counters, &index);

	if (counter)
		__sync_fetch_and_add(&counter->packets, 1);
}

/* A negative reason as the answer to connect() or sendmsg(). Drops are left to the packet path: silence is theirs. */
static __always_inline int refuse(int reason)
{
	if (!reason || -reason >= SP_REASON_DROP_FIRST)
		return HOOK_ALLOW;
	note(-reason);
	bpf_set_retval(-ECONNREFUSED);
	return HOOK_DENY;
}

static __always_inline int translated_protocol(const struct bpf_sock_addr *ctx)
{
	return ctx->protocol == IPPROTO_TCP || ctx->protocol == IPPROTO_UDP;
}

/* The row of what the process dials, for processes like it. */
static __always_inline struct sp_frontend_val *frontend_dialled(struct bpf_sock_addr *ctx, const struct endpoint *to)
{
	__u8 scope = bpf_get_netns_cookie(ctx) == sp_host_netns ? SP_SCOPE_HOST : SP_SCOPE_POD;
	struct sp_frontend_key key = {.addr = to->addr};

	return frontend_find(&key, to->port, (__u8)ctx->protocol, scope);
}

/* The answer to a process that dials what is no frontend. */
static __always_inline int refuse_unserved(const struct endpoint *to)
{
	return refuse(endpoint_is_ipv4(to) ? unserved(&to->addr, AF4) : unserved(&to->addr, AF6));
}

/*
 * All sockets of a network namespace are one client: of its addresses, the socket has often none yet. As an address
 * the words would be that of a whole /64 network, which is no client's.
 */
static __always_inline int choose(struct bpf_sock_addr *ctx, __u32 service_id, struct choice *choice)
{
	__u64 cookie = bpf_get_netns_cookie(ctx);
	struct sp_affinity_key affinity = {};

	affinity.client.w[0] = (__u32)cookie;
	affinity.client.w[1] = (__u32)(cookie >> 32);
	return backend_choose(service_id, &affinity, choice);
}

/* Remembers which backend the socket has for a frontend. */
static __always_inline void peer_store(struct bpf_sock_addr *ctx, const struct endpoint *to,
				       const struct choice *choice, __u16 flags)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct sp_sock_peer_key key;
	struct sp_sock_peer_val val = {
	    .addr = choice->backend->addr,
	    .port = choice->backend->port,
	    .flags = flags,
	    .backend_id = choice->backend_id,
	    .backend_generation = choice->backend->generation,
	    .netns_cookie = bpf_get_netns_cookie(ctx),
	};

	peer_key(&key, cookie, &to->addr, to->port, SP_SOCK_TO_BACKEND);
	bpf_map_update_elem(&sp_sock_peers, &key, &val, BPF_ANY);
	if (flags & SP_SOCK_CONNECTED)
		return;
	val.addr = to->addr;
	val.port = to->port;
	peer_key(&key, cookie, &choice->backend->addr, choice->backend->port, SP_SOCK_TO_FRONTEND);
	bpf_map_update_elem(&sp_sock_peers, &key, &val, BPF_ANY);
}

static __always_inline int sock_connect(struct bpf_sock_addr *ctx, const enum af af)
{
	struct sp_frontend_val *frontend;
	struct sp_sock_conn *conn;
	struct choice choice;
	struct endpoint to;
	int reason;

	if (!translated_protocol(ctx))
		return HOOK_ALLOW;
	endpoint_read(&to, ctx, af);
	conn_forget(ctx);
	frontend = frontend_dialled(ctx, &to);
	if (!frontend)
		return refuse_unserved(&to);
	if (frontend->flags & SP_FRONTEND_PACKETS)
		return HOOK_ALLOW;
	reason = choose(ctx, frontend->service_id, &choice);
	if (reason)
		return refuse(reason);
	conn = conn_make(ctx);
	if (!conn)
		return HOOK_ALLOW;
	conn->claimed = 1;
	conn_set(conn, &to, choice.backend);
	if (ctx->protocol == IPPROTO_UDP)
		peer_store(ctx, &to, &choice, SP_SOCK_CONNECTED);
	endpoint_write(ctx, &choice.backend->addr, choice.backend->port, af);
	note(SP_NOTE_SOCKET_CONNECT);
	return HOOK_ALLOW;
}

#endif
