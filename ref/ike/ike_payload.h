// SPDX-License-Identifier: Apache-2.0
/*
 * What stands inside the payloads of IKEv2 that rows cannot say: proposals with their transforms
 * (RFC 7296 §3.3), identities (§3.5), notifications (§3.10), deletions (§3.11), traffic selectors
 * (§3.13), configuration attributes (§3.15). Decoders take the payload's element, check every
 * length, and return 0 or -1 with `*reject` (may be NULL); they have no side effects. Numbers are
 * in host byte order, SPIs and addresses as on the wire.
 */
#ifndef BATON_IKE_IKE_PAYLOAD_H
#define BATON_IKE_IKE_PAYLOAD_H

#include "ref/ike/ike_wire.h"

#define IKE_SPI_MAX 8
#define IKE_TRANSFORMS_MAX 32
#define IKE_PROPOSALS_MAX 8

struct ike_transform {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits; /* Key Length attribute; 0: none */
	bool strange;	   /* has an attribute that we do not know: never chosen, §3.3.6 */
};

struct ike_proposal {
	uint8_t number, protocol, spi_size;
	uint8_t spi[IKE_SPI_MAX];
	unsigned count;
	struct ike_transform transforms[IKE_TRANSFORMS_MAX];
};

struct ike_proposals {
	unsigned count;
	struct ike_proposal list[IKE_PROPOSALS_MAX];
};

/* Proposals after the eighth are checked but not kept. */
int ike_decode_sa(const struct element_value *e, struct ike_proposals *out, struct reject *reject);
void ike_encode_sa(const struct ike_proposals *proposals, struct writer *w);

/* What was chosen: one transform of each type; 0 where the type has none. */
struct ike_suite {
	uint16_t encr, key_bits, prf, integ, dh, esn;
};

/* Whether all transforms are the same. */
bool ike_suite_equal(const struct ike_suite *a, const struct ike_suite *b);

/* One proposal that says the same. `protocol` decides which transforms it must name. */
struct ike_proposal ike_suite_proposal(const struct ike_suite *suite, uint8_t protocol,
	uint8_t number);

/*
 * The first of `offered` that `accepted` allows, transforms in the order of the offer (§2.7,
 * §3.3.6). `without_dh` leaves D-H out of account (Child SA in IKE_AUTH, §1.2). Returns the offered
 * proposal, NULL when there is none.
 */
const struct ike_proposal *ike_choose(const struct ike_proposals *offered,
	const struct ike_proposals *accepted, uint8_t protocol, bool without_dh,
	struct ike_suite *suite);

/* Whether it names one transform of each of its types, as an answer must (§2.7). */
bool ike_is_choice(const struct ike_proposal *p);

/* §3.5; two are equal when type and data are. */
#define IKE_ID_MAX 128
struct ike_id {
	uint8_t type; /* 0: none, or anybody */
	uint8_t size;
	uint8_t data[IKE_ID_MAX];
};

/* Longer data than IKE_ID_MAX is refused. */
int ike_decode_id(const struct element_value *e, struct ike_id *out, struct reject *reject);
bool ike_id_equal(const struct ike_id *a, const struct ike_id *b);
/* An address, user@domain, a domain name, or 0x and hexadecimal digits for ID_KEY_ID; 0, or -1 when
 * it is too long or empty. */
int ike_id_parse(const char *text, struct ike_id *out);
/* Always terminated; returns `out`. */
const char *ike_id_text(const struct ike_id *id, char *out, size_t size);

struct ike_notification {
	uint8_t protocol;
	uint16_t type;
	struct view spi, data;
};

/* SPI and data point into the payload. */
int ike_decode_notify(const struct element_value *e, struct ike_notification *out,
	struct reject *reject);
/* The first notification of that type in the packet, if it decodes. */
bool ike_find_notify(const struct packet *p, uint16_t type, struct ike_notification *out);
/* The first one below 16384, an error; 0 when there is none. */
uint16_t ike_find_error(const struct packet *p, struct ike_notification *out);

