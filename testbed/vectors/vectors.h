// SPDX-License-Identifier: Apache-2.0
/*
 * Packet vectors as read from vectors/PROTOCOL/FILE.json; docs/vectors.md says what the members
 * mean. Everything is read-only and lives until vectors_free.
 */
#ifndef BATON_VECTORS_VECTORS_H
#define BATON_VECTORS_VECTORS_H

#include "ref/base/reject.h"
#include "ref/base/view.h"

enum vector_result { VECTOR_VALID, VECTOR_ACCEPTABLE, VECTOR_INVALID };

/* What a receiver must know to see that a message is invalid. */
enum vector_layer { LAYER_DECODE, LAYER_MESSAGE, LAYER_SESSION, LAYER_AUTH };

/* Where the receiver must stand when the message arrives. */
enum vector_needs {
	NEEDS_FRESH,
	NEEDS_STARTED,
	NEEDS_AUTHENTICATING,
	NEEDS_OPEN,
	NEEDS_REAUTHENTICATING,
	NEEDS_TERMINATING,
};

/* An AVP, attribute or element; numbers as on the wire. */
struct vector_element {
	const char *name; /* NULL: one that the specifications do not name */
	uint32_t code, flags, length, reserved, vendor;
	uint32_t next; /* IKE: the first payload inside an Encrypted one */
	bool has_vendor;
	struct view value;
};

/* A decoded field by its name in the files. */
struct vector_field {
	const char *name;
	bool is_octets; /* else a number */
	uint64_t number;
	struct view octets;
};

struct vector_rule {
	enum vector_layer layer;
	enum reject_reason reason;
	const char *clause, *text;
	const char *field; /* NULL: not told */
	uint64_t also;	   /* bit 1 << enum reject_reason: what else a receiver may see first */
	bool has_offset;
	size_t offset;
};

/* Numbers of algorithms that the initial request offered. */
struct vector_numbers {
	uint32_t list[16];
	size_t count;
};

struct vector_place {
	const char *word;	 /* as in the file */
	enum vector_needs needs; /* of PANA: the same */
	const struct view *before; /* what the receiver has taken before, in order */
	size_t before_count;
	uint32_t identifier; /* EAP: of the first request that the server sent */
	bool proxy;	     /* IEEE 802.1X over IP: the receiver is one */
	bool has_exchange;
	uint32_t exchange; /* RADIUS: which request the receiver waits for, in the group */
	bool has_session, has_offers;
	bool preauth;		    /* the session began with E (RFC 5873) */
	uint32_t session, sequence; /* what the receiver expects; has_session */
	struct vector_numbers prf, integrity;
};

struct vector {
	const char *id, *comment;
	const char *direction; /* "paa->pac": from, to */
	bool to_server;	       /* to the PAA, EAP or RADIUS server, authenticator, access point */
	struct view octets;
	enum vector_result result;
	struct vector_rule rule; /* VECTOR_INVALID */
	bool must_accept;	 /* VECTOR_ACCEPTABLE: level "must" */
	const char *tolerance_clause, *tolerance_text;
	struct vector_place place;
	const char *const *reactions; /* any one of them; "silence" or messages */
	size_t reaction_count;
	bool has_auth, has_association, auth_valid;
	size_t association; /* index in the group */
	struct {
		bool there, has_authenticator, authenticator;
		bool has_message_authenticator, message_authenticator;
		size_t exchange; /* index in the group */
	} sealed;		 /* RADIUS: which of its authenticators verify */
	bool has_eap;
	struct view eap; /* RADIUS: what the EAP-Message attributes make together */
	bool has_keys;
	struct view recv_key, send_key; /* RADIUS: what the key attributes hold; empty: nothing */
	bool has_pmk;
	uint32_t pmk; /* EAPOL: whose PMKID the frame carries, index in the group */
	bool has_inside;
	struct view iv; /* IKEv1: of the cipher */
	struct view inside; /* IKE: what the Encrypted payload or fragment holds; PANA: what the
			     * Encryption-Encap does */
	bool has_reply;
	struct view reply; /* the only right answer, where there is one */
	bool has_fields;    /* false where the boundaries are wrong */
	const char *message; /* "PAR"; NULL: no message has this type */
	const struct vector_field *fields;
	size_t field_count;
	const struct vector_element *elements;
	size_t element_count;
	const struct vector_group *group;
	unsigned line; /* of the id in the file */
};

