// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "testbed/suite/link_carrier.h"
#include "testbed/suite/link_lan.h"

int link_lan_open(struct link *link, const struct role_lan *lan, char *why, size_t size)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(lan->ethertype) };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	struct ifreq request = { 0 };
	const int on = 1;
	int fd = link_open_socket(link, AF_PACKET, SOCK_RAW, 0);

	if (fd < 0) {
		snprintf(why, size, "no packet socket: %s", strerror(-fd));
		return -1;
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link->options.interface);
	if (ioctl(fd, SIOCGIFINDEX, &request) == 0) {
		all.mr_ifindex = at.sll_ifindex = request.ifr_ifindex;
		if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) == 0 &&
			setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) == 0 &&
			bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
	}
	snprintf(why, size, "frames of EtherType %04x at %s cannot be had: %s", lan->ethertype,
		link->options.interface, strerror(errno));
	close(fd);
	return -1;
}

int link_lan_send(struct link *link, int socket, struct view message)
{
	const struct role_lan *lan = link->options.lan;
	uint8_t buffer[65536];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct packet p;

	wire_parse(link->options.protocol, message, &p, NULL);
	const struct element_value *pdu = packet_find(&p, 0, lan->element);
	if (!pdu) {
		errno = EINVAL;
		return -1;
	}
	write_uint(&w, p.header[lan->first], ETH_ALEN);
	write_uint(&w, p.header[lan->second], ETH_ALEN);
	write_u16(&w, lan->ethertype);
	write_view(&w, pdu->value);
	return !w.failed && send(link->sockets[socket], buffer, w.used, 0) >= 0 ? 0 : -1;
}

bool link_lan_take(struct link *link, unsigned i, struct arena *arena, struct datagram *out)
{
	const struct role_lan *lan = link->options.lan;
	const struct protocol *protocol = link->options.protocol;
	uint8_t frame[65536], message[65536];
	union link_from from;
	ssize_t n = link_read(link, i, &from, frame, sizeof(frame), &out->at);
	struct packet p = packet_named(protocol, lan->message);
	struct writer w = writer_of(message, sizeof(message));

	if (n < 0)
		return false;
	struct reader r = reader_of(VIEW(frame, (size_t)n));
	p.header[0] = protocol->header[0].min; /* the version */
	p.header[lan->second] = read_uint(&r, ETH_ALEN);
	p.header[lan->first] = read_uint(&r, ETH_ALEN);
	read_u16(&r);
	packet_add(&p, 0, lan->element, read_rest(&r));
	wire_encode(&p, &w);
	if (r.failed || w.failed)
		return false;
	out->octets = VIEW(arena_copy(arena, (const char *)message, w.used), w.used);
	out->from = out->to = link->local[i];
	out->socket = (int)i;
	return true;
}
