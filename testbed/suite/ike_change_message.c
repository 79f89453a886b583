// SPDX-License-Identifier: Apache-2.0
#include "testbed/suite/ike_change_message.h"

#include "ref/ike/ike_change_wire.h"
#include "testbed/suite/ike_message.h"

#define NOTIFY_SIZE 4  /* protocol, SPI size and type before the data */
#define HEADER_SIZE 24 /* of the data */
#define LENGTH_AT (NOTIFY_SIZE + 2)

static bool is_change(const struct element_value *e)
{
	return e->code == IKE_PAYLOAD_NOTIFY &&
	       (e->vendor == IKE_N_ADDRESS_CHANGE_REFUSED ||
		       (e->vendor >= IKE_N_ADDRESS_CHANGE &&
			       e->vendor <= IKE_N_ADDRESS_CHANGE_COOKIE));
}

/* The first notification whose header is whole. */
static struct element_value *find_change(struct packet *packet)
{
	for (unsigned i = 0; i < packet->element_count; i++)
		if (is_change(&packet->elements[i]) &&
			packet->elements[i].value.size >= NOTIFY_SIZE + HEADER_SIZE)
			return &packet->elements[i];
	return NULL;
}

static struct view elements_of(const struct element_value *e)
{
	return VIEW(e->value.data + NOTIFY_SIZE + HEADER_SIZE,
		e->value.size - NOTIFY_SIZE - HEADER_SIZE);
}

void ike_change_spread(struct packet *packet)
{
	const struct element_value *change = find_change(packet);
	struct packet inside = packet_of(&ike_change_protocol);

	if (!change)
		return;
	wire_parse_elements(&ike_change_protocol, 0, elements_of(change), &inside, NULL);
	for (unsigned i = 0; i < inside.element_count; i++)
		packet_add(packet, IKE_SUITE_CHANGE, inside.elements[i].code,
			inside.elements[i].value);
}

/* The header as it stands; its length is that of the data, unless it was not before. */
static void write_header(const struct element_value *change, size_t size, struct writer *w)
{
	struct reader r = reader_of(VIEW(change->value.data + LENGTH_AT, 2));
	bool right = read_u16(&r) == change->value.size - NOTIFY_SIZE;

	write_view(w, VIEW(change->value.data, LENGTH_AT));
	if (right)
		write_u16(w, (uint16_t)(HEADER_SIZE + size));
	else
		write_view(w, VIEW(change->value.data + LENGTH_AT, 2));
	write_view(w, VIEW(change->value.data + LENGTH_AT + 2,
			      NOTIFY_SIZE + HEADER_SIZE - LENGTH_AT - 2));
}

void ike_change_arrange(struct packet *packet, struct arena *arena)
{
	const size_t room = 4096;
	struct writer elements = writer_of(arena_alloc(arena, room), room);
	struct writer whole = writer_of(arena_alloc(arena, room), room);
	struct packet inside = packet_of(&ike_change_protocol);
	struct element_value *change = find_change(packet);

	if (!change)
		return;
	for (unsigned i = 0; i < packet->element_count; i++)
		if (packet->elements[i].vendor == IKE_SUITE_CHANGE)
			packet_add(&inside, 0, packet->elements[i].code, packet->elements[i].value);
	wire_encode_elements(&inside, &elements);
	write_header(change, elements.used, &whole);
	write_view(&whole, writer_view(&elements));
	if (!elements.failed && !whole.failed)
		change->value = writer_view(&whole);
}
