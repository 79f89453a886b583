// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/base/reader.h"
#include "testbed/suite/capture.h"

#define FRAME_MAX 65575
#define OCTETS_MAX (32u * 1024 * 1024) /* of one test; what comes after is not kept */

void capture_start(struct capture *c, int fd)
{
	const int on = 1, room = 4 * 1024 * 1024;

	*c = (struct capture){ .fd = fd };
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

static void add(struct capture *c, struct timespec at, const uint8_t *octets, size_t size)
{
	if (c->octets + size > OCTETS_MAX)
		return;
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->frames = realloc(c->frames, c->room * sizeof(*c->frames));
		if (!c->frames)
			abort();
	}
	uint8_t *copy = malloc(size + 1);
	if (!copy)
		abort();
	memcpy(copy, octets, size);
	c->frames[c->count++] = (struct frame){ .at = at, .octets = VIEW(copy, size) };
	c->octets += size;
}

void capture_drain(struct capture *c)
{
	static _Thread_local uint8_t buffer[FRAME_MAX];
	char control[CMSG_SPACE(sizeof(struct timespec))];

	while (c->fd >= 0) {
		struct iovec part = { buffer, sizeof(buffer) };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
			.msg_controllen = sizeof(control) };
		struct timespec at;
		ssize_t n = recvmsg(c->fd, &m, MSG_DONTWAIT);
		if (n < 0)
			return;
		clock_gettime(CLOCK_REALTIME, &at);
		for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
			if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS)
				memcpy(&at, CMSG_DATA(h), sizeof(at));
		add(c, at, buffer, (size_t)n);
	}
}

/* The payload of a TCP segment; Ethernet pads short ones, so at most what IP says. */
static struct view segment_payload(struct reader *r, size_t size)
{
	read_view(r, 12);
	size_t header = (size_t)(read_u8(r) >> 4) * 4;
	if (header < 20 || header > size)
		return VIEW_EMPTY;
	read_view(r, header - 13);
	return read_view(r, size - header);
}

/* What a message in that Ethernet frame is: the payload of UDP or TCP over IPv4 or IPv6, all behind
 * the header of EAPOL and 802.11i pre-authentication, else empty. */
static struct view message_in(struct view frame, bool *stream)
{
	struct reader r = reader_of(frame);
	size_t whole;

	read_view(&r, 12);
	uint16_t type = read_u16(&r);
	if (type == 0x0800) {
		size_t header = (read_u8(&r) & 15u) * 4u;
		read_u8(&r);
		whole = read_u16(&r);
		read_view(&r, 5);
		uint8_t protocol = read_u8(&r);
		header = header >= 20 ? header : 20;
		read_view(&r, header - 10);
		*stream = protocol == 6;
		if (*stream && whole >= header)
			return segment_payload(&r, whole - header);
		if (protocol != 17)
			return VIEW_EMPTY;
	} else if (type == 0x86dd) {
		read_view(&r, 4);
		whole = read_u16(&r);
		uint8_t protocol = read_u8(&r);
		read_view(&r, 33);
		*stream = protocol == 6;
		if (*stream)
			return segment_payload(&r, whole);
		if (protocol != 17)
			return VIEW_EMPTY;
	} else if (type == 0x888e || type == 0x88c7) {
		return read_rest(&r);
	} else {
		return VIEW_EMPTY;
	}
	read_view(&r, 4);
	size_t size = read_u16(&r);
	read_u16(&r);
	return size >= 8 ? read_view(&r, size - 8) : VIEW_EMPTY;
}

/* A segment may hold several messages. */
static bool holds(struct view frame, struct view payload)
{
	bool stream = false;
	struct view found = message_in(frame, &stream);

	return stream ? found.size && memmem(found.data, found.size, payload.data, payload.size) :
			view_equal(found, payload);
}

unsigned capture_find(struct capture *c, struct view payload, const char *comment)
{
	for (size_t i = 0; payload.size && i < c->count; i++) {
		struct frame *f = &c->frames[i];
		if (f->taken || !holds(f->octets, payload))
			continue;
		f->taken = true;
		if (comment)
			f->comment = strdup(comment);
		return (unsigned)i + 1;
	}
	return 0;
}

