// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ref/dhcp/arp_packet.h"
#include "ref/host/frames.h"
#include "ref/host/neighbour.h"
#include "ref/mn/reach.h"

#define QUICK_INTERVAL (150 * BTIME_US)
#define QUICK_TRIES 60
#define SLOW_INTERVAL (50 * BTIME_MS)
#define PATIENCE BTIME_S

struct reach {
	struct node *node;
	const char *device;
	void (*done)(void *context, bool answered);
	void *context;
	struct frames *frames;
	struct timer *timer;
	bool asking;
	struct arp_packet question;
	unsigned tries;
	btime until;
};

static void end(struct reach *r, bool answered)
{
	reach_end(r);
	r->done(r->context, answered);
}

static void take_arp(void *context, const struct frame *frame)
{
	struct reach *r = context;
	struct arp_packet answer;
	struct prefix target;

	if (!r->asking || frame->outgoing || arp_decode(frame->data, &answer, NULL) < 0 ||
		answer.operation != ARP_REPLY || answer.sender_ip != r->question.target_ip)
		return;
	target = prefix_ipv4(htonl(answer.sender_ip), 32);
	log_debug(r->node->log, "the link carries frames after %u questions", r->tries);
	end(r, true);
	/* Afterwards: whoever was in a hurry knew it already, or waits for it in the kernel. */
	if (neighbour_learn(r->node->kernel, r->device, &target, answer.sender_mac) < 0)
		log_warning(r->node->log, "%s", kernel_error(r->node->kernel));
}

static void ask(void *context)
{
	struct reach *r = context;
	uint8_t buffer[ARP_FRAME_SIZE];
	struct writer w = writer_of(buffer, sizeof(buffer));

	if (loop_now() >= r->until) {
		end(r, false);
		return;
	}
	arp_encode(&r->question, &w);
	frames_send(r->frames, writer_view(&w));
	timer_set(r->timer,
		loop_now() + (++r->tries < QUICK_TRIES ? QUICK_INTERVAL : SLOW_INTERVAL));
}

void reach_begin(struct reach *r, const struct prefix *target, const uint8_t *target_mac,
	const struct prefix *sender, const uint8_t mac[6])
{
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };

	r->question = (struct arp_packet){ .operation = ARP_REQUEST,
		.sender_ip = ntohl(prefix_u32(sender)),
		.target_ip = ntohl(prefix_u32(target)) };
	memcpy(r->question.destination, target_mac ? target_mac : everybody, 6);
	memcpy(r->question.source, mac, 6);
	memcpy(r->question.sender_mac, mac, 6);
	r->asking = true;
	r->tries = 0;
	r->until = loop_now() + PATIENCE;
	ask(r);
}

void reach_end(struct reach *r)
{
	r->asking = false;
	timer_set(r->timer, BTIME_NEVER);
}

struct reach *reach_open(struct node *node, const char *device,
	void (*done)(void *context, bool answered), void *context)
{
	struct reach *r = host_alloc(sizeof(*r));

	r->node = node;
	r->device = device;
	r->done = done;
	r->context = context;
	r->timer = timer_new(node->loop, ask, r);
	r->frames = frames_open(node->loop, device, ETHERTYPE_OF_ARP, 0, take_arp, r);
	if (r->frames)
		return r;
	log_error(node->log, "ARP on %s: %s", device, strerror(errno));
	reach_close(r);
	return NULL;
}

void reach_close(struct reach *r)
{
	if (!r)
		return;
	timer_free(r->timer);
	frames_close(r->frames);
	free(r);
}
