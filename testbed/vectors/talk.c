// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "ref/pana/pana_wire.h"
#include "testbed/vectors/talk.h"

struct talk *talk_open(struct tap *tap, btime answer)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->tap = tap;
	t->answer = answer;
	t->lane = tap_lane(tap);
	return t;
}

void talk_close(struct talk *talk)
{
	if (!talk)
		return;
	tap_lane_close(talk->tap, talk->lane);
	free(talk);
}

int talk_send(struct talk *talk, struct view datagram)
{
	return tap_send(talk->tap, talk->lane, datagram);
}

int talk_send_packet(struct talk *talk, const struct packet *packet)
{
	uint8_t buffer[512];
	struct writer w = writer_of(buffer, sizeof(buffer));

	wire_encode(packet, &w);
	return talk_send(talk, writer_view(&w));
}

/* I depends on the PAA's configuration and not on what it was sent. */
static void name_packet(const struct packet *p, char out[32])
{
	static const struct {
		unsigned flag;
		char letter;
	} letters[] = {{PANA_S, 'S'}, {PANA_C, 'C'}, {PANA_A, 'A'}, {PANA_P, 'P'}, {PANA_E, 'E'}};
	char inside[8] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (pana_flags(p) & letters[i].flag)
			inside[n++] = letters[i].letter;
	snprintf(out, 32, "%s%s%s%s", p->message ? p->message->name : "?", n ? "[" : "", inside,
		n ? "]" : "");
}

bool talk_listen(struct talk *t, btime deadline)
{
	int size;

	while ((size = tap_receive(t->tap, t->lane, deadline, t->received)) >= 0) {
		struct view datagram = VIEW(t->received, (size_t)size);
		if (t->last_size && view_equal(datagram, VIEW(t->last, t->last_size)))
			continue;
		memcpy(t->last, t->received, (size_t)size);
		t->last_size = t->size = (size_t)size;
		if (pana_decode(datagram, &t->packet, NULL) == 0)
			name_packet(&t->packet, t->name);
		else
			snprintf(t->name, sizeof(t->name), "garbage");
		return true;
	}
	return false;
}

bool talk_hear(struct talk *talk)
{
	return talk_listen(talk, tap_now() + talk->answer);
}

bool talk_start(struct talk *talk, bool preauth)
{
	struct packet pci = packet_named(&pana_protocol, "PCI");

	if (preauth)
		pci.header[PANA_FLAGS] |= PANA_E;
	return talk_send_packet(talk, &pci) == 0 && talk_hear(talk) &&
	       strcmp(talk->name, preauth ? "PAR[SE]" : "PAR[S]") == 0;
}

bool talk_offers(const struct talk *talk, uint32_t code, uint32_t number)
{
	const struct element_value *e;

	for (unsigned i = 0; (e = packet_find_nth(&talk->packet, 0, code, i)); i++) {
		struct reader r = reader_of(e->value);
		if (read_u32(&r) == number)
			return true;
	}
	return false;
}

static void add_number(struct packet *p, uint32_t code, uint8_t octets[4], uint32_t number)
{
	struct writer w = writer_of(octets, 4);

	write_u32(&w, number);
	packet_add(p, 0, code, VIEW(octets, 4));
}

void talk_initial_answer(const struct talk *talk, struct writer *w)
{
	struct packet pan = packet_named(&pana_protocol, "PAN");
	uint8_t prf[4], integrity[4];

	pan.header[PANA_FLAGS] = PANA_S | (pana_flags(&talk->packet) & PANA_E);
	pan.header[PANA_SESSION] = talk->packet.header[PANA_SESSION];
	pan.header[PANA_SEQUENCE] = talk->packet.header[PANA_SEQUENCE];
	if (talk_offers(talk, PANA_AVP_PRF_ALGORITHM, PANA_PRF_HMAC_SHA1))
		add_number(&pan, PANA_AVP_PRF_ALGORITHM, prf, PANA_PRF_HMAC_SHA1);
	if (talk_offers(talk, PANA_AVP_INTEGRITY_ALGORITHM, PANA_AUTH_HMAC_SHA1_160))
		add_number(&pan, PANA_AVP_INTEGRITY_ALGORITHM, integrity, PANA_AUTH_HMAC_SHA1_160);
	wire_encode(&pan, w);
}
