// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "ref/base/reader.h"
#include "testbed/measure/packets.h"
#include "testbed/measure/traffic.h"

#define ETHERTYPE_IPV4 0x0800

bool packets_skip_link(int linktype, struct reader *r)
{
	switch (linktype) {
	case DLT_EN10MB:
		read_view(r, 12);
		return read_u16(r) == ETHERTYPE_IPV4;
	case DLT_LINUX_SLL:
		read_view(r, 14);
		return read_u16(r) == ETHERTYPE_IPV4;
	case DLT_LINUX_SLL2: {
		uint16_t protocol = read_u16(r);
		read_view(r, 18);
		return protocol == ETHERTYPE_IPV4;
	}
	case DLT_RAW:
	case DLT_IPV4:
		return true;
	default:
		return false;
	}
}

struct reader packets_enter_ipv4(struct reader *r, uint8_t *protocol, uint8_t destination[4])
{
	uint8_t version = read_u8(r);
	size_t header = (size_t)(version & 15) * 4;

	read_u8(r);
	size_t total = read_u16(r);
	read_view(r, 2);
	bool fragment = read_u16(r) & 0x3fff;
	read_u8(r);
	*protocol = read_u8(r);
	read_view(r, 6);
	read_bytes(r, destination, 4);
	if (version >> 4 != 4 || header < 20 || total < header || fragment)
		*protocol = 0;
	if (*protocol)
		read_view(r, header - 20);
	return read_child(r, *protocol ? total - header : 0);
}

bool packets_find(int linktype, struct view frame, struct packet_seen *seen)
{
	struct reader r = reader_of(frame);
	struct traffic_header header;
	uint8_t protocol = IPPROTO_IPIP, inner[4];

	if (!packets_skip_link(linktype, &r))
		return false;
	r = packets_enter_ipv4(&r, &protocol, seen->destination);
	for (seen->tunnels = 0; protocol == IPPROTO_IPIP && !r.failed; seen->tunnels++)
		r = packets_enter_ipv4(&r, &protocol, inner);
	if (protocol != IPPROTO_UDP)
		return false;
	read_view(&r, 8);
	if (!traffic_decode(read_rest(&r), &header))
		return false;
	seen->sequence = header.sequence;
	seen->stream = header.stream;
	return true;
}

static void add(struct packets *packets, const struct packet_seen *seen)
{
	if ((packets->count & (packets->count - 1)) == 0) {
		size_t room = packets->count ? 2 * packets->count : 1;
		packets->list = realloc(packets->list, room * sizeof(*packets->list));
		if (!packets->list)
			abort();
	}
	packets->list[packets->count++] = *seen;
}

int packets_read(const char *path, struct packets *packets, bool *cut, struct report_error *error)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	int more;
	pcap_t *capture = pcap_open_offline_with_tstamp_precision(path,
		PCAP_TSTAMP_PRECISION_NANO, why);

	*packets = (struct packets){ 0 };
	*cut = false;
	if (!capture) {
		snprintf(error->text, sizeof(error->text), "%s: %s; a capture is a pcap or pcapng "
			"file", path, why);
		return -1;
	}
	while ((more = pcap_next_ex(capture, &header, &data)) == 1) {
		struct packet_seen seen = { .t = (double)header->ts.tv_sec +
				(double)header->ts.tv_usec / 1e9 };
		if (packets_find(pcap_datalink(capture), VIEW(data, header->caplen), &seen))
			add(packets, &seen);
		else
			packets->others++;
	}
	*cut = more == PCAP_ERROR;
	pcap_close(capture);
	return 0;
}

void packets_free(struct packets *packets)
{
	free(packets->list);
	*packets = (struct packets){ 0 };
}
