// SPDX-License-Identifier: Apache-2.0
#include "ref/ike/ike_change_wire.h"
#include "testbed/suite/ike_change_message.h"
#include "testbed/suite/ike_message.h"

#define S(section) "RFC 7296 §" section
#define UINT(name, width) { name, FIELD_UINT, width, 0, 0, NULL, NULL }
#define ENUM(name, width, names) { name, FIELD_ENUM, width, 0, 0, names, NULL }
#define RESERVED(width) { "RESERVED", FIELD_RESERVED, width, 0, 0, NULL, NULL }
#define REST(name) { name, FIELD_OCTETS, 0, 0, 0, NULL, NULL }

static const struct name protocols[] = {
	{ IKE_PROTOCOL_NONE, "none" },
	{ IKE_PROTOCOL_IKE, "IKE" },
	{ IKE_PROTOCOL_AH, "AH" },
	{ IKE_PROTOCOL_ESP, "ESP" },
	{ 0, NULL },
};

static const struct name cfg_types[] = {
	{ IKE_CFG_REQUEST, "CFG_REQUEST" },
	{ IKE_CFG_REPLY, "CFG_REPLY" },
	{ IKE_CFG_SET, "CFG_SET" },
	{ IKE_CFG_ACK, "CFG_ACK" },
	{ 0, NULL },
};

static const struct name findings[] = {
	{ 0, "wrong" },
	{ 1, "right" },
	{ 0, NULL },
};

/* A notification, §3.10; what its data are is in the row. */
#define NOTIFY(name, section, ...)                                                                 \
	{ IKE_N_##name, IKE_PAYLOAD_NOTIFY, #name, section,                                        \
		{ ENUM("Protocol ID", 1, protocols), UINT("SPI Size", 1), UINT("Type", 2),         \
			__VA_ARGS__ } }
#define ERROR(name) NOTIFY(name, S("3.10.1"), REST("Data"))
#define STATUS(name, section) NOTIFY(name, section, REST("Data"))

/* Of address change: the header of the data; its elements are elements of the suite. */
#define CHANGE(name)                                                                               \
	NOTIFY(name, "AC §4.1", UINT("Version", 1), UINT("Kind", 1), UINT("Length", 2),            \
		UINT("Sequence Number", 4), UINT("Initiator", 8), UINT("Responder", 8),            \
		REST("Elements"))

/* The first selector of a list; the others are More. IPv4. */
#define SELECTORS                                                                                  \
	UINT("Number", 1), RESERVED(3), ENUM("TS Type", 1, ike_ts_names), UINT("IP Protocol", 1),  \
		UINT("Selector Length", 2), UINT("Start Port", 2), UINT("End Port", 2),            \
		{ "Starting Address", FIELD_IPV4, 4, 0, 0, NULL, NULL },                           \
		{ "Ending Address", FIELD_IPV4, 4, 0, 0, NULL, NULL }, REST("More")

#define TRANSFORM(type, name, names)                                                               \
	{ IKE_SUITE_TRANSFORM, IKE_TRANSFORM_##type, name, S("3.3.2"),                             \
		{ ENUM("ID", 2, names), UINT("Key Length", 2) } }

