// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Socket hooks: a process that dials a frontend gets a backend in its place, before there is a packet. From then on
 * its packets are plain: nothing is translated, no flow is stored. It is told the frontend wherever it asks who its
 * peer is.
 *
 * What a hook leaves alone goes its way as a packet, and the packet path decides.
 */
#include "bpf/datagram.h"

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