/* --- pcapng --------------------------------------------------------------------------------- */

/* Everything is written in this machine's byte order, which the first block tells. */
static void put32(FILE *f, uint32_t v)
{
	fwrite(&v, 4, 1, f);
}

static void put16(FILE *f, uint16_t v)
{
	fwrite(&v, 2, 1, f);
}

static size_t padded(size_t n)
{
	return (n + 3) / 4 * 4;
}

static void put_padded(FILE *f, const void *data, size_t n)
{
	static const char zeros[4];

	fwrite(data, 1, n, f);
	fwrite(zeros, 1, padded(n) - n, f);
}

/* An option with text; 0 octets when the text is NULL. */
static size_t option_size(const char *text)
{
	return text ? 4 + padded(strlen(text)) : 0;
}

static void put_option(FILE *f, uint16_t code, const char *text)
{
	if (!text)
		return;
	put16(f, code);
	put16(f, (uint16_t)strlen(text));
	put_padded(f, text, strlen(text));
}

#define OPTION_COMMENT 1
#define OPTION_NAME 2
#define OPTION_RESOLUTION 9

static void put_section(FILE *f, const char *about)
{
	uint32_t size = (uint32_t)(28 + option_size(about) + 4);

	put32(f, 0x0a0d0d0a);
	put32(f, size);
	put32(f, 0x1a2b3c4d);
	put16(f, 1);
	put16(f, 0);
	put32(f, UINT32_MAX);
	put32(f, UINT32_MAX);
	put_option(f, OPTION_COMMENT, about);
	put32(f, 0);
	put32(f, size);
}

static void put_interface(FILE *f)
{
	uint32_t size = (uint32_t)(20 + option_size("tester") + 8 + 4);

	put32(f, 1);
	put32(f, size);
	put16(f, 1); /* Ethernet */
	put16(f, 0);
	put32(f, 0);
	put_option(f, OPTION_NAME, "tester");
	put16(f, OPTION_RESOLUTION);
	put16(f, 1);
	put_padded(f, "\x09", 1); /* nanoseconds */
	put32(f, 0);
	put32(f, size);
}

static void put_secrets(FILE *f, struct view secrets)
{
	uint32_t size = (uint32_t)(20 + padded(secrets.size));

	put32(f, 10);
	put32(f, size);
	put32(f, 0x544c534b); /* TLS key log */
	put32(f, (uint32_t)secrets.size);
	put_padded(f, secrets.data, secrets.size);
	put32(f, size);
}

static void put_frame(FILE *f, const struct frame *frame)
{
	uint64_t ns = (uint64_t)frame->at.tv_sec * 1000000000u + (uint64_t)frame->at.tv_nsec;
	size_t options = frame->comment ? option_size(frame->comment) + 4 : 0;
	uint32_t size = (uint32_t)(32 + padded(frame->octets.size) + options);

	put32(f, 6);
	put32(f, size);
	put32(f, 0);
	put32(f, (uint32_t)(ns >> 32));
	put32(f, (uint32_t)ns);
	put32(f, (uint32_t)frame->octets.size);
	put32(f, (uint32_t)frame->octets.size);
	put_padded(f, frame->octets.data, frame->octets.size);
	if (options) {
		put_option(f, OPTION_COMMENT, frame->comment);
		put32(f, 0);
	}
	put32(f, size);
}

int capture_write(const struct capture *c, const char *path, const char *about, struct view secrets)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -1;
	put_section(f, about);
	put_interface(f);
	if (secrets.size)
		put_secrets(f, secrets);
	for (size_t i = 0; i < c->count; i++)
		put_frame(f, &c->frames[i]);
	bool failed = ferror(f);
	return fclose(f) || failed ? -1 : 0;
}

void capture_free(struct capture *c)
{
	if (c->fd >= 0)
		close(c->fd);
	for (size_t i = 0; i < c->count; i++) {
		free((void *)(uintptr_t)c->frames[i].octets.data);
		free(c->frames[i].comment);
	}
	free(c->frames);
	*c = (struct capture){ .fd = -1 };
}