struct ike_deletion {
	uint8_t protocol, spi_size;
	unsigned count;
	struct view spis; /* count times spi_size */
};

/* The SPIs point into the payload and fill it. */
int ike_decode_delete(const struct element_value *e, struct ike_deletion *out,
	struct reject *reject);

struct ike_ts {
	uint8_t type, protocol; /* protocol 0: any */
	uint16_t start_port, end_port;
	uint8_t start[16], end[16]; /* IPv4: the first four */
};

#define IKE_TS_MAX 8
struct ike_ts_list {
	unsigned count;
	struct ike_ts list[IKE_TS_MAX];
};

/* Selectors after the eighth are checked but not kept. */
int ike_decode_ts(const struct element_value *e, struct ike_ts_list *out, struct reject *reject);
void ike_encode_ts(const struct ike_ts_list *list, struct writer *w);
/* What both take, §2.9; false when nothing. */
bool ike_ts_intersect(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *out);
/* Every intersection of an offered selector with one of the policy's; the count of `out`. */
unsigned ike_ts_narrow(const struct ike_ts_list *offered, const struct ike_ts_list *policy,
	struct ike_ts_list *out);
/* Whether each of `inner` lies within one of `outer`. */
bool ike_ts_within(const struct ike_ts_list *inner, const struct ike_ts_list *outer);
/* "192.0.2.0-192.0.2.255 proto 6 ports 80-80"; always terminated. */
const char *ike_ts_text(const struct ike_ts *ts, char *out, size_t size);

struct ike_attribute {
	uint16_t type;
	struct view value;
};

#define IKE_ATTRIBUTES_MAX 16
struct ike_configuration {
	uint8_t type;
	unsigned count;
	struct ike_attribute list[IKE_ATTRIBUTES_MAX];
};

/* Attributes after the sixteenth are checked but not kept; values point into the payload. */
int ike_decode_cp(const struct element_value *e, struct ike_configuration *out,
	struct reject *reject);
void ike_encode_cp(const struct ike_configuration *cp, struct writer *w);

/* A message in the making: payloads in order, their octets in `storage`. */
struct ike_draft {
	struct packet packet;
	struct writer w;
	uint8_t storage[7168];
};

/* Empties it. */
void ike_draft_begin(struct ike_draft *d);
/* Each appends one payload; `failed` of the writer sticks when something does not fit. */
void ike_draft_octets(struct ike_draft *d, enum ike_payload code, struct view octets);
void ike_draft_sa(struct ike_draft *d, const struct ike_proposals *proposals);
void ike_draft_ke(struct ike_draft *d, uint16_t group, struct view data);
void ike_draft_id(struct ike_draft *d, enum ike_payload code, const struct ike_id *id);
/* CERT or CERTREQ with X.509 certificates for signatures (encoding 4), §3.6, §3.7. */
void ike_draft_cert(struct ike_draft *d, enum ike_payload code, struct view data);
void ike_draft_auth(struct ike_draft *d, uint8_t method, struct view data);
void ike_draft_notify(struct ike_draft *d, uint16_t type, struct view data);
/* With protocol and SPI: REKEY_SA, CHILD_SA_NOT_FOUND. */
void ike_draft_notify_spi(struct ike_draft *d, uint8_t protocol, struct view spi, uint16_t type);
/* `spi` empty: the IKE SA itself. */
void ike_draft_delete(struct ike_draft *d, uint8_t protocol, struct view spi);
void ike_draft_ts(struct ike_draft *d, enum ike_payload code, const struct ike_ts_list *list);
void ike_draft_cp(struct ike_draft *d, const struct ike_configuration *cp);

/* Body of an identity payload, which the AUTH payload signs, §2.15. */
void ike_encode_id(const struct ike_id *id, struct writer *w);

#endif
