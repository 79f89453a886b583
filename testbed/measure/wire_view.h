// SPDX-License-Identifier: Apache-2.0
/*
 * What a capture says of TCP between a mobile node and its correspondent, plain or in ESP (RFC 4303),
 * transport or tunnel mode, bare or in UDP (RFC 3948), or in IP-in-IP. ESP is opened with the keys
 * that the kernel had, AES-GCM with an ICV of 16 octets (RFC 4106), and what does not open is told.
 */
#ifndef BATON_MEASURE_WIRE_VIEW_H
#define BATON_MEASURE_WIRE_VIEW_H

#include "testbed/measure/packets.h"

#define ESP_KEYS_MAX 16

struct esp_key {
	uint32_t spi;
	uint8_t key[36]; /* and the salt, 4 octets */
	unsigned size;
};

struct esp_keys {
	struct esp_key list[ESP_KEYS_MAX];
	unsigned count;
};

/* Adds the keys that `ip xfrm state` has printed. Returns how many are new. */
unsigned esp_keys_read(struct esp_keys *keys, const char *said);

/* A segment with `payload` octets of data inside `wire` octets of IP. */
struct segment {
	double t; /* seconds */
	bool up;  /* towards the correspondent's port */
	uint16_t port; /* the mobile node's */
	unsigned wire, payload;
	uint8_t outer; /* protocol of the outermost IP header: TCP, ESP, UDP, IPIP */
};

struct wire {
	struct segment *list; /* in the order of the file */
	size_t count;
	size_t control;	 /* datagrams of IKE */
	size_t unopened; /* ESP that no key opens */
	size_t fragments; /* of IP; what is in them is not looked at */
	size_t others;
};

/*
 * Reads a capture: TCP at the correspondent's `port`. 0, or -1 with *error set. To be released with
 * wire_free.
 */
int wire_read(const char *path, const struct esp_keys *keys, uint16_t port, struct wire *wire,
	struct report_error *error);
void wire_free(struct wire *wire);

/* The same for one frame; false: not such a segment, and *wire counts what it is. */
bool wire_find(int linktype, struct view frame, const struct esp_keys *keys, uint16_t port,
	struct wire *wire, struct segment *segment);

#endif
