// SPDX-License-Identifier: Apache-2.0
/* Keys of the tester's end of IKE, and the Encrypted payload both ways, whole or in fragments. */
#include <stdio.h>

#include "ref/ike/ike_key_log.h"
#include "testbed/suite/ike_peer_inside.h"

bool ike_peer_derive(struct peer *peer, struct tester_sa *sa, const struct tester_offer *initiator,
	const struct tester_offer *responder, const struct ike_dh_secret *dh,
	const struct tester_sa *old)
{
	const struct tester_offer *other = sa->initiator ? responder : initiator;
	uint8_t shared[IKE_DH_SHARED_MAX];
	char line[IKE_KEY_LOG_MAX];

	sa->suite = responder->suite;
	if (!dh->group || !ike_suite_usable(&sa->suite) || ike_dh_agree(dh, other->ke, shared) < 0)
		return false;
	const struct ike_seed seed = {
		.nonce_i = initiator->nonce,
		.nonce_r = responder->nonce,
		.shared = VIEW(shared, ike_dh_shared_size(dh->group)),
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
	};
	ike_keys_derive(&sa->suite, &seed, old ? &old->keys : NULL, old ? &old->suite : NULL,
		&sa->keys);
	wipe(shared, sizeof(shared));
	sa->keyed = true;
	ike_key_log(&sa->suite, &sa->keys, sa->spi_i, sa->spi_r, line);
	if (peer->config.key_log)
		peer->config.key_log(peer->config.context, line);
	wipe(line, sizeof(line));
	return true;
}

/* --- in --------------------------------------------------------------------------------------- */

/* What the notifications of NAT detection say about where the message came from, RFC 7296 §2.23. */
static void judge_nat(struct peer *peer, struct packet *packet)
{
	static const uint8_t words[] = { 0, 1 };
	static const struct {
		uint16_t notify;
		enum ike_suite_finding finding;
	} rows[] = { { IKE_N_NAT_DETECTION_SOURCE_IP, IKE_SUITE_NAT_SOURCE },
		{ IKE_N_NAT_DETECTION_DESTINATION_IP, IKE_SUITE_NAT_DESTINATION } };
	const struct element_value *e;
	uint8_t digest[20];

	for (unsigned i = 0; i < 2; i++) {
		bool any = false, right = false;
		ike_nat_digest(packet->header[IKE_SPI_I], packet->header[IKE_SPI_R],
			i ? &peer->here : &peer->there, digest);
		for (unsigned n = 0; (e = packet_find_nth(packet, rows[i].notify,
					      IKE_PAYLOAD_NOTIFY, n)); n++) {
			any = true;
			right |= e->value.size == 4 + sizeof(digest) &&
				memcmp(e->value.data + 4, digest, sizeof(digest)) == 0;
		}
		if (any)
			packet_add(packet, IKE_SUITE_FINDING, rows[i].finding,
				VIEW(&words[right], 1));
	}
}

/* A message in the clear: its payloads stand in the packet already, as elements of the suite. */
static int take_clear(struct peer *peer, struct packet *packet)
{
	struct packet whole = *packet;

	packet->element_count = 0;
	ike_suite_spread(&whole, packet, peer->config.arena);
	judge_nat(peer, packet);
	packet->header[IKE_SUITE_STATE] = IKE_STATE_CLEAR;
	return 1;
}

static bool same_gathering(const struct ike_gathering *g, const struct packet *p, unsigned total)
{
	return g->total == total && g->id == p->header[IKE_MESSAGE_ID] &&
		g->spi_i == p->header[IKE_SPI_I] && g->response == ike_is_response(p);
}

static struct view joined(struct peer *peer, const struct ike_gathering *g)
{
	struct writer w = writer_of(arena_alloc(peer->config.arena, IKE_MESSAGE_MAX),
		IKE_MESSAGE_MAX);

	for (unsigned i = 1; i <= g->total; i++)
		write_view(&w, g->parts[i]);
	return writer_view(&w);
}

/* RFC 7383 §2.6. 1 with all of the message, 0: more is to come, -1. */
static int gather(struct peer *peer, const struct packet *p, const struct element_value *skf,
	struct view inside, struct view *whole, struct reject *reject)
{
	struct ike_gathering *g = &peer->gathering;
	struct reader r = reader_of(skf->value);
	unsigned number = read_u16(&r), total = read_u16(&r);

	if (total > IKE_PARTS_MAX)
		return reject_set(reject, REJECT_LENGTH, "Total Fragments", "RFC 7383 §2.5",
			skf->offset, total);
	if (number > 1 && skf->next)
		return reject_set(reject, REJECT_VALUE, "Next Payload", "RFC 7383 §2.5",
			skf->offset, skf->next);
	if (!same_gathering(g, p, total)) {
		*g = (struct ike_gathering){ .spi_i = p->header[IKE_SPI_I], .total = total,
			.id = (uint32_t)p->header[IKE_MESSAGE_ID],
			.response = ike_is_response(p) };
	}
	g->have += g->parts[number].data == NULL;
	g->parts[number] = inside;
	if (number == 1)
		g->first = skf->next;
	if (g->have < total)
		return 0;
	*whole = joined(peer, g);
	return 1;
}

static int open_one(struct peer *peer, struct tester_sa *sa, struct view octets,
	struct packet *packet, struct view *inside, struct reject *reject)
{
	const struct ike_half *half = sa->initiator ? &sa->keys.responder : &sa->keys.initiator;
	struct packet outer = *packet;
	uint8_t *room = arena_alloc(peer->config.arena, IKE_MESSAGE_MAX);

