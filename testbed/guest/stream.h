// SPDX-License-Identifier: Apache-2.0
/*
 * One direction of a stream between two descriptors, a buffer in between, never waiting.
 *
 * A stream may end with a mark that the sender puts behind all else, for where its end cannot be
 * seen otherwise. What could be the mark's beginning is held back until more comes.
 */
#ifndef BATON_TESTBED_GUEST_STREAM_H
#define BATON_TESTBED_GUEST_STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream {
	int from, to; /* from -1: the stream is finished at once */
	bool ended;   /* nothing more comes from `from` */
	bool broken;  /* `to` takes no more; `why` is the errno */
	int why;
	bool marked;	 /* the mark came, and with it the end */
	uint64_t passed; /* octets written to `to` */
	const char *mark;
	size_t start, end, held; /* in the buffer: to be written up to `end`, then held back */
	char buffer[4096]; /* at most what a pipe that polls as writable takes without waiting */
};

/* `mark` must outlive the stream; NULL: none. */
void guest_stream_init(struct stream *s, int from, int to, const char *mark);

/* Whether all that came has been passed on and nothing more comes. */
bool guest_stream_finished(const struct stream *s);

/* Sets up the one descriptor that the stream waits for; its fd is -1 when it waits for none. */
void guest_stream_poll(const struct stream *s, struct pollfd *p);

/* Does what poll said can be done. */
void guest_stream_move(struct stream *s, const struct pollfd *p);

#endif
