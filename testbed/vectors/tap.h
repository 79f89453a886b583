// SPDX-License-Identifier: Apache-2.0
/*
 * One end of a wire as a tester needs it: datagrams go out through libnet from any source port, and
 * what comes back is read with libpcap, so that nothing between here and the wire has an opinion.
 */
#ifndef BATON_VECTORS_TAP_H
#define BATON_VECTORS_TAP_H

#include "ref/base/btime.h"
#include "ref/base/view.h"

#define TAP_ERROR 256
#define TAP_DATAGRAM_MAX 65507

struct tap;

/*
 * Opens `interface` towards `target` (an address of either family) and its UDP port. NULL with one
 * sentence in `error` (TAP_ERROR octets) otherwise. Needs the right to open raw sockets there.
 */
struct tap *tap_open(const char *interface, const char *target, uint16_t port, char *error);

/* Accepts NULL. */
void tap_close(struct tap *tap);

/*
 * A source port of its own for one conversation, or -1. It is bound for as long as the lane is
 * open, so that the kernel does not answer for it with ICMP.
 */
int tap_lane(struct tap *tap);
void tap_lane_close(struct tap *tap, int lane);

/* Sends one datagram from the lane to the target. 0, or -1 with a sentence in tap_error. */
int tap_send(struct tap *tap, int lane, struct view datagram);

/*
 * The next datagram from the target's port to the lane, copied to `buffer` of TAP_DATAGRAM_MAX
 * octets: its size, or -1 when none came before `deadline` (of tap_now). Datagrams to other lanes
 * are dropped.
 */
int tap_receive(struct tap *tap, int lane, btime deadline, uint8_t *buffer);

/*
 * The UDP payload of a captured frame of libpcap's link type, and its destination port. `data` is
 * NULL when it is no whole UDP datagram over IPv4 or IPv6, or the link type is not known.
 */
struct view tap_payload(int link_type, struct view frame, uint16_t *destination);

/* Why the last call failed, one sentence; the tap's, until its next call. */
const char *tap_error(const struct tap *tap);

/* The monotonic clock. */
btime tap_now(void);

#endif
