// SPDX-License-Identifier: Apache-2.0
/*
 * DHCP inside a DHCP SA: whole IP packets on the interface that belongs to it (esp_dhcp_device), for
 * a host without an address speaks from 0.0.0.0 to everybody, which no ordinary socket does.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/dhcp/dhcp_frame.h"
#include "ref/dhcp/dhcp_packet.h"
#include "ref/host/frames.h"
#include "ref/iked/dhcp.h"

#define ETHERTYPE_OF_IPV4 0x0800

struct dhcp_link {
	struct frames *frames;
	uint16_t port; /* ours */
	dhcp_link_receiver *receive;
	void *context;
};

static void take(void *context, const struct frame *frame)
{
	struct dhcp_link *l = context;
	struct endpoint peer;
	struct view message;

	if (!frame->outgoing && dhcp_ip_decode(frame->data, l->port, frame->checksums_set, &message,
					&peer, NULL) == 0)
		l->receive(l->context, message);
}

struct dhcp_link *dhcp_link_open(struct loop *loop, const char *device, uint16_t port,
	dhcp_link_receiver *receive, void *context)
{
	struct dhcp_link *l = host_alloc(sizeof(*l));

	*l = (struct dhcp_link){ .port = port, .receive = receive, .context = context };
	l->frames = frames_open(loop, device, ETHERTYPE_OF_IPV4, port, take, l);
	if (l->frames)
		return l;
	free(l);
	return NULL;
}

int dhcp_link_send(struct dhcp_link *l, const struct endpoint *local, const struct endpoint *peer,
	struct view message)
{
	uint8_t room[DHCP_MESSAGE_MAX + DHCP_IP_OVERHEAD];
	struct writer w = writer_of(room, sizeof(room));

	dhcp_ip_encode(local, peer, message, &w);
	return w.failed ? -EMSGSIZE : frames_send(l->frames, writer_view(&w));
}

void dhcp_link_close(struct dhcp_link *l)
{
	if (!l)
		return;
	frames_close(l->frames);
	free(l);
}
