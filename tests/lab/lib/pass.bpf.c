// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the router's ports run, so that their veth peers may transmit from XDP: every packet goes on as it came.
// Aware of fragments (section xdp.frags), or the peers would lose segmentation.
__attribute__((section("xdp.frags"), used)) int sp_lab_pass(void* ctx) {
  (void)ctx;
  return 2; /* XDP_PASS */
}

__attribute__((section("license"), used)) const char sp_lab_license[] = "Dual BSD/GPL";
