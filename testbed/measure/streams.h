// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic over connections: streams of octets at a constant rate in one direction or both, every
 * octet compared, every arrival with its time. What the network held up is sent as soon as it goes,
 * so a stream of a given age has a given length.
 */
#ifndef BATON_MEASURE_STREAMS_H
#define BATON_MEASURE_STREAMS_H

#include <stddef.h>
#include <stdint.h>

#include "testbed/report/result.h"

#define STREAMS_PORT 49718
#define STREAMS_MAX 8
#define STREAM_HELLO_SIZE 24 /* octets of a connection before its stream, from the caller */

/* What one end of a stream saw. */
struct stream_end {
	uint64_t sent, received; /* octets that the kernel took and gave */
	bool ended;		 /* the other end's last octet has come */
	bool wrong;		 /* an octet was not the expected one */
	char error[32];		 /* of a system call; "" when none failed */
};

struct stream_arrival {
	double t; /* seconds */
	unsigned stream;
};

/* The log of one program. */
struct streams_log {
	struct stream_end ends[STREAMS_MAX]; /* by stream, from 0 */
	struct stream_arrival *arrivals;     /* in the order of time */
	size_t count;
};

/* Reads what a program wrote. 0, or -1 with *error set. To be released with streams_log_free. */
int streams_log_read(const char *path, struct streams_log *log, struct report_error *error);
void streams_log_free(struct streams_log *log);

/* The octet at a position of a stream. */
uint8_t stream_octet(unsigned stream, uint64_t position);

/* `baton traffic serve|call`: docs/measurement.md. */
int cmd_streams(int argc, char **argv);

#endif
