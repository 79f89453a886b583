// SPDX-License-Identifier: Apache-2.0
/*
 * The traffic that is measured: UDP datagrams at a fixed interval, each with its sequence number
 * and the time it was sent, so that every copy can be told apart wherever it is captured.
 */
#ifndef BATON_MEASURE_TRAFFIC_H
#define BATON_MEASURE_TRAFFIC_H

#include "ref/base/view.h"

#define TRAFFIC_PORT 49717
#define TRAFFIC_MAGIC 0x42544e31u /* "BTN1" */
#define TRAFFIC_INTERVAL_MS 16
#define TRAFFIC_SIZE_MIN 20	  /* octets of payload */

struct traffic_header {
	uint32_t stream;
	uint32_t sequence; /* from 1 */
	uint64_t sent_ns;  /* CLOCK_REALTIME of the sender */
};

/* Reads the payload of a datagram; false when it is not ours. */
bool traffic_decode(struct view payload, struct traffic_header *header);

/* Fills `size` octets (at least TRAFFIC_SIZE_MIN) of payload. */
void traffic_encode(const struct traffic_header *header, uint8_t *payload, size_t size);

/* `baton traffic send|receive`: docs/measurement.md. */
int cmd_traffic(int argc, char **argv);

#endif
