// SPDX-License-Identifier: Apache-2.0
/*
 * Our traffic as found in a capture: Ethernet, Linux cooked or raw IP, plain or inside any number
 * of IP-in-IP headers.
 */
#ifndef BATON_MEASURE_PACKETS_H
#define BATON_MEASURE_PACKETS_H

#include "ref/base/reader.h"
#include "testbed/report/result.h"

struct packet_seen {
	double t; /* seconds, as captured */
	uint32_t sequence;
	uint32_t stream;
	unsigned tunnels;	/* IP-in-IP headers around it */
	uint8_t destination[4]; /* of the outermost IPv4 header */
};

struct packets {
	struct packet_seen *list; /* in the order of the file */
	size_t count;
	size_t others; /* packets of the capture that are not our traffic */
};

/*
 * Reads a pcap or pcapng file. A capture cut short (its writer was killed) gives what is whole and
 * sets *cut. Returns 0, or -1 with *error set when it cannot be read at all.
 */
int packets_read(const char *path, struct packets *packets, bool *cut, struct report_error *error);

/* Releases the list. */
void packets_free(struct packets *packets);

/* Finds our traffic in one link-layer frame (`linktype` as of pcap_datalink). False: none. */
bool packets_find(int linktype, struct view frame, struct packet_seen *seen);

/* Past the link-layer header; false when what follows is not IPv4. */
bool packets_skip_link(int linktype, struct reader *r);

/* One IPv4 header. Returns a cursor over its payload; `protocol` 0 when it is not whole IPv4. */
struct reader packets_enter_ipv4(struct reader *r, uint8_t *protocol, uint8_t destination[4]);

#endif
