// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/dissect.h"

struct finding finding_same(const char *field, uint64_t expected, uint64_t actual)
{
	if (expected == actual)
		return finding_none();
	if (actual == UINT64_MAX)
		return finding_of(
			CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual nothing", field, expected);
	return finding_of(CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual %" PRIu64, field,
		expected, actual);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct shown_field no_fields[] = {{NULL, NULL, false}};

static const struct shown_field eap_fields[] = {
	{"code", "eap.code", false},
	{"identifier", "eap.id", false},
	{"length", "eap.len", false},
	{"type", "eap.type", false},
	{"vendor", "eap.ext.vendor_id", false},
	{"vendor_type", "eap.ext.vendor_type", false},
	{"tls_flags", "eap.tls.flags", false},
	{"tls_length", "eap.tls.len", false},
	{NULL, NULL, false},
};

static const struct shown_field eapol_fields[] = {
	{"destination", "eth.dst", true},
	{"source", "eth.src", true},
	{"ethertype", "eth.type", false},
	{"version", "eapol.version", false},
	{"type", "eapol.type", false},
	{"length", "eapol.len", false},
	{NULL, NULL, false},
};

static const struct shown_field radius_fields[] = {
	{"code", "radius.code", false},
	{"identifier", "radius.id", false},
	{"length", "radius.length", false},
	{"authenticator", "radius.authenticator", true},
	{NULL, NULL, false},
};

static const struct shown_field dxi_fields[] = {
	{"version", "baton_dxi.version", false},
	{"type", "baton_dxi.type", false},
	{"length", "baton_dxi.length", false},
	{"station", "baton_dxi.station", true},
	{"bssid", "baton_dxi.bssid", true},
	{NULL, NULL, false},
};

static const struct shown_field ike_fields[] = {
	{"spi_i", "isakmp.ispi", true},
	{"spi_r", "isakmp.rspi", true},
	{"next_payload", "isakmp.nextpayload", false},
	{"version", "isakmp.version", false},
	{"exchange", "isakmp.exchangetype", false},
	{"flags", "isakmp.flags", false},
	{"message_id", "isakmp.messageid", false},
	{"length", "isakmp.length", false},
	{NULL, NULL, false},
};

static const struct shown_field isakmp_fields[] = {
	{"cky_i", "isakmp.ispi", true},
	{"cky_r", "isakmp.rspi", true},
	{"next_payload", "isakmp.nextpayload", false},
	{"version", "isakmp.version", false},
	{"exchange", "isakmp.exchangetype", false},
	{"flags", "isakmp.flags", false},
	{"message_id", "isakmp.messageid", false},
	{"length", "isakmp.length", false},
	{NULL, NULL, false},
};

static const struct shown_field binding_fields[] = {
	{"version", "baton_rbp.version", false},
	{"type", "baton_rbp.type", false},
	{"length", "baton_rbp.length", false},
	{"sequence", "baton_rbp.sequence_number", false},
	{"key_id", "baton_rbp.key_identifier", false},
	{NULL, NULL, false},
};

static const struct shown_field ap_info_fields[] = {
	{"element_id", "baton_fap.element_id", false},
	{"length", "baton_fap.length", false},
	{"oui", "baton_fap.oui", false},
	{"protocol", "baton_fap.protocol", false},
	{"type", "baton_fap.type", false},
	{"version", "baton_fap.version", false},
	{NULL, NULL, false},
};

static const struct shown_field ipip_fields[] = {
	{"outer_header_size", "ip.hdr_len", false},
	{"outer_service", "ip.dsfield", false},
	{"outer_length", "ip.len", false},
	{"outer_identification", "ip.id", false},
	{"outer_ttl", "ip.ttl", false},
	{"outer_protocol", "ip.proto", false},
	{"outer_source", "ip.src", true},
	{"outer_destination", "ip.dst", true},
	{NULL, NULL, false},
};

static const char *const ipip_arguments[] = {"-o", "ip.check_checksum:TRUE", NULL};

/* The secret of all groups. */
static const char *const radius_arguments[] = {"-o", "radius.shared_secret:baton radius secret",
	"-o", "radius.validate_authenticator:TRUE", NULL};

static const struct dissector dissectors[] = {
	{"pana", "pana", {NULL}, false, NULL, false, no_fields, dissect_pana},
	{"eap", "eap", {"eap.bad_length", NULL}, false, NULL, false, eap_fields, NULL},
	{"eapol", "eapol", {NULL}, false, NULL, false, eapol_fields, NULL},
	{"radius", "radius", {"radius.invalid_length", NULL}, false, radius_arguments, false,
		radius_fields, dissect_radius},
	{"dot1x-over-ip", "baton_dxi", {"baton_dxi.broken", NULL}, true, NULL, true, dxi_fields,
		dissect_dxi},
	{"binding", "baton_rbp", {"baton_rbp.broken", NULL}, true, NULL, true, binding_fields,
		dissect_binding},
	{"ap-info", "baton_fap", {"baton_fap.broken", NULL}, true, NULL, true, ap_info_fields,
		dissect_ap_info},
	{"ike", "isakmp", {NULL}, false, NULL, false, ike_fields, NULL},
	{"isakmp", "isakmp", {NULL}, false, NULL, false, isakmp_fields, NULL},
	{"tunnelled-change", "ip",
		{"ip.bogus_ip_version", "ip.bogus_header_length", "ip.bogus_ip_length", NULL},
		false, ipip_arguments, false, ipip_fields, dissect_ipip},
};

const struct dissector *dissector_of(const char *protocol)
{
	for (size_t i = 0; i < sizeof(dissectors) / sizeof(dissectors[0]); i++)
		if (strcmp(dissectors[i].protocol, protocol) == 0)
			return &dissectors[i];
	return NULL;
}

/* --- comparing -------------------------------------------------------------------------------- */

struct finding dissect_field(
	const struct shown_field *row, const xmlNode *node, const struct vector *v)
{
	const struct vector_field *want = vector_field(v, row->name);
	const xmlNode *n = pdml_below(node, row->shown);

	if (!want)
		return finding_none();
	if (!row->octets)
		return finding_same(row->name, want->number,
			n ? strtoull(pdml_attribute(n, "show"), NULL, 0) : UINT64_MAX);
	if (n && pdml_same_octets(pdml_attribute(n, "value"), want->octets))
		return finding_none();
	return finding_of(CHECK_DIFFERS, "%s: expected %zu octets, actual %s", row->name,
		want->octets.size, n ? pdml_attribute(n, "value") : "nothing");
}

static const char *complaint_of(const struct dissector *d, const xmlNode *packet)
{
	if (pdml_child(packet, "_ws.malformed"))
		return "malformed";
	for (const char *const *name = d->complaints; *name; name++)
		if (pdml_below(packet, *name))
			return *name;
	return NULL;
}

/* A rule that a reader of the octets must see to be broken, or may. */
static bool must_complain(const struct dissector *d, const struct vector *v)
{
	return v->result == VECTOR_INVALID &&
	       (!v->has_fields || (d->complains_of_messages && v->rule.layer == LAYER_MESSAGE));
}

static bool may_complain(const struct vector *v)
{
	return v->result == VECTOR_INVALID && v->rule.layer <= LAYER_MESSAGE;
}

struct finding dissect_compare(
	const struct dissector *d, const xmlNode *packet, const struct vector *v)
{
	const char *complaint = complaint_of(d, packet);
	bool there = pdml_child(packet, d->layer) != NULL;
	struct finding f = finding_none();

	if (must_complain(d, v) && there && !complaint)
		return finding_of(CHECK_DIFFERS, "expected a complaint: %s (%s), actual none",
			v->rule.text, v->rule.clause);
	if (!v->has_fields)
		return f;
	if (!there)
		return finding_of(CHECK_DIFFERS, "expected dissected as %s, actual something else",
			d->protocol);
	if (complaint && !may_complain(v))
		return finding_of(CHECK_DIFFERS, "expected no complaint, actual %s", complaint);
	for (const struct shown_field *row = d->fields; row->name && f.verdict == CHECK_AGREES;
		row++)
		f = dissect_field(row, packet, v);
	return f.verdict == CHECK_AGREES && d->compare ? d->compare(packet, v) : f;
}
