// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Socket hooks: a process that dials a frontend gets a backend in its place, before there is a packet. From then on
 * its packets are plain: nothing is translated, no flow is stored. It is told the frontend wherever it asks who its
 * peer is.
 *
 * What a hook leaves alone goes its way as a packet, and the packet path decides.
 */
#include "bpf/network.h"
#include "bpf/service.h"
#include "bpf/socket.h"

#define ECONNREFUSED 111
/* enum of net/tcp_states.h: a socket of any protocol that has a peer */
#define TCP_ESTABLISHED 1

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

static __always_inline int connected(struct bpf_sock_addr *ctx)
{
	return ctx->sk && ctx->sk->state == TCP_ESTABLISHED;
}

/* May a datagram still go to the backend that its socket has had for this frontend? */
static __always_inline int peer_serves(struct bpf_sock_addr *ctx, const struct sp_sock_peer_val *peer, __u32 service_id)
{
	__u32 id = peer->backend_id;
	struct sp_backend_val *backend = bpf_map_lookup_elem(&sp_backends, &id);

	if (backend && backend->generation == peer->backend_generation && backend->service_id == service_id)
		return 1;
	/* A connected socket hears nobody else: it stays until the agent ends it. */
	return (peer->flags & SP_SOCK_CONNECTED) && connected(ctx);
}

static __always_inline int sock_sendmsg(struct bpf_sock_addr *ctx, const enum af af)
{
	struct sp_frontend_val *frontend;
	struct sp_sock_peer_val *peer;
	struct sp_sock_peer_key key;
	struct sp_sock_conn *conn;
	struct choice choice;
	struct endpoint to;
	int reason;

	if (ctx->protocol != IPPROTO_UDP)
		return HOOK_ALLOW;
	endpoint_read(&to, ctx, af);
	frontend = frontend_dialled(ctx, &to);
	if (!frontend)
		return refuse_unserved(&to);
	if (frontend->flags & SP_FRONTEND_PACKETS)
		return HOOK_ALLOW;
	peer_key(&key, bpf_get_socket_cookie(ctx), &to.addr, to.port, SP_SOCK_TO_BACKEND);
	peer = bpf_map_lookup_elem(&sp_sock_peers, &key);
	if (peer && peer_serves(ctx, peer, frontend->service_id)) {
		endpoint_write(ctx, &peer->addr, peer->port, af);
		note(SP_NOTE_SOCKET_SEND);
		return HOOK_ALLOW;
	}
	reason = choose(ctx, frontend->service_id, &choice);
	if (reason)
		return refuse(reason);
	/* Without it the answers would come from a stranger (sock_recvmsg). */
	conn = conn_make(ctx);
	if (!conn)
		return HOOK_ALLOW;
	/* Most sockets talk to one frontend: its rows go with the socket. Two threads may send at once. */
	if (!conn->claimed && !__sync_val_compare_and_swap(&conn->claimed, 0, 1))
		conn_set(conn, &to, choice.backend);
	if (peer)
		note(SP_NOTE_SOCKET_MOVED);
	peer_store(ctx, &to, &choice, 0);
	endpoint_write(ctx, &choice.backend->addr, choice.backend->port, af);
	note(SP_NOTE_SOCKET_SEND);
	return HOOK_ALLOW;
}

/* The frontend that the socket has connected to, when the hook speaks of that connection. */
static __always_inline void conn_unmask(struct bpf_sock_addr *ctx, const struct sp_sock_conn *conn,
					const struct endpoint *from, const enum af af)
{
	if (endpoint_is(from, &conn->backend, conn->backend_port))
		endpoint_write(ctx, &conn->frontend, conn->frontend_port, af);
}

/* Sockets that never sent a datagram by way of us, servers above all, are done after a look at their storage. */
static __always_inline int sock_recvmsg(struct bpf_sock_addr *ctx, const enum af af)
{
	struct sp_sock_conn *conn = conn_of(ctx);
	struct sp_sock_peer_val *peer;
	struct sp_sock_peer_key key;
	struct endpoint from;

	if (!conn)
		return HOOK_ALLOW;
	endpoint_read(&from, ctx, af);
	if (connected(ctx)) {
		conn_unmask(ctx, conn, &from, af);
		return HOOK_ALLOW;
	}
	/* Two frontends may have this backend: the one that was dialled last is waiting. */
	peer_key(&key, bpf_get_socket_cookie(ctx), &from.addr, from.port, SP_SOCK_TO_FRONTEND);
	peer = bpf_map_lookup_elem(&sp_sock_peers, &key);
	if (peer)
		endpoint_write(ctx, &peer->addr, peer->port, af);
	else
		conn_unmask(ctx, conn, &from, af);
	return HOOK_ALLOW;
}

static __always_inline int sock_peername(struct bpf_sock_addr *ctx, const enum af af)
{
	struct sp_sock_conn *conn = conn_of(ctx);
	struct endpoint from;

	if (!conn)
		return HOOK_ALLOW;
	endpoint_read(&from, ctx, af);
	conn_unmask(ctx, conn, &from, af);
	return HOOK_ALLOW;
}

/* A socket is closed: rows of sockets that live shall not be evicted for those of dead ones. */
SEC("cgroup/sock_release")
int sp_release(struct bpf_sock *ctx)
{
	struct sp_sock_conn *conn = bpf_sk_storage_get(&sp_sock_conns, ctx, NULL, 0);
	struct sp_sock_peer_key key;
	__u64 cookie;

	if (!conn || !conn->backend_port || ctx->protocol != IPPROTO_UDP)
		return HOOK_ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	peer_key(&key, cookie, &conn->frontend, conn->frontend_port, SP_SOCK_TO_BACKEND);
	bpf_map_delete_elem(&sp_sock_peers, &key);
	peer_key(&key, cookie, &conn->backend, conn->backend_port, SP_SOCK_TO_FRONTEND);
	bpf_map_delete_elem(&sp_sock_peers, &key);
	return HOOK_ALLOW;
}

#define SOCKET_HOOK(name, hook, stage, af)                                                                             \
	SEC("cgroup/" hook)                                                                                            \
	int name(struct bpf_sock_addr *ctx)                                                                            \
	{                                                                                                              \
		return stage(ctx, af);                                                                                 \
	}

SOCKET_HOOK(sp_connect4, "connect4", sock_connect, AF4)
SOCKET_HOOK(sp_connect6, "connect6", sock_connect, AF6)
SOCKET_HOOK(sp_sendmsg4, "sendmsg4", sock_sendmsg, AF4)
SOCKET_HOOK(sp_sendmsg6, "sendmsg6", sock_sendmsg, AF6)
SOCKET_HOOK(sp_recvmsg4, "recvmsg4", sock_recvmsg, AF4)
SOCKET_HOOK(sp_recvmsg6, "recvmsg6", sock_recvmsg, AF6)
SOCKET_HOOK(sp_peername4, "getpeername4", sock_peername, AF4)
SOCKET_HOOK(sp_peername6, "getpeername6", sock_peername, AF6)

char LICENSE[] SEC("license") = "GPL";
