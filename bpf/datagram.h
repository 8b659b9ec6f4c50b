/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * sendmsg() and recvmsg() of UDP: a socket keeps its backend for each frontend while that serves, and hears the
 * frontend.
 */
#ifndef SP_BPF_DATAGRAM_H
#define SP_BPF_DATAGRAM_H

#include "bpf/dial.h"

/* enum of net/tcp_states.h: a socket of any protocol that has a peer */
#define TCP_ESTABLISHED 1

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
	struct sp_sock_peer_val peer;
	struct sp_sock_peer_key key;
	struct sp_sock_conn *conn;
	struct choice choice;
	struct endpoint to;
	int known, reason;

	if (ctx->protocol != IPPROTO_UDP)
		return HOOK_ALLOW;
	endpoint_read(&to, ctx, af);
	frontend = frontend_dialled(ctx, &to);
	if (!frontend)
		return refuse_unserved(&to);
	if (frontend->flags & SP_FRONTEND_PACKETS)
		return HOOK_ALLOW;
	peer_key(&key, bpf_get_socket_cookie(ctx), &to.addr, to.port, SP_SOCK_TO_BACKEND);
	known = peer_find(&peer, &key);
	if (known && peer_serves(ctx, &peer, frontend->service_id)) {
		endpoint_write(ctx, &peer.addr, peer.port, af);
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
	if (known)
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
	struct sp_sock_peer_val peer;
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
	if (peer_find(&peer, &key))
		endpoint_write(ctx, &peer.addr, peer.port, af);
	else
		conn_unmask(ctx, conn, &from, af);
	return HOOK_ALLOW;
}

#endif