struct vector_association {
	uint32_t key_id, prf, integrity;
	struct view msk, i_par, i_pan, pac_nonce, paa_nonce, auth_key;
	uint32_t encryption; /* 0: none */
	struct view pac_encr_key, paa_encr_key;
};

/* An EAP conversation whose messages the group carries. */
struct vector_eap {
	const char *method, *id_s, *id_p, *password; /* password: of EAP-MD5, else NULL */
	struct view challenge;			     /* of EAP-MD5, else empty */
	struct view psk, rand_s, rand_p, msk, emsk;  /* of EAP-PSK, else empty */
};

/* RADIUS: a request, to which cases are answers. */
struct vector_exchange {
	struct view request;
};

struct vector_pmk {
	struct view pmk, bssid, station, pmkid;
};

/* IKE: an IKE SA; numbers of RFC 7296 §3.3.2. */
struct vector_ike {
	uint32_t encr, key_bits, prf, integ;
	struct view spi_i, spi_r, nonce_i, nonce_r, shared;
	struct view d, ai, ar, ei, er, pi, pr;
};

/* IKEv1: an ISAKMP SA; numbers of RFC 2409 §A. */
struct vector_isakmp {
	uint32_t encr, key_bits, hash, group, auth;
	struct view psk, cky_i, cky_r, nonce_i, nonce_r, public_i, public_r, shared, sa_body;
	struct view quick_nonce_i, quick_nonce_r, last_block;
	struct view skeyid, d, a, e, key;
};

struct vector_group {
	const char *name, *title;
	struct view secret; /* RADIUS: shared by client and server; else empty */
	struct view key;    /* remote binding: shared by MN and CN; else empty */
	struct vector_ike ike; /* encr 0: none */
	struct vector_isakmp isakmp; /* encr 0: none */
	const struct vector_exchange *exchanges;
	size_t exchange_count;
	const struct vector_pmk *pmks;
	size_t pmk_count;
	const struct vector_eap *eap;
	size_t eap_count;
	const struct vector_association *associations;
	size_t association_count;
	const struct vector *vectors;
	size_t count;
	const struct vectors *file;
};

/* One file. */
struct vectors {
	char *path;    /* as opened */
	char *capture; /* path of the pcapng beside it */
	const char *protocol, *title;
	struct vector_group *groups;
	size_t group_count;
	size_t count; /* vectors in all groups */
	void *root;   /* the JSON that owns the strings */
	void **blocks;
	size_t block_count;
};

/* All files of a protocol, in the order of their names. */
struct vector_set {
	struct vectors **files;
	size_t file_count;
	size_t count;
};

/*
 * Reads and checks one file. NULL with one message "FILE:LINE: what is wrong; what would be right"
 * in `error` (always terminated) otherwise. Out of memory ends the process.
 */
struct vectors *vectors_read(const char *path, char *error, size_t size);

/* Accepts NULL. */
void vectors_free(struct vectors *file);

/*
 * Every *.json of `folder`, no id twice. 0, or -1 with `error` filled; then `*set` is empty.
 * To be released with vector_set_free.
 */
int vector_set_read(struct vector_set *set, const char *folder, char *error, size_t size);

/* Releases the set and its files. */
void vector_set_free(struct vector_set *set);

/* The vector of that id, or NULL. */
const struct vector *vector_set_find(const struct vector_set *set, const char *id);

/* Calls `each` for every vector in order until it returns non-zero, and returns that. */
int vector_set_each(const struct vector_set *set,
	int (*each)(void *context, const struct vector *v), void *context);

/* The field of that name; NULL when the vector has none. */
const struct vector_field *vector_field(const struct vector *v, const char *name);

/* Its number; 0 when there is none. */
uint64_t vector_number(const struct vector *v, const char *name);

/* Words as in the files. Static. */
const char *vector_result_word(enum vector_result result);
const char *vector_layer_word(enum vector_layer layer);

#endif
