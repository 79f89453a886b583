// SPDX-License-Identifier: Apache-2.0
/* DHCP messages, frames and ARP: what decodes encodes to something that decodes to the same. */
#include <stdlib.h>

#include "ref/dhcp/arp_packet.h"
#include "ref/dhcp/dhcp_frame.h"
#include "ref/dhcp/dhcp_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void try_message(struct view datagram)
{
	struct dhcp_packet p, q;
	uint8_t room[8192];
	struct writer w = writer_of(room, sizeof(room));
	struct reject reject = { 0 };

	if (dhcp_decode(datagram, &p, &reject) < 0) {
		must(reject.reason != REJECT_NONE);
		return;
	}
	dhcp_encode(&p, &w);
	/* options that stood in file and sname are written twice then: read only what was first */
	if (w.failed || packet_find(&p.packet, 0, DHCP_OPTION_OVERLOAD))
		return;
	must(dhcp_decode(writer_view(&w), &q, NULL) == 0);
	must(q.packet.element_count == p.packet.element_count);
	for (unsigned i = 0; i < p.packet.element_count; i++)
		must(view_equal(p.packet.elements[i].value, q.packet.elements[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view payload, input = VIEW(data, size);
	struct arp_packet arp, again;
	struct endpoint peer;
	uint8_t room[ARP_FRAME_SIZE];
	struct writer w = writer_of(room, sizeof(room));

	try_message(input);
	if (dhcp_frame_decode(input, DHCP_CLIENT_PORT, false, &payload, &peer, NULL) == 0)
		try_message(payload);
	if (arp_decode(input, &arp, NULL) == 0) {
		arp_encode(&arp, &w);
		must(arp_decode(writer_view(&w), &again, NULL) == 0);
		must(memcmp(&arp, &again, sizeof(arp)) == 0);
	}
	return 0;
}
