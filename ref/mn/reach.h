// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the new link carries frames yet. The 4-way handshake ends for the station when it has
 * sent its last message; the access point still has to take it, and drops everything from the
 * station until then. What is sent in that moment is lost, and whoever retransmits after a second
 * loses a second. So the router (or agent) is asked by ARP in quick succession until it answers.
 */
#ifndef BATON_MN_REACH_H
#define BATON_MN_REACH_H

#include "ref/host/ip.h"
#include "ref/host/program.h"

struct reach;

/* `done` is called once for each reach_begin; `answered` false: nobody did within a second.
 * NULL after log_error. */
struct reach *reach_open(struct node *node, const char *device,
	void (*done)(void *context, bool answered), void *context);

/* Accepts NULL. */
void reach_close(struct reach *reach);

/*
 * Asks for `target` as `sender` at `mac`; an answer goes into the kernel's neighbours. Where the
 * hardware address is known beforehand (`target_mac`, else NULL) nobody else is bothered. One at a
 * time: an earlier one is forgotten.
 */
void reach_begin(struct reach *reach, const struct prefix *target, const uint8_t *target_mac,
	const struct prefix *sender, const uint8_t mac[6]);

/* Forgets it. */
void reach_end(struct reach *reach);

#endif
