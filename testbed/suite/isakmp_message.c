// SPDX-License-Identifier: Apache-2.0
#include "testbed/suite/isakmp_message.h"

#define S(section) "RFC 2408 §" section
#define IKE(section) "RFC 2409 §" section
#define DOI(section) "RFC 2407 §" section
#define UINT(name, width) { name, FIELD_UINT, width, 0, 0, NULL, NULL }
#define ENUM(name, width, names) { name, FIELD_ENUM, width, 0, 0, names, NULL }
#define RESERVED(width) { "RESERVED", FIELD_RESERVED, width, 0, 0, NULL, NULL }
#define REST(name) { name, FIELD_OCTETS, 0, 0, 0, NULL, NULL }

static const struct name findings[] = {
	{ 0, "wrong" },
	{ 1, "right" },
	{ 0, NULL },
};

#define NOTIFY(number, name, section, ...)                                                         \
	{ number, ISAKMP_PAYLOAD_N, name, section,                                                 \
		{ UINT("DOI", 4), ENUM("Protocol-ID", 1, isakmp_protocol_names),                   \
			UINT("SPI Size", 1), UINT("Type", 2), __VA_ARGS__ } }
#define ERROR(name, words) NOTIFY(ISAKMP_N_##name, words, S("3.14.1"), REST("Data"))
#define PROBE(name, words)                                                                         \
	NOTIFY(ISAKMP_N_##name, words, "RFC 3706 §5.3", UINT("CKY-I", 8), UINT("CKY-R", 8),        \
		UINT("Sequence", 4))

