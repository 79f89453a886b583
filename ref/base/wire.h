// SPDX-License-Identifier: Apache-2.0
/*
 * Messages as tables.
 *
 * A protocol is a fixed header, a format for type-length-value elements, a dictionary of elements
 * and a list of messages that says which element may stand where and how often. These rows are the
 * only description of the format: they decode, encode, check, print, name the fields in suites and
 * vectors, derive packets that break each rule, seed the fuzzers, and become the field reference
 * of the manual.
 *
 * Decoding has three steps that can be taken one by one, because specifications order their checks
 * differently: wire_parse (structure), wire_identify (which message), wire_check (occurrence and
 * values). wire_decode does all three. None has a side effect; a decoded packet points into the
 * octets it was decoded from.
 */
#ifndef BATON_BASE_WIRE_H
#define BATON_BASE_WIRE_H

#include "ref/base/reader.h"
#include "ref/base/reject.h"
#include "ref/base/writer.h"

enum field_kind {
	FIELD_UINT,	/* unsigned integer of `width` octets, min..max */
	FIELD_ENUM,	/* the same with names; a value without a name is still taken */
	FIELD_FLAGS,	/* bits with names: names[i].value is the mask */
	FIELD_RESERVED, /* sent as zero, ignored on receipt */
	FIELD_LENGTH, /* length of the whole message less `min` octets, filled in by the encoder */
	FIELD_OCTETS, /* opaque; width 0 means all that is left, min..max its length */
	FIELD_TEXT,   /* UTF-8; width 0 means all that is left, min..max its length */
	FIELD_IPV4,
	FIELD_IPV6,
	FIELD_MAC,
};

struct name {
	uint32_t value;
	const char *name;
};

/* One row: a field. `names` ends with a row whose name is NULL. */
struct field {
	const char *name;
	enum field_kind kind;
	uint8_t width; /* octets */
	uint32_t min, max;
	const struct name *names;
	const char *section;
};

/* How an element's header looks. Widths in octets; 0 where the part does not exist. */
struct element_format {
	uint8_t code_width, flags_width, length_width, reserved_width;
	uint8_t align;	      /* elements are padded to a multiple of this; 0, 1: none */
	uint16_t vendor_flag; /* flag that announces a 4-octet vendor identifier; 0: never */
	bool length_of_whole; /* the length counts the element's header too */
	/*
	 * A chain (RFC 7296 §3.2): what stands in an element is the code of the next one, 0 in the
	 * last; the header field `first_field` has the first one's. An element of the list `closing`
	 * (ends with 0; may be NULL) is the last whatever it says: that code speaks of its content.
	 */
	bool chained;
	uint8_t first_field;
	const uint32_t *closing;
};

#define ELEMENT_PARTS_MAX 16

/* One row of the dictionary: an element, its value a run of fields. */
struct element {
	uint32_t vendor, code;
	const char *name;
	const char *section;
	struct field value[ELEMENT_PARTS_MAX]; /* ends with a row whose name is NULL */
};

#define OCCURS_ANY 255

/* One row: how often an element may stand in a message. */
struct occurrence {
	uint32_t vendor, code;
	uint8_t min, max; /* max OCCURS_ANY: no bound */
	const char *section;
};

/* One row: a message. The first row whose type and flags fit is the one. */
struct message {
	const char *name;  /* abbreviation as in the specification, e.g. "PAR" */
	const char *title; /* in full */
	uint32_t type;
	uint32_t flags_mask, flags_value;  /* (flags & mask) == value */
	const struct occurrence *elements; /* ends with max == 0 */
	bool others_allowed;		   /* elements that no row names may stand here */
	const char *section;
};

/* One row: an element that may stand at one place only, in whichever message it is. */
enum position { POSITION_ANY, POSITION_FIRST, POSITION_LAST };
struct placement {
	uint32_t vendor, code;
	enum position position;
	const char *section; /* NULL: the end of the list */
};

/* One row: in messages of this type that header field has that value and no other. */
struct header_rule {
	uint32_t type;
	uint8_t field; /* index in the header */
	uint64_t value;
	const char *section; /* NULL: the end of the list */
};

