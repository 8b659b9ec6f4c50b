/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Names that both sides and people use: programs, maps and pins. Kernel object names are cut at 15 characters.
 * A map's pin is its name; links are pinned under links/ as <program>-<ifindex>,
 * those of a cgroup under sockets/ as <program>.
 */
#ifndef SP_MAPS_NAMES_H
#define SP_MAPS_NAMES_H

/* Where everything is pinned unless --pin-path says otherwise. */
#define SP_DEFAULT_PIN_PATH "/sys/fs/bpf/sallyport"
#define SP_LINK_DIR	    "links"
#define SP_SOCKET_DIR	    "sockets"

#define SP_PROG_XDP	    "sp_xdp"
#define SP_PROG_TC_INGRESS  "sp_tc_ingress"
#define SP_PROG_TC_EGRESS   "sp_tc_egress"
#define SP_PROG_POD_INGRESS "sp_pod_ingress"
#define SP_PROG_POD_EGRESS  "sp_pod_egress"
#define SP_PROG_CONNECT4    "sp_connect4"
#define SP_PROG_CONNECT6    "sp_connect6"
#define SP_PROG_SENDMSG4    "sp_sendmsg4"
#define SP_PROG_SENDMSG6    "sp_sendmsg6"
#define SP_PROG_RECVMSG4    "sp_recvmsg4"
#define SP_PROG_RECVMSG6    "sp_recvmsg6"
#define SP_PROG_PEERNAME4   "sp_peername4"
#define SP_PROG_PEERNAME6   "sp_peername6"
#define SP_PROG_RELEASE	    "sp_release"
#define SP_PROG_AGE4	    "sp_age4"
#define SP_PROG_AGE6	    "sp_age6"

#endif
