/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Names that both sides and people use: programs, maps and pins. Kernel object names are cut at 15 characters.
 * A map's pin is its name; links are pinned under links/ as <program>-<ifindex>.
 */
#ifndef SP_MAPS_NAMES_H
#define SP_MAPS_NAMES_H

/* Where everything is pinned unless --pin-path says otherwise. */
#define SP_DEFAULT_PIN_PATH "/sys/fs/bpf/sallyport"
#define SP_LINK_DIR	    "links"

#define SP_PROG_XDP	   "sp_xdp"
#define SP_PROG_TC_INGRESS "sp_tc_ingress"
#define SP_PROG_TC_EGRESS  "sp_tc_egress"
#define SP_PROG_AGE4	   "sp_age4"
#define SP_PROG_AGE6	   "sp_age6"

#endif
