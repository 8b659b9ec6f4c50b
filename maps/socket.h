/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What socket hooks remember: which frontend a socket dialled that now talks to a backend.
 *
 * A connected socket carries it itself (sp_sock_conns, socket storage: it goes away with the socket). An unconnected
 * UDP socket may talk to many frontends, each at its backend: sp_sock_peers, an LRU. The first of them is in its
 * storage, too.
 */
#ifndef SP_MAPS_SOCKET_H
#define SP_MAPS_SOCKET_H

#include "abi.h"
#include "addr.h"

/*
 * Value of sp_sock_conns. Of a connected socket it counts only while the peer is the backend: it may have been
 * connected anew. Nothing is in it while backend_port is 0.
 */
struct sp_sock_conn {
	struct sp_addr frontend;
	struct sp_addr backend;
	__be16 frontend_port;
	__be16 backend_port;
	/* 1 once a hook has taken the row to write it. */
	__u32 claimed;
};
SP_ASSERT_SIZE(sp_sock_conn, 40);

/* sp_sock_peer_key.way */
enum sp_sock_way {
	/* addr:port is the frontend, the value names the backend. */
	SP_SOCK_TO_BACKEND = 0,
	/* addr:port is the backend, the value names the frontend. */
	SP_SOCK_TO_FRONTEND = 1,
};

/* Key of sp_sock_peers: UDP only. */
struct sp_sock_peer_key {
	/* bpf_get_socket_cookie() of the client's socket */
	__u64 cookie;
	struct sp_addr addr;
	__be16 port;
	/* enum sp_sock_way */
	__u8 way;
	__u8 pad[5];
};
SP_ASSERT_SIZE(sp_sock_peer_key, 32);

/* sp_sock_peer_val.flags */
/* The socket is connected: no hook sees its datagrams, so the agent ends it when its backend stops serving (I5). */
#define SP_SOCK_CONNECTED 0x01u

struct sp_sock_peer_val {
	struct sp_addr addr;
	__be16 port;
	__u16 flags;
	__u32 backend_id;
	__u32 backend_generation;
	__u32 pad;
	/* bpf_get_netns_cookie() of the client's socket */
	__u64 netns_cookie;
};
SP_ASSERT_SIZE(sp_sock_peer_val, 40);

#endif
