// SPDX-License-Identifier: Apache-2.0
/*
 * The reference implementation's codecs as the checks need them: one row a protocol. A protocol
 * whose format is a table (struct protocol) shares its functions with the others of that kind.
 */
#ifndef BATON_VECTORS_CODEC_H
#define BATON_VECTORS_CODEC_H

#include "ref/base/wire.h"
#include "testbed/vectors/check.h"

#define DECODED_FIELDS_MAX 24
#define DECODED_ROOM 64

/* What a codec made of a vector's octets. */
struct decoded {
	struct vector_field fields[DECODED_FIELDS_MAX];
	size_t field_count;
	uint8_t room[DECODED_ROOM]; /* octets of fields that the codec keeps as numbers */
	size_t room_used;
	bool has_elements;
	struct packet packet; /* of a format in tables */
	const char *message;  /* name; NULL: not identified */
};

/* One row: a field of the files, and the rows of the header that hold it. */
struct header_member {
	const char *name; /* NULL: the end of the list */
	unsigned row, rows;
	bool octets;
};

struct vector_codec {
	const char *protocol;
	const struct protocol *wire;	    /* NULL: not in tables */
	const struct header_member *header; /* of `wire` */
	/* What is where. 0, or -1 with `*reject` filled: the boundaries are wrong. */
	int (*parse)(const struct vector_codec *codec, struct view octets, struct decoded *d,
		struct reject *reject);
	/* All checks that need neither state nor keys, and the message's name. 0 or -1. */
	int (*check)(const struct vector_codec *codec, struct view octets, struct decoded *d,
		struct reject *reject);
	/* The vector's fields as octets. False: this codec never sends such a thing. */
	bool (*encode)(const struct vector_codec *codec, const struct vector *v, struct writer *w);
	/* What keys and secrets say of it; NULL: the protocol has none. */
	struct finding (*verify)(const struct vector *v, const struct decoded *d);
	/*
	 * The reference engine, brought to where the vector needs its receiver: takes it or
	 * rejects it for the stated reason, and answers as the vector says. NULL: no such engine
	 * here; `baton vectors replay` may have one.
	 */
	struct finding (*play)(const struct vector *v);
	bool plays_server; /* the receivers of what goes to servers too */
};

/* Everything but `verify` and `play` of formats in tables. */
int codec_wire_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_wire_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
bool codec_wire_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w);

/* Appends to the decoded fields; octets must outlive `d`. */
void decoded_number(struct decoded *d, const char *name, uint64_t number);
void decoded_octets(struct decoded *d, const char *name, struct view octets);

/* An invalid vector that was rejected, or any other that was: as it should be? */
struct finding judge_rejection(const struct vector *v, const struct reject *r);

/* What was taken, where nothing but the layers below its rule was checked. */
struct finding judge_taken(const struct vector *v);

/* Nothing to complain about. */
struct finding finding_none(void);

/* The functions of the rows, one file a protocol: codec_*.c, verify_*.c, play_*.c. */
int codec_pana_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_dxi_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_ap_info_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_eap_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_eap_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
bool codec_eap_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w);
int codec_radius_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_radius_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
struct finding verify_radius(const struct vector *v, const struct decoded *d);
int codec_eapol_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_eapol_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
bool codec_eapol_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w);
struct finding verify_eapol(const struct vector *v, const struct decoded *d);
int codec_ike_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
struct finding verify_ike(const struct vector *v, const struct decoded *d);
int codec_isakmp_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_isakmp_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
bool codec_isakmp_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w);
struct finding verify_isakmp(const struct vector *v, const struct decoded *d);
int codec_ipip_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_ipip_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
bool codec_ipip_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w);
int codec_dhcp_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_dhcp_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
bool codec_dhcp_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w);
int codec_change_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
int codec_path_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject);
struct finding verify_binding(const struct vector *v, const struct decoded *d);
struct finding verify_pana(const struct vector *v, const struct decoded *d);

#endif
