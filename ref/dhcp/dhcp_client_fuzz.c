// SPDX-License-Identifier: Apache-2.0
/*
 * The client under events, time and messages of the input's choice. The transaction identifier and
 * hardware address of a message are set right, so that it gets past the first checks.
 */
#include <stdlib.h>
#include <string.h>

#include "ref/dhcp/dhcp_client_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give_message(struct dhcp_client *c, struct reader *input, btime now, struct actions *a)
{
	static const uint8_t types[] = { DHCP_OFFER, DHCP_ACK, DHCP_NAK };
	uint8_t room[DHCP_MESSAGE_MAX], server[4] = { 192, 0, 2, 1 }, lease[4];
	struct dhcp_packet p = dhcp_packet_of(types[read_u8(input) % 3]);
	struct writer w = writer_of(room, sizeof(room));
	size_t options = read_u8(input);

	p.packet.header[DHCP_XID] = c->xid;
	p.packet.header[DHCP_YIADDR] = read_u8(input);
	memcpy(p.chaddr, c->config.hardware, sizeof(p.chaddr));
	dhcp_add(&p, DHCP_OPTION_SERVER_ID, VIEW_OF(server));
	read_bytes(input, lease, sizeof(lease));
	dhcp_add(&p, DHCP_OPTION_LEASE_TIME, VIEW_OF(lease));
	dhcp_encode(&p, &w);
	if (w.failed)
		abort();
	struct view raw = read_view(input,
		options < reader_left(input) ? options : reader_left(input));
	if (raw.size && raw.size < 40) /* more options in place of the end and the padding */
		memcpy(room + 255, raw.data, raw.size);
	dhcp_client_input(c, writer_view(&w), now, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader input = reader_of(VIEW(data, size));
	struct random random = random_seeded(1);
	uint8_t flags = read_u8(&input);
	struct dhcp_client_config config = { .random = &random, .start_delay_max = -1,
		.check_address = flags & 1, .keep_trying = flags & 2,
		.offer_wait = flags & 4 ? BTIME_S : 0, .hardware = { 2, 0, 0, 0, 0, 1 } };
	struct dhcp_client *c = dhcp_client_new(&config);
	struct actions actions;
	btime now = 0;

	while (reader_left(&input)) {
		uint8_t what = read_u8(&input);
		actions_clear(&actions);
		if (what < 9) {
			struct dhcp_event event = { what, read_u8(&input) };
			dhcp_client_event(c, &event, now, &actions);
		} else if (what < 100) {
			give_message(c, &input, now, &actions);
		} else if (what < 200) {
			if (dhcp_client_due(c) != BTIME_NEVER && dhcp_client_due(c) > now)
				now = dhcp_client_due(c);
			dhcp_client_tick(c, now, &actions);
		} else {
			struct view raw = read_view(&input, reader_left(&input) / 2);
			dhcp_client_input(c, raw, now, &actions);
		}
		if (actions.overflowed)
			abort();
		if (dhcp_client_state(c) == DHCP_STATE_BOUND && !dhcp_client_lease(c))
			abort();
	}
	dhcp_client_free(c);
	return 0;
}
