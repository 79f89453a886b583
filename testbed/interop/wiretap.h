// SPDX-License-Identifier: Apache-2.0
/*
 * What crossed the wire between two ends, read from the frames alone: messages of IKE, packets of ESP,
 * and echo in the clear. With the keys that the ends give away messages are opened, fragments put together,
 * and become the ladder of the report; without them what is in the clear still counts.
 */
#ifndef TESTBED_INTEROP_WIRETAP_H
#define TESTBED_INTEROP_WIRETAP_H

#include "ref/base/btime.h"
#include "ref/ike/ike_keys.h"
#include "ref/isakmp/isakmp_payload.h"
#include "testbed/report/result.h"
#include "testbed/suite/capture.h"
#include "testbed/topology/arena.h"

/* A message of IKE: its header, and what is in it as far as it could be opened. */
struct wiretap_message {
	btime at; /* CLOCK_REALTIME */
	unsigned frame; /* number in the capture, from 1 */
	bool from_initiator;
	uint8_t source[4];
	struct view octets; /* from the header on */
	unsigned version;   /* major: 1 or 2; another: not understood */
	unsigned exchange;
	bool response;
	bool encrypted;
	uint32_t id;
	uint64_t spi_i, spi_r;
	struct packet *outer;  /* NULL: it does not decode */
	struct packet *inside; /* NULL: not opened, or a fragment that is not the last */
	unsigned fragment, fragments; /* 0: whole */
	const char *trouble; /* why it does not decode; NULL: it does */
};

/* A packet of ESP, in IP or in UDP. */
struct wiretap_esp {
	btime at;
	bool from_initiator, in_udp;
	uint8_t source[4];
	uint32_t spi;
};

/* Keys of one IKE SA, once they are known to open its messages. */
struct wiretap_keys {
	struct ike_half half[2]; /* of initiator and responder */
	uint64_t spi_i, spi_r;	 /* 0: nothing was opened by them */
};

/* The key of the cipher of an ISAKMP SA, IKEv1. */
struct wiretap_old_keys {
	uint64_t cky_i; /* 0: not said */
	uint8_t cipher[IKE_KEY_MAX];
	size_t size;
	bool used; /* something was opened by it */
};

struct wiretap {
	struct arena *arena;
	uint8_t initiator[6]; /* MAC address */
	struct wiretap_message *messages;
	size_t count, room;
	struct wiretap_esp *esp;
	size_t esp_count, esp_room;
	size_t clear; /* echo requests and replies outside ESP */
	size_t frames; /* read so far */
	struct ike_suite suite; /* of the first IKE SA; encr 0: not known */
	struct wiretap_keys *keys;
	size_t key_count;
	struct wiretap_old_keys *old_keys;
	size_t old_key_count;
};

/* Nothing read. What comes from the MAC address `initiator` is the initiator's. */
void wiretap_init(struct wiretap *w, const uint8_t initiator[6]);
/* Releases everything and wipes the keys. */
void wiretap_free(struct wiretap *w);

/* Reads the frames that the capture has and that were not read before. */
void wiretap_read(struct wiretap *w, const struct capture *c);

/*
 * Takes keys in the form of Wireshark's ikev2_decryption_table and ikev1_decryption_table from a file, SPIs
 * and cookies as far as they are there; what is not of that form is passed over. The number of those it took.
 */
unsigned wiretap_take_keys(struct wiretap *w, const char *path);

/* Opens what the keys open. To be called once, when all frames are read. */
void wiretap_open(struct wiretap *w);

/* Writes the keys with the SPIs that they belong to. False: there are none, and no file. */
bool wiretap_write_keys(const struct wiretap *w, const char *path);

/* "IKE_AUTH response id=1 IDr AUTH SA TSi TSr"; returns `out`. */
const char *wiretap_label(const struct wiretap_message *m, char *out, size_t size);

/* The messages as arrows; in the arena. */
const struct report_step *wiretap_ladder(struct wiretap *w, btime start, size_t *count);

/* Of wiretap_read and wiretap_open, for IKEv1. */
void wiretap_decode_old(struct wiretap *w, struct wiretap_message *m);
void wiretap_open_old(struct wiretap *w);

/* What the responder chose for that ISAKMP SA. False: it was not seen. */
bool wiretap_old_choice(const struct wiretap *w, uint64_t cky_i, uint64_t cky_r, struct ike_suite *suite,
	struct isakmp_terms *terms);

/* The packet that has the payloads: inside, or outer where nothing is encrypted; NULL: not opened. */
const struct packet *wiretap_contents(const struct wiretap_message *m);

#endif