#define PHASE1(code, name, names)                                                                  \
	{ ISAKMP_SUITE_PHASE1, ISAKMP_OAKLEY_##code, name, IKE("A"), { ENUM("Value", 4, names) } }
#define PHASE2(code, name, names)                                                                  \
	{ ISAKMP_SUITE_PHASE2, code, name, DOI("4.5"), { ENUM("Value", 4, names) } }
#define VENDOR(code, name, section)                                                                \
	{ ISAKMP_SUITE_KNOWN_VENDOR, ISAKMP_VENDOR_##code + 1, name, section,                      \
		{ UINT("Value", 1) } }
#define FINDING(code, name)                                                                        \
	{ ISAKMP_SUITE_FINDING, ISAKMP_SUITE_##code, name, "RFC 3947 §3.2",                        \
		{ ENUM("Finding", 1, findings) } }

static const struct element elements[] = {
	{ 0, ISAKMP_PAYLOAD_SA, "SA", S("3.4"),
		{ UINT("DOI", 4), UINT("Situation", 4), UINT("Last", 1), RESERVED(1),
			UINT("Proposal Length", 2), UINT("Proposal Number", 1),
			ENUM("Protocol-Id", 1, isakmp_protocol_names), UINT("SPI Size", 1),
			UINT("Transforms", 1), REST("More") } },
	ERROR(INVALID_PAYLOAD_TYPE, "INVALID-PAYLOAD-TYPE"),
	ERROR(INVALID_COOKIE, "INVALID-COOKIE"),
	ERROR(INVALID_EXCHANGE_TYPE, "INVALID-EXCHANGE-TYPE"),
	ERROR(INVALID_MESSAGE_ID, "INVALID-MESSAGE-ID"),
	ERROR(INVALID_SPI, "INVALID-SPI"),
	ERROR(NO_PROPOSAL_CHOSEN, "NO-PROPOSAL-CHOSEN"),
	ERROR(PAYLOAD_MALFORMED, "PAYLOAD-MALFORMED"),
	ERROR(INVALID_KEY_INFORMATION, "INVALID-KEY-INFORMATION"),
	ERROR(INVALID_ID_INFORMATION, "INVALID-ID-INFORMATION"),
	ERROR(INVALID_HASH_INFORMATION, "INVALID-HASH-INFORMATION"),
	ERROR(AUTHENTICATION_FAILED, "AUTHENTICATION-FAILED"),
	NOTIFY(ISAKMP_N_RESPONDER_LIFETIME, "RESPONDER-LIFETIME", DOI("4.6.3.1"), REST("Data")),
	NOTIFY(ISAKMP_N_INITIAL_CONTACT, "INITIAL-CONTACT", DOI("4.6.3.3"), REST("Data")),
	PROBE(R_U_THERE, "R-U-THERE"),
	PROBE(R_U_THERE_ACK, "R-U-THERE-ACK"),

	PHASE1(ENCR, "Encryption", isakmp_encr_names),
	PHASE1(HASH, "Digest", isakmp_hash_names),
	PHASE1(AUTH, "Method", isakmp_auth_names),
	PHASE1(GROUP, "Group", isakmp_group_names),
	PHASE1(LIFE_TYPE, "Life-Type", isakmp_life_names),
	PHASE1(LIFE_DURATION, "Life", NULL),
	PHASE1(KEY_LENGTH, "Key-Length", NULL),
	PHASE2(0, "ESP", isakmp_esp_names),
	PHASE2(ISAKMP_IPSEC_LIFE_TYPE, "SA-Life-Type", isakmp_life_names),
	PHASE2(ISAKMP_IPSEC_LIFE_DURATION, "SA-Life", NULL),
	PHASE2(ISAKMP_IPSEC_GROUP, "SA-Group", isakmp_group_names),
	PHASE2(ISAKMP_IPSEC_MODE, "Mode", isakmp_mode_names),
	PHASE2(ISAKMP_IPSEC_AUTH, "Integrity", isakmp_integ_names),
	PHASE2(ISAKMP_IPSEC_KEY_LENGTH, "SA-Key-Length", NULL),
	VENDOR(DPD, "DPD", "RFC 3706 §5.1"),
	VENDOR(NAT_T, "NAT-T", "RFC 3947 §3.1"),
	FINDING(NAT_SOURCE, "NAT-Source"),
	FINDING(NAT_DESTINATION, "NAT-Destination"),
	{ 0 },
};

#define CLEAR ISAKMP_FLAG_ENCRYPTION, 0
#define SEALED ISAKMP_FLAG_ENCRYPTION, ISAKMP_FLAG_ENCRYPTION
#define ROW(name, title, exchange, flags, section)                                                 \
	{ name, title, ISAKMP_##exchange, flags, NULL, true, section }

static const struct message messages[] = {
	ROW("MM1", "main mode, first message", IDENTITY_PROTECTION, CLEAR, IKE("5")),
	ROW("MM2", "main mode, second message", IDENTITY_PROTECTION, CLEAR, IKE("5")),
	ROW("MM3", "main mode, third message", IDENTITY_PROTECTION, CLEAR, IKE("5")),
	ROW("MM4", "main mode, fourth message", IDENTITY_PROTECTION, CLEAR, IKE("5")),
	ROW("MM5", "main mode, fifth message", IDENTITY_PROTECTION, SEALED, IKE("5")),
	ROW("MM6", "main mode, sixth message", IDENTITY_PROTECTION, SEALED, IKE("5")),
	ROW("QM1", "quick mode, first message", QUICK_MODE, SEALED, IKE("5.5")),
	ROW("QM2", "quick mode, second message", QUICK_MODE, SEALED, IKE("5.5")),
	ROW("QM3", "quick mode, third message", QUICK_MODE, SEALED, IKE("5.5")),
	ROW("INFO", "informational exchange", INFORMATIONAL, SEALED, IKE("5.7")),
	ROW("INFO-CLEAR", "informational exchange in the clear", INFORMATIONAL, CLEAR, IKE("5.7")),
	ROW("R-U-THERE-MESSAGE", "question whether the peer is there", INFORMATIONAL, SEALED,
		"RFC 3706 §5.3"),
	ROW("R-U-THERE-ACK-MESSAGE", "answer to that question", INFORMATIONAL, SEALED,
		"RFC 3706 §5.3"),
	ROW("DELETE-ISAKMP", "deletion of the ISAKMP SA", INFORMATIONAL, SEALED, S("3.15")),
	ROW("DELETE-ESP", "deletion of the IPsec SA", INFORMATIONAL, SEALED, S("3.15")),
	ROW("INITIAL-CONTACT-MESSAGE", "first contact", INFORMATIONAL, SEALED, DOI("4.6.3.3")),
	{ 0 },
};

enum isakmp_suite_message isakmp_suite_number(const struct message *message)
{
	return (enum isakmp_suite_message)(message - messages);
}

const struct protocol isakmp_suite_protocol = {
	.name = "IKEv1",
	.specification = "RFC 2409",
	.header = isakmp_header_fields,
	.type_field = ISAKMP_EXCHANGE_TYPE,
	.flags_field = ISAKMP_FLAGS,
	.format = { .code_width = 1, .flags_width = 1, .length_width = 2, .length_of_whole = true,
		.chained = true, .first_field = ISAKMP_NEXT_PAYLOAD },
	.elements = elements,
	.dictionary = &isakmp_protocol,
	.messages = messages,
};

bool isakmp_suite_asks(const struct packet *packet)
{
	switch (isakmp_suite_number(packet->message)) {
	case ISAKMP_SUITE_MM1:
	case ISAKMP_SUITE_MM3:
	case ISAKMP_SUITE_MM5:
	case ISAKMP_SUITE_QM1:
	case ISAKMP_SUITE_PROBE:
		return true;
	case ISAKMP_SUITE_MM2:
	case ISAKMP_SUITE_MM4:
	case ISAKMP_SUITE_MM6:
	case ISAKMP_SUITE_QM2:
	case ISAKMP_SUITE_QM3:
	case ISAKMP_SUITE_INFO:
	case ISAKMP_SUITE_INFO_CLEAR:
	case ISAKMP_SUITE_PROBE_ANSWER:
	case ISAKMP_SUITE_DELETE_ISAKMP:
	case ISAKMP_SUITE_DELETE_ESP:
	case ISAKMP_SUITE_INITIAL_CONTACT:
		break;
	}
	return false;
}

/* --- in ------------------------------------------------------------------------------------- */

/* From outside, a message of the initiator of main mode or of its responder. */
static const struct message *message_of(const struct packet *p, bool of_responder)
{
	bool sealed = isakmp_is_sealed(p);

	switch (p->header[ISAKMP_EXCHANGE_TYPE]) {
	case ISAKMP_IDENTITY_PROTECTION:
		if (sealed)
			return &messages[ISAKMP_SUITE_MM5 + of_responder];
		if (packet_find(p, 0, ISAKMP_PAYLOAD_SA))
			return &messages[ISAKMP_SUITE_MM1 + of_responder];
		return &messages[ISAKMP_SUITE_MM3 + of_responder];
	case ISAKMP_QUICK_MODE:
		return &messages[ISAKMP_SUITE_QM1 + of_responder];
	case ISAKMP_INFORMATIONAL:
		return &messages[sealed ? ISAKMP_SUITE_INFO : ISAKMP_SUITE_INFO_CLEAR];
	}
	return NULL;
}

static int decode(struct view octets, bool of_responder, struct packet *out, struct reject *reject)
{
	int result = isakmp_decode(octets, out, reject);

	out->protocol = &isakmp_suite_protocol;
	out->message = message_of(out, of_responder);
	return result;
}

int isakmp_suite_decode_initiator(struct view octets, struct packet *out, struct reject *reject)
{
	return decode(octets, false, out, reject);
}

int isakmp_suite_decode_responder(struct view octets, struct packet *out, struct reject *reject)
{
	return decode(octets, true, out, reject);
}

static struct element_value named(const struct element_value *from)
{
	struct element_value e = *from;
	struct isakmp_notification n;

	e.element = protocol_element(&isakmp_suite_protocol, 0, e.code);
	if (e.code != ISAKMP_PAYLOAD_N || isakmp_decode_notify(from, &n, NULL) < 0)
		return e;
	const struct element *row = protocol_element(&isakmp_suite_protocol, n.type, e.code);
	if (row && n.type) {
		e.vendor = n.type;
		e.element = row;
	}
	return e;
}

static void add_number(struct packet *out, uint32_t vendor, uint32_t code, uint64_t value,
	struct arena *arena)
{
	struct writer w = writer_of(arena_alloc(arena, 4), 4);

	if (!protocol_element(&isakmp_suite_protocol, vendor, code))
		return;
	write_u32(&w, (uint32_t)value);
	packet_add(out, vendor, code, writer_view(&w));
}

static void add_transform(const struct packet *inside, struct packet *out, struct arena *arena)
{
	const struct element_value *sa = packet_find(inside, 0, ISAKMP_PAYLOAD_SA);
	struct isakmp_offers *offers = arena_alloc(arena, sizeof(*offers));

	if (!sa || isakmp_decode_sa(sa, offers, NULL) < 0 || !offers->count)
		return;
	const struct isakmp_offer *o = &offers->list[0];
	bool first = o->protocol == ISAKMP_PROTO_ISAKMP;
	uint32_t vendor = first ? ISAKMP_SUITE_PHASE1 : ISAKMP_SUITE_PHASE2;
	if (!first)
		add_number(out, vendor, 0, o->id, arena);
	for (unsigned i = 0; i < o->count; i++)
		add_number(out, vendor, o->attributes[i].type, o->attributes[i].value, arena);
}

void isakmp_suite_spread(const struct packet *inside, struct packet *out, struct arena *arena)
{
	static const uint8_t one[] = { 1 };
	static const enum isakmp_vendor vendors[] = { ISAKMP_VENDOR_DPD, ISAKMP_VENDOR_NAT_T };

	out->element_count = 0;
	for (unsigned i = 0; i < inside->element_count; i++)
		if (out->element_count < WIRE_ELEMENTS_MAX)
			out->elements[out->element_count++] = named(&inside->elements[i]);
	add_transform(inside, out, arena);
	for (unsigned i = 0; i < 2; i++)
		if (isakmp_has_vendor(inside, vendors[i]))
			packet_add(out, ISAKMP_SUITE_KNOWN_VENDOR, vendors[i] + 1u, VIEW_OF(one));
}

/* --- out ------------------------------------------------------------------------------------ */

void isakmp_suite_arrange(struct packet *packet, const bool *set, struct arena *arena)
{
	unsigned n = 0;

	(void)set, (void)arena;
	for (unsigned i = 0; i < packet->element_count; i++)
		if (packet->elements[i].vendor < ISAKMP_SUITE_PHASE1)
			packet->elements[n++] = packet->elements[i];
	packet->element_count = n;
}

struct view isakmp_suite_standard(uint32_t vendor, uint32_t code, struct arena *arena)
{
	struct writer w = writer_of(arena_alloc(arena, 64), 64);

	if (code == ISAKMP_PAYLOAD_N && vendor < ISAKMP_SUITE_PHASE1) {
		write_u32(&w, ISAKMP_DOI_IPSEC);
		write_u16(&w, ISAKMP_PROTO_ISAKMP << 8);
		write_u16(&w, (uint16_t)vendor);
	}
	return writer_view(&w);
}