	outer.protocol = &ike_protocol;
	return ike_open(&sa->suite, half, octets, &outer, room, inside, reject);
}

int ike_peer_unwrap(struct peer *peer, struct view octets, struct packet *packet,
	struct reject *reject)
{
	const struct element_value *sk = packet_find(packet, 0, IKE_PAYLOAD_SK);
	const struct element_value *skf = packet_find(packet, 0, IKE_PAYLOAD_SKF);
	struct tester_sa *sa = ike_peer_find(peer, packet->header[IKE_SPI_I],
		packet->header[IKE_SPI_R]);
	struct packet inside = packet_of(&ike_inside_protocol), outer;
	struct view whole;

	if (!sk && !skf)
		return take_clear(peer, packet);
	if (!sa || !sa->keyed)
		return reject_set(reject, REJECT_SESSION, "SK", "RFC 7296 §3.14", 0, 0);
	if (open_one(peer, sa, octets, packet, &whole, reject) < 0)
		return -1;
	uint32_t first = sk ? sk->next : skf->next;
	if (skf) {
		int done = gather(peer, packet, skf, whole, &whole, reject);
		if (done <= 0)
			return done;
		first = peer->gathering.first;
	}
	packet->header[IKE_SUITE_STATE] = IKE_STATE_OPENED;
	outer = *packet;
	outer.element_count = 0;
	int result = ike_decode_inside(&outer, first, whole, &inside, reject);
	ike_suite_spread(&inside, packet, peer->config.arena);
	judge_nat(peer, packet);
	if (result < 0)
		return -1;
	const char *wrong = ike_peer_auth_wrong(peer, packet);
	if (wrong)
		return reject_set(reject, REJECT_INTEGRITY, wrong, "RFC 7296 §2.15", 0, 0);
	return 1;
}

/* --- out -------------------------------------------------------------------------------------- */

static struct tester_sa *sa_for(struct peer *peer, const struct packet *packet, bool old)
{
	struct tester_sa *sa = ike_peer_find(peer, packet->header[IKE_SPI_I],
		packet->header[IKE_SPI_R]);

	if (!sa) /* SPIs that the suite made up */
		sa = ike_peer_newest(peer);
	if (old && sa && sa > peer->sas)
		sa--;
	return sa && sa->keyed ? sa : NULL;
}

static bool is_clear(const struct packet *packet, const struct peer_wrapping *how)
{
	return how->clear || packet->header[IKE_EXCHANGE_TYPE] == IKE_SA_INIT;
}

/* The same message gives the same octets: a counter mode's IV is a function of its number. */
static uint64_t iv_of(const struct packet *packet, unsigned fragment)
{
	return packet->header[IKE_MESSAGE_ID] << 16 | fragment << 1 |
		(ike_is_response(packet) ? 1 : 0);
}

/* One datagram; `number` of a fragment, or 0. */
static int seal_part(struct peer *peer, const struct tester_sa *sa, const struct packet *packet,
	uint32_t first, struct view inside, unsigned number, const struct peer_wrapping *how,
	struct writer *w, size_t *sizes, unsigned *count)
{
	const struct ike_half *half = sa->initiator ? &sa->keys.initiator : &sa->keys.responder;
	const struct ike_fragment fragment = { (uint16_t)number,
		(uint16_t)packet->header[IKE_SUITE_FRAGMENT_TOTAL] };
	size_t began = w->used;

	if (ike_seal(&sa->suite, half, packet, first, inside, &fragment, iv_of(packet, number),
		    peer->config.random, w) < 0)
		return -1;
	if (how->wrong)
		w->start[w->used - 1] ^= 0x01;
	sizes[(*count)++] = w->used - began;
	return 0;
}

int ike_peer_wrap(struct peer *peer, const struct packet *packet, struct view plain,
	const struct peer_wrapping *how, struct writer *w, size_t *sizes, unsigned *count)
{
	struct tester_sa *sa = sa_for(peer, packet, how->old);
	unsigned total = (unsigned)packet->header[IKE_SUITE_FRAGMENT_TOTAL];
	unsigned only = (unsigned)packet->header[IKE_SUITE_FRAGMENT_NUMBER];
	const uint32_t first = packet->element_count ? packet->elements[0].code : 0;

	*count = 0;
	if (is_clear(packet, how)) {
		write_view(w, plain);
		sizes[(*count)++] = plain.size;
		return w->failed ? -1 : 0;
	}
	if (!sa || plain.size < IKE_HEADER_SIZE)
		return -1;
	struct view inside = VIEW(plain.data + IKE_HEADER_SIZE, plain.size - IKE_HEADER_SIZE);
	unsigned parts = total ? total : 1;
	size_t each = (inside.size + parts - 1) / parts;
	if (only > parts) /* a number that there is not */
		return seal_part(peer, sa, packet, first, inside, only, how, w, sizes, count);
	for (unsigned i = 0; i < parts && *count < WRAPPED_MAX; i++) {
		size_t at = i * each < inside.size ? i * each : inside.size;
		size_t size = inside.size - at < each ? inside.size - at : each;
		if ((!only || only == i + 1) &&
			seal_part(peer, sa, packet, first, VIEW(inside.data + at, size),
				total ? i + 1 : 0, how, w, sizes, count) < 0)
			return -1;
	}
	return w->failed ? -1 : 0;
}
