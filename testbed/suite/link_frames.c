// SPDX-License-Identifier: Apache-2.0
/*
 * Ethernet frames of one EtherType; a message is what follows the Ethernet header, padding of a
 * short frame included. The tester's first address is its interface's own, further ones are made
 * from it, so that it can be several stations.
 */
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

#define STATION_STEP 0x10

static bool address_of(const struct link *link, unsigned address, uint16_t port,
	struct endpoint *out)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link->options.interface);
	if (ioctl(link->capture.fd, SIOCGIFHWADDR, &request) < 0)
		return false;
	*out = (struct endpoint){ .family = AF_PACKET, .port = htons(port) };
	memcpy(out->address, request.ifr_hwaddr.sa_data, ETH_ALEN);
	if (address)
		out->address[0] = (uint8_t)((out->address[0] | 2) & ~1); /* locally administered */
	out->address[ETH_ALEN - 1] = (uint8_t)(out->address[ETH_ALEN - 1] + address * STATION_STEP);
	return true;
}

static int interface_index(int fd, const char *name)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? -1 : request.ifr_ifindex;
}

static int open_frames(struct link *link, const struct endpoint *local, char *why, size_t size)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = local->port };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	const int on = 1;
	int fd = link_open_socket(link, AF_PACKET, SOCK_RAW, 0);

	if (fd < 0) {
		snprintf(why, size, "no packet socket: %s", strerror(-fd));
		return -1;
	}
	all.mr_ifindex = at.sll_ifindex = interface_index(fd, link->options.interface);
	if (at.sll_ifindex < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		snprintf(why, size, "frames of EtherType %04x at %s cannot be had: %s",
			ntohs(local->port), link->options.interface, strerror(errno));
		close(fd);
		return -1;
	}
	return link_keep(link, fd, local);
}

static int send_frames(struct link *link, int socket, const struct endpoint *to,
	struct view octets)
{
	static _Thread_local uint8_t buffer[65536 + ETH_HLEN];
	struct writer w = writer_of(buffer, sizeof(buffer));

	write_bytes(&w, to->address, ETH_ALEN);
	write_bytes(&w, link->local[socket].address, ETH_ALEN);
	write_u16(&w, ntohs(link->local[socket].port));
	write_view(&w, octets);
	return !w.failed && send(link->sockets[socket], buffer, w.used, 0) >= 0 ? 0 : -1;
}

/* Whether a frame to that address is for socket `i`: every packet socket sees every frame. What
 * goes to a group belongs to the first. */
static bool is_for(const struct link *link, unsigned i, const uint8_t destination[ETH_ALEN])
{
	if (destination[0] & 1)
		return i == 0;
	return memcmp(destination, link->local[i].address, ETH_ALEN) == 0;
}

static bool take_frames(struct link *link, unsigned i, struct arena *arena, struct datagram *out)
{
	static _Thread_local uint8_t buffer[65536];
	union link_from from;
	ssize_t n;

	while ((n = link_read(link, i, &from, buffer, sizeof(buffer), &out->at)) >= 0) {
		struct reader r = reader_of(VIEW(buffer, (size_t)n));
		struct endpoint to = { .family = AF_PACKET, .port = link->local[i].port };
		out->from = to;
		read_bytes(&r, to.address, ETH_ALEN);
		read_bytes(&r, out->from.address, ETH_ALEN);
		read_u16(&r);
		if (r.failed || !is_for(link, i, to.address))
			continue;
		struct view rest = read_rest(&r);
		out->octets = VIEW(arena_copy(arena, (const char *)rest.data, rest.size),
			rest.size);
		out->to = to;
		out->socket = (int)i;
		return true;
	}
	return false;
}

const struct carrier_ops carrier_frames = {
	.address = address_of,
	.open = open_frames,
	.send = send_frames,
	.take = take_frames,
};
