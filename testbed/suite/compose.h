// SPDX-License-Identifier: Apache-2.0
/*
 * The datagram that a send line means: what the peer would send now, changed by the line's
 * conditions, protected last, so that what is altered is still genuine unless the line says
 * otherwise.
 */
#ifndef TESTBED_SUITE_COMPOSE_H
#define TESTBED_SUITE_COMPOSE_H

#include "testbed/suite/peer.h"
#include "testbed/suite/value.h"

#define DATAGRAM_MAX 65507

struct composed {
	uint8_t octets[DATAGRAM_MAX];
	size_t size;
	struct packet packet; /* as composed; values point into `octets` or the variables' arena */
	bool is_packet;	      /* false: octets of the suite's own */
	size_t sizes[WRAPPED_MAX]; /* of the datagrams in `octets`, one after the other */
	unsigned count;
};

struct compose_input {
	const struct role *role;
	struct peer *peer;
	const struct pattern *pattern; /* of send or forge */
	const struct pattern *alter;   /* of an alter that was armed; or NULL */
	bool forge;		       /* no integrity value unless the line asks for one */
	struct variables *variables;
};

/* 0, or -1 with one phrase in `why`: what the suite asks for cannot be written. */
int compose(const struct compose_input *in, struct composed *out, char *why, size_t size);

#endif