struct protocol {
	const char *name;
	const char *specification;
	const struct field *header;	 /* ends with a row whose name is NULL */
	uint8_t type_field, flags_field; /* indices in the header; flags_field 255: none */
	struct element_format format;
	const struct element *elements;	   /* ends with a row whose name is NULL */
	const struct protocol *dictionary; /* its elements too, behind our own; may be NULL */
	const struct message *messages;	   /* ends with a row whose name is NULL */
	/* what not every protocol has; NULL: no such rule */
	const struct placement *placements;
	const struct header_rule *header_rules;
	const char *unknown_section; /* the rule by which unknown elements spoil a message */
};

#define WIRE_HEADER_MAX 16
#define WIRE_ELEMENTS_MAX 64

/* An element as found, or as it is to be sent. */
struct element_value {
	const struct element *element; /* its row; NULL when the dictionary has none */
	uint32_t vendor, code, flags;
	struct view value;
	size_t offset; /* of the element's header in the message */
	uint32_t next; /* of a closing element in a chain: the code of what is in it first */
};

struct packet {
	const struct protocol *protocol;
	const struct message *message; /* NULL until identified */
	uint64_t header[WIRE_HEADER_MAX];
	struct element_value elements[WIRE_ELEMENTS_MAX];
	unsigned element_count;
};

/*
 * Structure: header fields, the length field against the size of `datagram`, and the elements.
 * Takes nothing past the message: octets after its end are REJECT_LENGTH. 0, or -1 with
 * `*reject` filled (`reject` may be NULL; it must start zeroed). On failure `*packet` holds what
 * was read before.
 */
int wire_parse(const struct protocol *protocol, struct view datagram, struct packet *packet,
	struct reject *reject);

/*
 * Elements alone, appended to packet->elements: what an encrypted element held. In a chain the
 * first has the code `first`; 0 means that there is none. Offsets count from the start of `octets`.
 */
int wire_parse_elements(const struct protocol *protocol, uint32_t first, struct view octets,
	struct packet *packet, struct reject *reject);

/* Which message: by type, then flags. 0 with packet->message set, or -1. */
int wire_identify(struct packet *packet, struct reject *reject);

/*
 * The bounds of header fields, then each element in order (known, in bounds), then occurrence and
 * place. 0 or -1.
 */
int wire_check(const struct packet *packet, struct reject *reject);

/* All three. */
int wire_decode(const struct protocol *protocol, struct view datagram, struct packet *packet,
	struct reject *reject);

/*
 * Writes the packet: header, elements in order, padding, the length filled in. Checks nothing, so
 * that a tester can send what no implementation should; a field's low octets are written. Fails
 * only through the writer: when the buffer is too small, or a length does not fit its field.
 */
void wire_encode(const struct packet *packet, struct writer *w);

/* The elements alone. In a chain the code of the first is not among the octets. */
void wire_encode_elements(const struct packet *packet, struct writer *w);

/* An empty packet of the protocol; header zero. */
struct packet packet_of(const struct protocol *protocol);

/* The same with type and flags of that message (by its name); message NULL if there is none. */
struct packet packet_named(const struct protocol *protocol, const char *message);

/* Appends an element; `value` must outlive the packet. False when the packet is full. */
bool packet_add(struct packet *packet, uint32_t vendor, uint32_t code, struct view value);

/* The first element of that code, or NULL; the `nth` counts from 0. */
const struct element_value *packet_find(const struct packet *packet, uint32_t vendor,
	uint32_t code);
const struct element_value *packet_find_nth(const struct packet *packet, uint32_t vendor,
	uint32_t code, unsigned nth);

/* The integer that an element's value is; `otherwise` when it is absent or longer than 8. */
uint64_t packet_uint(const struct packet *packet, uint32_t vendor, uint32_t code,
	uint64_t otherwise);

/* Rows by what users write. NULL (index: -1) when there is no such row. */
const struct element *protocol_element(const struct protocol *p, uint32_t vendor, uint32_t code);
const struct element *protocol_element_named(const struct protocol *p, const char *name);
const struct message *protocol_message_named(const struct protocol *p, const char *name);
int protocol_header_named(const struct protocol *p, const char *name);

/* The name of an enum value, or NULL. */
const char *field_value_name(const struct field *field, uint64_t value);

/*
 * Text of a field's value: numbers in decimal with their name, flags as letters or names joined by
 * '|', addresses, text in quotes, octets in hexadecimal. Always terminated; returns `out`.
 */
const char *field_text(const struct field *field, struct view value, char *out, size_t size);

/* The same for a header field, whose value is a number already. */
const char *header_text(const struct field *field, uint64_t value, char *out, size_t size);

#endif
