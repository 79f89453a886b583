// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ref/discovery/ap_info.h"
#include "ref/eap/eap.h"
#include "testbed/suite/listen_peer.h"

struct peer {
	struct eap_end *eap; /* every peer owns one */
	unsigned heard;
};

static struct peer *create(const struct peer_config *config)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		abort();
	peer->eap = config->eap;
	return peer;
}

static void destroy(struct peer *peer)
{
	eap_destroy(peer->eap);
	free(peer);
}

static void received(struct peer *peer, const struct packet *p, struct view octets, bool again)
{
	(void)p, (void)octets, (void)again;
	peer->heard++;
}

static void sent(struct peer *peer, const struct packet *p, struct view octets)
{
	(void)peer, (void)p, (void)octets;
}

/* A message without elements: what the suite does not say is not there. */
static void compose(struct peer *peer, const struct message *message, struct packet *out)
{
	(void)peer;
	*out = packet_named(&ap_info_protocol, message->name);
}

static bool acceptable(struct peer *peer, const struct packet *p, bool again,
	struct reject *reject)
{
	(void)peer, (void)p, (void)again, (void)reject;
	return true;
}

static const struct message *next(struct peer *peer)
{
	(void)peer;
	return NULL;
}

static bool waiting(const struct peer *peer)
{
	(void)peer;
	return false;
}

static bool reached(const struct peer *peer, const char *point)
{
	(void)point;
	return peer->heard;
}

static const char *position(const struct peer *peer)
{
	return peer->heard ? "it was heard" : "nothing was heard";
}

const struct peer_ops listen_peer = {
	.create = create,
	.destroy = destroy,
	.received = received,
	.sent = sent,
	.compose = compose,
	.acceptable = acceptable,
	.next = next,
	.waiting = waiting,
	.reached = reached,
	.position = position,
};
