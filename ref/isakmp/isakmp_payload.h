// SPDX-License-Identifier: Apache-2.0
/*
 * What stands inside the payloads of IKEv1 that rows cannot say: proposals, transforms and their
 * attributes (RFC 2408 §3.5, §3.6, §3.3), identities (RFC 2407 §4.6.2), notifications (RFC 2408
 * §3.14), deletions (§3.15). Decoders take the payload's element, check every length, and return 0
 * or -1 with `*reject` (may be NULL); they have no side effects. Numbers are in host byte order,
 * SPIs and addresses as on the wire.
 *
 * A transform of IKEv1 is a whole suite. It is translated to and from the numbers of IKEv2, so that
 * both versions share algorithms, configuration and the kernel's side.
 */
#ifndef BATON_ISAKMP_ISAKMP_PAYLOAD_H
#define BATON_ISAKMP_ISAKMP_PAYLOAD_H

#include "ref/ike/ike_payload.h"
#include "ref/isakmp/isakmp_wire.h"

#define ISAKMP_ATTRIBUTES_MAX 12
#define ISAKMP_OFFERS_MAX 64
#define ISAKMP_SPI_MAX 16

/* RFC 2408 §3.3. */
struct isakmp_attribute {
	uint16_t type;
	uint8_t width; /* octets of a value with a length of its own; 0: the short form */
	uint64_t value;
};

/* One transform with the proposal that it is in. */
struct isakmp_offer {
	uint8_t proposal, protocol, spi_size;
	uint8_t spi[ISAKMP_SPI_MAX];
	uint8_t transform, id;
	bool combined; /* the proposal goes together with another one of the same number */
	bool strange;  /* attributes that do not fit here: never chosen */
	unsigned count;
	struct isakmp_attribute attributes[ISAKMP_ATTRIBUTES_MAX];
};

struct isakmp_offers {
	unsigned count;
	struct isakmp_offer list[ISAKMP_OFFERS_MAX];
};

/* Transforms after the 64th are checked but not kept. */
int isakmp_decode_sa(const struct element_value *e, struct isakmp_offers *out,
	struct reject *reject);
/* The body of an SA payload; neighbours of one proposal number become one proposal. */
void isakmp_encode_sa(const struct isakmp_offers *offers, struct writer *w);

/* What an offer says beside the suite. */
struct isakmp_terms {
	uint16_t auth;	  /* enum isakmp_auth, of an ISAKMP SA */
	uint16_t mode;	  /* enum isakmp_mode, of an IPsec SA */
	uint64_t seconds; /* of life; 0: not said */
};

/*
 * The suite of an offer in the numbers of IKEv2: encr, key_bits, prf, dh of an ISAKMP SA; encr,
 * key_bits, integ, dh (0: no perfect forward secrecy) of an ESP one. False: something in it is not
 * known, or it is a combination.
 */
bool isakmp_read_offer(const struct isakmp_offer *offer, struct ike_suite *suite,
	struct isakmp_terms *terms);

/*
 * One offer for each suite that the proposals allow, in their order. `protocol` is
 * ISAKMP_PROTO_ISAKMP or ISAKMP_PROTO_ESP; ESP with `dh` 0 has no group, else that one.
 */
void isakmp_make_offers(const struct ike_proposals *from, enum isakmp_security_protocol protocol,
	const struct isakmp_terms *terms, uint16_t dh, struct view spi,
	struct isakmp_offers *out);

/*
 * The first offer that `accepted` allows with what is required (a mode of 0: any), or NULL. The
 * group of an ESP offer is one that `accepted` has, or where it has none, none or one of `groups`.
 */
const struct isakmp_offer *isakmp_choose(const struct isakmp_offers *offered,
	const struct ike_proposals *accepted, enum isakmp_security_protocol protocol,
	const struct isakmp_terms *required, const struct ike_proposals *groups,
	struct ike_suite *suite, struct isakmp_terms *terms);

/* The group of D-H that the proposals name first for that protocol; 0: none. */
uint16_t isakmp_first_group(const struct ike_proposals *proposals, uint8_t protocol);

struct isakmp_id {
	uint8_t type, protocol;
	uint16_t port;
	struct view data;
};

/* The data points into the payload and may be empty. */
int isakmp_decode_id(const struct element_value *e, struct isakmp_id *out, struct reject *reject);
/* Of phase 1: an identity as in IKEv2, of which the first types have the same numbers. */
int isakmp_read_identity(const struct element_value *e, struct ike_id *out, struct reject *reject);
void isakmp_encode_identity(const struct ike_id *id, struct writer *w);
/* Of phase 2: what a Child SA carries. -1 also for a name, or a range whose end is before it. */
int isakmp_read_selector(const struct element_value *e, struct ike_ts *out, struct reject *reject);
/* An address, a prefix or a range, whichever says it. */
void isakmp_encode_selector(const struct ike_ts *ts, struct writer *w);

struct isakmp_notification {
	uint32_t doi;
	uint8_t protocol;
	uint16_t type;
	struct view spi, data;
};

/* SPI and data point into the payload. */
int isakmp_decode_notify(const struct element_value *e, struct isakmp_notification *out,
	struct reject *reject);
/* The first notification of that type in the packet, if it decodes. */
bool isakmp_find_notify(const struct packet *p, uint16_t type, struct isakmp_notification *out);
/* The first one below 16384, an error; 0 when there is none. */
uint16_t isakmp_find_error(const struct packet *p, struct isakmp_notification *out);

struct isakmp_deletion {
	uint32_t doi;
	uint8_t protocol, spi_size;
	unsigned count;
	struct view spis; /* count times spi_size */
};

/* The SPIs point into the payload and fill it. */
int isakmp_decode_delete(const struct element_value *e, struct isakmp_deletion *out,
	struct reject *reject);

/* Vendor IDs that change what is said: RFC 3706 §5.1, RFC 3947 §3.1, docs/address-change.md §3. */
enum isakmp_vendor { ISAKMP_VENDOR_DPD, ISAKMP_VENDOR_NAT_T, ISAKMP_VENDOR_ADDRESS_CHANGE };
struct view isakmp_vendor_id(enum isakmp_vendor vendor);
bool isakmp_has_vendor(const struct packet *p, enum isakmp_vendor vendor);

/* A message in the making: payloads in order, their octets in `storage`. */
struct isakmp_draft {
	struct packet packet;
	struct writer w;
	uint8_t storage[7168];
};

/* An empty message with that exchange type. */
void isakmp_draft_begin(struct isakmp_draft *d, enum isakmp_exchange exchange, bool sealed);
/* Each appends one payload; `failed` of the writer sticks when something does not fit. */
void isakmp_draft_octets(struct isakmp_draft *d, enum isakmp_payload code, struct view octets);
void isakmp_draft_sa(struct isakmp_draft *d, const struct isakmp_offers *offers);
void isakmp_draft_identity(struct isakmp_draft *d, const struct ike_id *id);
void isakmp_draft_selector(struct isakmp_draft *d, const struct ike_ts *ts);
/* CERT or CR with X.509 certificates for signatures. */
void isakmp_draft_cert(struct isakmp_draft *d, enum isakmp_payload code, struct view data);
void isakmp_draft_notify(struct isakmp_draft *d, enum isakmp_security_protocol protocol,
	struct view spi, uint16_t type, struct view data);
void isakmp_draft_delete(struct isakmp_draft *d, enum isakmp_security_protocol protocol,
	struct view spi);
void isakmp_draft_vendor(struct isakmp_draft *d, enum isakmp_vendor vendor);

#endif
