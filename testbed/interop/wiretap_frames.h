// SPDX-License-Identifier: Apache-2.0
/* Frames as a switch would have captured them, for tests: what engines of the reference send each other. */
#ifndef TESTBED_INTEROP_WIRETAP_FRAMES_H
#define TESTBED_INTEROP_WIRETAP_FRAMES_H

#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/base/writer.h"
#include "ref/ike/ike_world.h"
#include "testbed/interop/wiretap.h"

static const uint8_t initiator_mac[6] = { 2, 0, 0, 0, 0, 1 };

/* What was captured so far; a millisecond goes by with each frame. */
struct film {
	struct capture capture;
	btime clock;
};

/* A frame with that payload of IP. */
static inline void film_add(struct film *s, bool from_initiator, uint8_t protocol,
	const struct endpoint *from, struct view payload)
{
	struct capture *c = &s->capture;
	uint8_t *octets = malloc(payload.size + 64);
	struct writer w = writer_of(octets, payload.size + 64);

	write_bytes(&w, "\2\0\0\0\0\2", 6);
	write_bytes(&w, from_initiator ? initiator_mac : (const uint8_t *)"\2\0\0\0\0\2", 6);
	write_u16(&w, 0x0800);
	write_u8(&w, 0x45);
	write_u8(&w, 0);
	write_u16(&w, (uint16_t)(20 + payload.size));
	write_u32(&w, 0);
	write_u8(&w, 64);
	write_u8(&w, protocol);
	write_u16(&w, 0);
	write_bytes(&w, from->address, 4);
	write_u32(&w, 0);
	write_view(&w, payload);
	c->frames = realloc(c->frames, (c->count + 1) * sizeof(*c->frames));
	s->clock += BTIME_MS;
	c->frames[c->count++] = (struct frame){ .octets = VIEW(octets, w.used),
		.at = { (time_t)(s->clock / BTIME_S), (long)(s->clock % BTIME_S) } };
}

/* A message at the port that it goes to, 4500 with the marker. */
static inline void film_add_message(struct film *s, const struct flying *f)
{
	uint8_t octets[AIR_DATAGRAM_MAX + 16];
	struct writer w = writer_of(octets, sizeof(octets));
	uint16_t port = ntohs(f->to.port);

	write_u16(&w, port);
	write_u16(&w, port);
	write_u16(&w, (uint16_t)(8 + f->size + (port == IKE_NAT_PORT ? 4 : 0)));
	write_u16(&w, 0);
	if (port == IKE_NAT_PORT)
		write_u32(&w, 0);
	write_bytes(&w, f->data, f->size);
	film_add(s, f->to_second, 17, &f->from, VIEW(octets, w.used));
}

/* Frees the frames; the film can go on. */
static inline void film_free(struct film *s)
{
	s->capture.fd = -1;
	capture_free(&s->capture);
}

#endif
