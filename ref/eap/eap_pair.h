// SPDX-License-Identifier: Apache-2.0
/*
 * Both ends of a conversation and a bad path between them, for unit tests only: packets are lost,
 * doubled and held back as a pattern says, and the carrier sends the server's request again when
 * nothing moves any more (RFC 3748 §4.3).
 */
#ifndef BATON_EAP_EAP_PAIR_H
#define BATON_EAP_EAP_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"

enum fate { PASS, LOSE, DOUBLE, HOLD };

#define PAIR_QUEUE 64
#define PAIR_PACKET 4096

struct pair {
	struct eap_end *peer, *server;
	struct random random;
	const uint8_t *fates; /* of the first packets sent, in order; the rest pass */
	unsigned fate_count, sent, resent;
	unsigned discarded_by_peer, discarded_by_server;
	struct {
		bool to_peer;
		size_t size;
		uint8_t octets[PAIR_PACKET];
	} queue[PAIR_QUEUE];
	unsigned first, count;
	bool holding; /* the head of the queue waits for the one behind it */
};

/* Puts a copy of the packet at the end of the queue. */
static inline void pair_queue(struct pair *p, bool to_peer, struct view packet)
{
	assert_true(p->count < PAIR_QUEUE && packet.size <= PAIR_PACKET);
	unsigned at = (p->first + p->count++) % PAIR_QUEUE;
	p->queue[at].to_peer = to_peer;
	p->queue[at].size = packet.size;
	memcpy(p->queue[at].octets, packet.data, packet.size);
}

/* A packet leaves one end and meets its fate. */
static inline void pair_send(struct pair *p, bool to_peer, struct view packet)
{
	enum fate fate = p->sent < p->fate_count ? p->fates[p->sent] : PASS;

	p->sent++;
	switch (fate) {
	case LOSE:
		return;
	case DOUBLE:
		pair_queue(p, to_peer, packet);
		break;
	case HOLD: /* comes once more, later: late and doubled at the same time */
		pair_queue(p, to_peer, packet);
		p->holding = true;
		return;
	case PASS:
		break;
	}
	pair_queue(p, to_peer, packet);
	if (p->holding && p->count > 1) { /* the one held back now follows this one */
		unsigned a = (p->first + p->count - 2) % PAIR_QUEUE;
		unsigned b = (p->first + p->count - 1) % PAIR_QUEUE;
		uint8_t swap[sizeof(p->queue[0])];
		memcpy(swap, &p->queue[a], sizeof(swap));
		memcpy(&p->queue[a], &p->queue[b], sizeof(swap));
		memcpy(&p->queue[b], swap, sizeof(swap));
		p->holding = false;
	}
}

/* Delivers the head of the queue; whatever the receiver then wants sent is sent. */
static inline void pair_deliver(struct pair *p)
{
	unsigned at = p->first;
	bool to_peer = p->queue[at].to_peer;
	struct eap_end *to = to_peer ? p->peer : p->server;
	struct reject reject = { 0 };
	uint8_t octets[PAIR_PACKET];
	struct view packet = VIEW(octets, p->queue[at].size);

	memcpy(octets, p->queue[at].octets, packet.size);
	p->first = (p->first + 1) % PAIR_QUEUE;
	p->count--;
	enum eap_status before = to->status;
	enum eap_status now = to->ops->input(to, packet, &reject);
	if (reject.reason && now == before) {
		*(to_peer ? &p->discarded_by_peer : &p->discarded_by_server) += 1;
		return;
	}
	if (now == EAP_OUTPUT || (!to_peer && now != before && to->output.size))
		pair_send(p, !to_peer, to->output);
}

/* Whether the server has a result. */
static inline bool pair_over(const struct pair *p)
{
	return p->server->status == EAP_SUCCESS || p->server->status == EAP_FAILURE;
}

/* Runs until nothing moves. The carrier tells the peer the result when EAP's own was lost. */
static inline void pair_run(struct pair *p)
{
	p->server->ops->start(p->server);
	p->peer->ops->start(p->peer);
	if (p->server->output.size)
		pair_send(p, true, p->server->output);
	for (unsigned rounds = 0; rounds < 2000; rounds++) {
		if (p->count) {
			if (p->holding && p->count == 1)
				p->holding = false;
			pair_deliver(p);
		} else if (!pair_over(p) && p->resent < 12) {
			p->resent++;
			pair_send(p, true, p->server->output);
		} else {
			break;
		}
	}
	if (pair_over(p) && p->peer->status != EAP_SUCCESS && p->peer->status != EAP_FAILURE)
		eap_peer_lower_layer_result(p->peer, p->server->status == EAP_SUCCESS);
}

/* Destroys both ends. */
static inline void pair_free(struct pair *p)
{
	eap_destroy(p->peer);
	eap_destroy(p->server);
}

/* Both ends succeeded, with the same MSK, EMSK and Session-Id. */
static inline void assert_same_keys(const struct pair *p)
{
	assert_int_equal(p->peer->status, EAP_SUCCESS);
	assert_int_equal(p->server->status, EAP_SUCCESS);
	assert_true(p->peer->has_key && p->server->has_key);
	assert_memory_equal(p->peer->msk, p->server->msk, EAP_MSK_SIZE);
	assert_memory_equal(p->peer->emsk, p->server->emsk, EAP_MSK_SIZE);
	assert_int_equal(p->peer->session_id_size, p->server->session_id_size);
	assert_memory_equal(p->peer->session_id, p->server->session_id, p->peer->session_id_size);
}

/* Both ends failed, said why, and have no key. */
static inline void assert_both_fail(const struct pair *p)
{
	static const uint8_t zero[EAP_MSK_SIZE];

	assert_int_equal(p->server->status, EAP_FAILURE);
	assert_int_equal(p->peer->status, EAP_FAILURE);
	assert_non_null(p->server->failure);
	assert_non_null(p->peer->failure);
	assert_false(p->peer->has_key || p->server->has_key);
	assert_memory_equal(p->peer->msk, zero, sizeof(zero));
	assert_memory_equal(p->server->msk, zero, sizeof(zero));
}

#endif
