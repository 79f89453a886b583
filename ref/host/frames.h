// SPDX-License-Identifier: Apache-2.0
/*
 * Whole Ethernet frames on one interface: ARP, and UDP before there is an address. On an interface
 * that has no link-layer header (link_add_xfrm) a frame is the bare packet.
 */
#ifndef BATON_HOST_FRAMES_H
#define BATON_HOST_FRAMES_H

#include "ref/base/view.h"
#include "ref/host/loop.h"

struct frames;

struct frame {
	struct view data;   /* from the Ethernet header on, if there is one; valid during the call */
	bool checksums_set; /* false: from this machine, UDP checksum not filled in yet */
	bool outgoing;	    /* sent by this machine on that interface */
};

typedef void frames_receiver(void *context, const struct frame *frame);

/*
 * Frames of one EtherType (host byte order) on `device`; with `udp_port` not 0 only IPv4 UDP to
 * that port. `receive` NULL: for sending only. NULL with errno set on failure: ENODEV, EPERM.
 */
struct frames *frames_open(struct loop *loop, const char *device, uint16_t ethertype,
	uint16_t udp_port, frames_receiver *receive, void *context);

/*
 * Receives frames to other hardware addresses too: for who speaks on behalf of a station that is
 * elsewhere. 0 or a negative errno.
 */
int frames_promiscuous(struct frames *frames);

/* Sends a whole frame. 0 or a negative errno. */
int frames_send(struct frames *frames, struct view frame);

/* Accepts NULL. Must not be called from its own receiver. */
void frames_close(struct frames *frames);

#endif
