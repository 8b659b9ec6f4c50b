/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the socket hooks share: an endpoint as a hook gives and takes it, and what a socket remembers (maps/socket.h).
 */
#ifndef SP_BPF_SOCKET_H
#define SP_BPF_SOCKET_H

#include "bpf/maps.bpf.h"
#include "bpf/tuple.h"

/* Address and port that a program of a process speaks of; IPv4 in its mapped form, whatever the socket's family. */
struct endpoint {
	struct sp_addr addr;
	__be16 port;
};

static __always_inline void endpoint_read(struct endpoint *to, const struct bpf_sock_addr *ctx, const enum af af)
{
	__be32 words[4];

	if (af == AF4) {
		words[0] = ctx->user_ip4;
	} else {
		words[0] = ctx->user_ip6[0];
		words[1] = ctx->user_ip6[1];
		words[2] = ctx->user_ip6[2];
		words[3] = ctx->user_ip6[3];
	}
	addr_widen(&to->addr, words, af);
	to->port = (__be16)ctx->user_port;
}

static __always_inline void endpoint_write(struct bpf_sock_addr *ctx, const struct sp_addr *addr, __be16 port,
					   const enum af af)
{
	if (af == AF4) {
		ctx->user_ip4 = addr->w[3];
	} else {
		ctx->user_ip6[0] = addr->w[0];
		ctx->user_ip6[1] = addr->w[1];
		ctx->user_ip6[2] = addr->w[2];
		ctx->user_ip6[3] = addr->w[3];
	}
	ctx->user_port = port;
}

static __always_inline int endpoint_is(const struct endpoint *endpoint, const struct sp_addr *addr, __be16 port)
{
	return endpoint->port == port && addr_equal(endpoint->addr.w, addr->w, AF6);
}

/* The family of the packets, which for a mapped address on an IPv6 socket is not that of the hook. */
static __always_inline int endpoint_is_ipv4(const struct endpoint *endpoint)
{
	return !endpoint->addr.w[0] && !endpoint->addr.w[1] && endpoint->addr.w[2] == bpf_htonl(SP_ADDR_V4_PREFIX);
}

static __always_inline void peer_key(struct sp_sock_peer_key *key, __u64 cookie, const struct sp_addr *addr,
				     __be16 port, __u8 way)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->cookie = cookie;
	key->addr = *addr;
	key->port = port;
	key->way = way;
}

/*
 * A row of sp_sock_peers, copied: an LRU may give its element to another socket at any moment. 0 when there is none, or
 * when that has just happened.
 */
static __always_inline int peer_find(struct sp_sock_peer_val *copy, struct sp_sock_peer_key *key)
{
	struct sp_sock_peer_val *peer = bpf_map_lookup_elem(&sp_sock_peers, key);

	if (!peer)
		return 0;
	*copy = *peer;
	return bpf_map_lookup_elem(&sp_sock_peers, key) == peer;
}

/* What the socket has to do with us; NULL when it never dialled a frontend. */
static __always_inline struct sp_sock_conn *conn_of(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	return sk ? bpf_sk_storage_get(&sp_sock_conns, sk, NULL, 0) : NULL;
}

static __always_inline struct sp_sock_conn *conn_make(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	return sk ? bpf_sk_storage_get(&sp_sock_conns, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
}

static __always_inline void conn_set(struct sp_sock_conn *conn, const struct endpoint *frontend,
				     const struct sp_backend_val *backend)
{
	conn->frontend = frontend->addr;
	conn->frontend_port = frontend->port;
	conn->backend = backend->addr;
	/* Last: nobody reads the rest while it is 0. */
	barrier();
	conn->backend_port = backend->port;
}

/* The socket connects anew: what it was connected to is history, and the agent must not end it for that (I5). */
static __always_inline void conn_forget(struct bpf_sock_addr *ctx)
{
	struct sp_sock_conn *conn = conn_of(ctx);
	struct sp_sock_peer_key key;

	if (!conn || !conn->backend_port)
		return;
	if (ctx->protocol == IPPROTO_UDP) {
		peer_key(&key, bpf_get_socket_cookie(ctx), &conn->frontend, conn->frontend_port, SP_SOCK_TO_BACKEND);
		bpf_map_delete_elem(&sp_sock_peers, &key);
	}
	conn->backend_port = 0;
}

#endif