#define FINDING(code, name)                                                                        \
	{ IKE_SUITE_FINDING, IKE_SUITE_##code, name, S("2.23"), { ENUM("Finding", 1, findings) } }

static const struct element elements[] = {
	/* Payloads whose inside the tables of ref/ike leave to functions: as far as one goes. */
	{ 0, IKE_PAYLOAD_SA, "SA", S("3.3"),
		{ UINT("Last Substruc", 1), RESERVED(1), UINT("Proposal Length", 2),
			UINT("Proposal Num", 1), ENUM("Protocol ID", 1, protocols),
			UINT("SPI Size", 1), UINT("Num Transforms", 1), REST("Transforms") } },
	{ 0, IKE_PAYLOAD_TSI, "TSi", S("3.13"), { SELECTORS } },
	{ 0, IKE_PAYLOAD_TSR, "TSr", S("3.13"), { SELECTORS } },
	{ 0, IKE_PAYLOAD_CP, "CP", S("3.15"),
		{ ENUM("CFG Type", 1, cfg_types), RESERVED(3),
			ENUM("Attribute Type", 2, ike_cfg_attribute_names),
			UINT("Attribute Length", 2), REST("Value") } },

	TRANSFORM(ENCR, "ENCR", ike_encr_names),
	TRANSFORM(PRF, "PRF", ike_prf_names),
	TRANSFORM(INTEG, "INTEG", ike_integ_names),
	TRANSFORM(DH, "D-H", ike_dh_names),
	TRANSFORM(ESN, "ESN", ike_esn_names),
	FINDING(NAT_SOURCE, "NAT-Source"),
	FINDING(NAT_DESTINATION, "NAT-Destination"),

	NOTIFY(UNSUPPORTED_CRITICAL_PAYLOAD, S("2.5"), UINT("Payload", 1)),
	ERROR(INVALID_IKE_SPI),
	NOTIFY(INVALID_MAJOR_VERSION, S("2.5"), UINT("Version", 1)),
	ERROR(INVALID_SYNTAX),
	NOTIFY(INVALID_MESSAGE_ID, S("2.3"), UINT("ID", 4)),
	ERROR(INVALID_SPI),
	ERROR(NO_PROPOSAL_CHOSEN),
	NOTIFY(INVALID_KE_PAYLOAD, S("1.2"), ENUM("Group", 2, ike_dh_names)),
	ERROR(AUTHENTICATION_FAILED),
	ERROR(SINGLE_PAIR_REQUIRED),
	ERROR(NO_ADDITIONAL_SAS),
	ERROR(INTERNAL_ADDRESS_FAILURE),
	ERROR(FAILED_CP_REQUIRED),
	ERROR(TS_UNACCEPTABLE),
	ERROR(INVALID_SELECTORS),
	ERROR(UNACCEPTABLE_ADDRESSES),
	ERROR(UNEXPECTED_NAT_DETECTED),
	ERROR(TEMPORARY_FAILURE),
	NOTIFY(CHILD_SA_NOT_FOUND, S("3.10.1"), UINT("SPI", 4)),
	CHANGE(ADDRESS_CHANGE_REFUSED),
	STATUS(INITIAL_CONTACT, S("2.4")),
	NOTIFY(SET_WINDOW_SIZE, S("2.3"), UINT("Window", 4)),
	STATUS(ADDITIONAL_TS_POSSIBLE, S("2.9")),
	STATUS(IPCOMP_SUPPORTED, S("2.22")),
	STATUS(NAT_DETECTION_SOURCE_IP, S("2.23")),
	STATUS(NAT_DETECTION_DESTINATION_IP, S("2.23")),
	STATUS(COOKIE, S("2.6")),
	STATUS(USE_TRANSPORT_MODE, S("1.3.1")),
	STATUS(HTTP_CERT_LOOKUP_SUPPORTED, S("3.6")),
	NOTIFY(REKEY_SA, S("1.3.3"), UINT("SPI", 4)),
	STATUS(ESP_TFC_PADDING_NOT_SUPPORTED, S("1.3.1")),
	STATUS(NON_FIRST_FRAGMENTS_ALSO, S("1.3.1")),
	STATUS(MOBIKE_SUPPORTED, "RFC 4555 §4.2.1"),
	NOTIFY(ADDITIONAL_IP4_ADDRESS, "RFC 4555 §4.2.2",
		{ "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL }),
	NOTIFY(ADDITIONAL_IP6_ADDRESS, "RFC 4555 §4.2.2",
		{ "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL }),
	STATUS(NO_ADDITIONAL_ADDRESSES, "RFC 4555 §4.2.3"),
	STATUS(UPDATE_SA_ADDRESSES, "RFC 4555 §4.2.4"),
	STATUS(COOKIE2, "RFC 4555 §4.2.5"),
	STATUS(NO_NATS_ALLOWED, "RFC 4555 §4.2.6"),
	STATUS(MULTIPLE_AUTH_SUPPORTED, "RFC 4739 §3.1"),
	STATUS(EAP_ONLY_AUTHENTICATION, "RFC 5998 §3"),
	STATUS(CHILDLESS_IKEV2_SUPPORTED, "RFC 6023 §3"),
	STATUS(IKEV2_FRAGMENTATION_SUPPORTED, "RFC 7383 §2.3"),
	STATUS(SIGNATURE_HASH_ALGORITHMS, "RFC 7427 §4"),
	STATUS(ADDRESS_CHANGE_SUPPORTED, "address-change §3"),
	CHANGE(ADDRESS_CHANGE),
	CHANGE(MIGRATION_COMPLETED),
	CHANGE(ADDRESS_EXPIRED),
	CHANGE(ADDRESS_CHANGE_COOKIE),
	STATUS(REPLY_PATH, "reply-path §3"),
	IKE_CHANGE_ELEMENT_ROWS(IKE_SUITE_CHANGE, "AC-"),
	{ 0 },
};

/* --- messages ------------------------------------------------------------------------------- */

#define REQUEST IKE_FLAG_RESPONSE, 0
#define RESPONSE IKE_FLAG_RESPONSE, IKE_FLAG_RESPONSE
#define ROW(name, title, exchange, flags, section)                                                 \
	{ name, title, exchange, flags, NULL, true, S(section) }

/* The rows behind the eighth are for sending: what comes is named by its exchange. */
static const struct message messages[] = {
	ROW("IKE_SA_INIT-REQUEST", "IKE_SA_INIT request", IKE_SA_INIT, REQUEST, "1.2"),
	ROW("IKE_SA_INIT-RESPONSE", "IKE_SA_INIT response", IKE_SA_INIT, RESPONSE, "1.2"),
	ROW("IKE_AUTH-REQUEST", "IKE_AUTH request", IKE_AUTH, REQUEST, "1.2"),
	ROW("IKE_AUTH-RESPONSE", "IKE_AUTH response", IKE_AUTH, RESPONSE, "1.2"),
	ROW("CREATE_CHILD_SA-REQUEST", "CREATE_CHILD_SA request", IKE_CREATE_CHILD_SA, REQUEST,
		"1.3"),
	ROW("CREATE_CHILD_SA-RESPONSE", "CREATE_CHILD_SA response", IKE_CREATE_CHILD_SA, RESPONSE,
		"1.3"),
	ROW("INFORMATIONAL-REQUEST", "INFORMATIONAL request", IKE_INFORMATIONAL, REQUEST, "1.4"),
	ROW("INFORMATIONAL-RESPONSE", "INFORMATIONAL response", IKE_INFORMATIONAL, RESPONSE, "1.4"),
	ROW("REKEY_IKE-REQUEST", "rekeying of the IKE SA", IKE_CREATE_CHILD_SA, REQUEST, "1.3.2"),
	ROW("REKEY_CHILD-REQUEST", "rekeying of the Child SA", IKE_CREATE_CHILD_SA, REQUEST,
		"1.3.3"),
	ROW("DELETE_IKE-REQUEST", "deletion of the IKE SA", IKE_INFORMATIONAL, REQUEST, "1.4.1"),
	ROW("DELETE_CHILD-REQUEST", "deletion of the Child SA", IKE_INFORMATIONAL, REQUEST,
		"1.4.1"),
	ROW("UPDATE_ADDRESSES-REQUEST", "update of the addresses", IKE_INFORMATIONAL, REQUEST,
		"1.4"),
	ROW("CHANGE_ADDRESS-REQUEST", "change of the address", IKE_INFORMATIONAL, REQUEST, "1.4"),
	ROW("EXPIRE_ADDRESS-REQUEST", "end of the old address", IKE_INFORMATIONAL, REQUEST, "1.4"),
	ROW("CHANGE_COOKIE-RESPONSE", "cookie for the new address", IKE_INFORMATIONAL, RESPONSE,
		"1.4"),
	ROW("CHANGE_REFUSED-RESPONSE", "refusal of a change", IKE_INFORMATIONAL, RESPONSE, "1.4"),
	{ 0 },
};

enum ike_purpose ike_suite_purpose(const struct message *message)
{
	static const struct {
		const char *name;
		enum ike_purpose purpose;
	} rows[] = {
		{ "REKEY_IKE-REQUEST", IKE_PURPOSE_REKEY_IKE },
		{ "REKEY_CHILD-REQUEST", IKE_PURPOSE_REKEY_CHILD },
		{ "DELETE_IKE-REQUEST", IKE_PURPOSE_DELETE_IKE },
		{ "DELETE_CHILD-REQUEST", IKE_PURPOSE_DELETE_CHILD },
		{ "UPDATE_ADDRESSES-REQUEST", IKE_PURPOSE_UPDATE_ADDRESSES },
		{ "CHANGE_ADDRESS-REQUEST", IKE_PURPOSE_CHANGE_ADDRESS },
		{ "EXPIRE_ADDRESS-REQUEST", IKE_PURPOSE_EXPIRE_ADDRESS },
		{ "CHANGE_COOKIE-RESPONSE", IKE_PURPOSE_CHANGE_COOKIE },
		{ "CHANGE_REFUSED-RESPONSE", IKE_PURPOSE_CHANGE_REFUSED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, message->name) == 0)
			return rows[i].purpose;
	return IKE_PURPOSE_PLAIN;
}

bool ike_suite_asks(const struct packet *packet)
{
	return !ike_is_response(packet);
}

const struct protocol ike_suite_protocol = {
	.name = "IKE",
	.specification = "RFC 7296",
	.header = ike_header_fields,
	.type_field = IKE_EXCHANGE_TYPE,
	.flags_field = IKE_FLAGS,
	.format = { .code_width = 1, .flags_width = 1, .length_width = 2, .length_of_whole = true,
		.chained = true, .first_field = IKE_NEXT_PAYLOAD, .closing = ike_closing },
	.elements = elements,
	.dictionary = &ike_protocol,
	.messages = messages,
};

/* --- in ------------------------------------------------------------------------------------- */

static const struct message *message_of(const struct packet *p)
{
	uint64_t response = p->header[IKE_FLAGS] & IKE_FLAG_RESPONSE;

	for (const struct message *m = messages; m->name; m++)
		if (m->type == p->header[IKE_EXCHANGE_TYPE] && m->flags_value == response)
			return m;
	return NULL;
}

/* The element's row here: a notification that is known becomes one of its kind. */
static struct element_value named(const struct element_value *from)
{
	struct element_value e = *from;
	struct ike_notification n;

	e.element = protocol_element(&ike_suite_protocol, 0, e.code);
	if (e.code != IKE_PAYLOAD_NOTIFY || ike_decode_notify(from, &n, NULL) < 0)
		return e;
	const struct element *row = protocol_element(&ike_suite_protocol, n.type, e.code);
	if (row && n.type) {
		e.vendor = n.type;
		e.element = row;
	}
	return e;
}

static void add_transforms(const struct packet *inside, struct packet *out, struct arena *arena)
{
	const struct element_value *sa = packet_find(inside, 0, IKE_PAYLOAD_SA);
	struct ike_proposals proposals;

	if (!sa || ike_decode_sa(sa, &proposals, NULL) < 0 || !proposals.count)
		return;
	for (unsigned i = 0; i < proposals.list[0].count; i++) {
		const struct ike_transform *t = &proposals.list[0].transforms[i];
		struct writer w = writer_of(arena_alloc(arena, 4), 4);
		write_u16(&w, t->id);
		write_u16(&w, t->key_bits);
		packet_add(out, IKE_SUITE_TRANSFORM, t->type, writer_view(&w));
	}
}

void ike_suite_spread(const struct packet *inside, struct packet *out, struct arena *arena)
{
	for (unsigned i = 0; i < inside->element_count; i++)
		if (out->element_count < WIRE_ELEMENTS_MAX)
			out->elements[out->element_count++] = named(&inside->elements[i]);
	add_transforms(inside, out, arena);
	ike_change_spread(out);
}

int ike_suite_decode(struct view octets, struct packet *out, struct reject *reject)
{
	int result = ike_decode(octets, out, reject);

	out->protocol = &ike_suite_protocol;
	out->message = message_of(out);
	for (unsigned i = 0; i < out->element_count; i++)
		out->elements[i] = named(&out->elements[i]);
	return result;
}

/* --- out ------------------------------------------------------------------------------------ */

static bool is_payload(const struct element_value *e)
{
	return e->vendor < IKE_SUITE_TRANSFORM && e->code != IKE_PAYLOAD_SKF;
}

/* The first proposal with the transforms that stand in the packet. */
static struct view with_transforms(const struct packet *p, const struct element_value *sa,
	struct arena *arena)
{
	struct ike_proposals proposals;

	if (ike_decode_sa(sa, &proposals, NULL) < 0 || !proposals.count)
		return sa->value;
	struct ike_proposal *first = &proposals.list[0];
	first->count = 0;
	for (unsigned i = 0; i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		struct reader r = reader_of(e->value);
		if (e->vendor != IKE_SUITE_TRANSFORM || first->count == IKE_TRANSFORMS_MAX)
			continue;
		struct ike_transform *t = &first->transforms[first->count++];
		*t = (struct ike_transform){ .type = (uint8_t)e->code, .id = read_u16(&r) };
		t->key_bits = read_u16(&r);
	}
	const size_t room = 4096;
	struct writer w = writer_of(arena_alloc(arena, room), room);
	ike_encode_sa(&proposals, &w);
	return writer_view(&w);
}

void ike_suite_arrange(struct packet *packet, const bool *set, struct arena *arena)
{
	const struct element_value *cut = packet_find(packet, 0, IKE_PAYLOAD_SKF);
	bool transforms = false;
	unsigned n = 0;

	packet->header[IKE_SUITE_FRAGMENT_NUMBER] = packet->header[IKE_SUITE_FRAGMENT_TOTAL] = 0;
	if (cut) {
		struct reader r = reader_of(cut->value);
		packet->header[IKE_SUITE_FRAGMENT_NUMBER] = read_u16(&r);
		packet->header[IKE_SUITE_FRAGMENT_TOTAL] = read_u16(&r);
	}
	for (unsigned i = 0; i < packet->element_count; i++)
		transforms |= packet->elements[i].vendor == IKE_SUITE_TRANSFORM;
	for (unsigned i = 0; transforms && i < packet->element_count; i++) {
		struct element_value *e = &packet->elements[i];
		if (e->code == IKE_PAYLOAD_SA && !e->vendor && !set[i])
			e->value = with_transforms(packet, e, arena);
	}
	ike_change_arrange(packet, arena);
	for (unsigned i = 0; i < packet->element_count; i++)
		if (is_payload(&packet->elements[i]))
			packet->elements[n++] = packet->elements[i];
	packet->element_count = n;
}

struct view ike_suite_standard(uint32_t vendor, uint32_t code, struct arena *arena)
{
	const struct element *row = protocol_element(&ike_suite_protocol, vendor, code);
	struct writer w = writer_of(arena_alloc(arena, 64), 64);

	if (code == IKE_PAYLOAD_NOTIFY && vendor < IKE_SUITE_TRANSFORM) {
		write_u16(&w, 0);
		write_u16(&w, (uint16_t)vendor);
	}
	for (unsigned i = w.used ? 3 : 0; row && row->value[i].name; i++)
		write_zero(&w, row->value[i].width);
	return writer_view(&w);
}
