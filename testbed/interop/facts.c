// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "ref/base/reader.h"
#include "testbed/interop/facts.h"

#define EAP_TYPE_TLS 13

/* --- looking -------------------------------------------------------------------------------- */

static bool opens(const struct wiretap *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->messages[i].inside)
			return true;
	return false;
}

static enum sight not_seen(const struct wiretap *w, char *instead, size_t size, const char *what)
{
	bool encrypted = false;

	for (size_t i = 0; i < w->count; i++)
		encrypted |= w->messages[i].encrypted;
	if (encrypted && !opens(w)) {
		snprintf(instead, size, "no end gives its keys: what is encrypted could not be read");
		return SIGHT_UNKNOWN;
	}
	snprintf(instead, size, "%s", what);
	return SIGHT_NO;
}

/* The first message of an exchange that carries the payload, from that end. */
static const struct element_value *payload(const struct wiretap *w, unsigned exchange,
	bool from_initiator, enum ike_payload code)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct wiretap_message *m = &w->messages[i];
		const struct packet *p = m->version == 2 ? wiretap_contents(m) : NULL;
		const struct element_value *e = p ? packet_find(p, 0, code) : NULL;
		if (e && m->exchange == exchange && m->from_initiator == from_initiator)
			return e;
	}
	return NULL;
}

static unsigned auth_method(const struct wiretap *w, bool from_initiator)
{
	const struct element_value *e = payload(w, IKE_AUTH, from_initiator, IKE_PAYLOAD_AUTH);
	struct reader r = reader_of(e ? e->value : VIEW_EMPTY);

	return e ? read_u8(&r) : 0;
}

/* --- facts of IKEv2 ------------------------------------------------------------------------- */

static enum sight look_psk(const struct evidence *e, char *instead, size_t size)
{
	unsigned i = auth_method(e->wire, true), r = auth_method(e->wire, false);

	if (i == IKE_METHOD_SHARED_KEY && r == IKE_METHOD_SHARED_KEY)
		return SIGHT_YES;
	char text[120];
	snprintf(text, sizeof(text), "AUTH methods were %u of the initiator, %u of the responder", i, r);
	return not_seen(e->wire, instead, size, text);
}

/* RSA, ECDSA of RFC 4754, or RFC 7427's. */
static bool signature(unsigned method)
{
	return method == IKE_METHOD_RSA || method == IKE_METHOD_SIGNATURE || (method >= 9 && method <= 11);
}

static enum sight look_certificate(const struct evidence *e, char *instead, size_t size)
{
	unsigned i = auth_method(e->wire, true), r = auth_method(e->wire, false);
	bool certs = payload(e->wire, IKE_AUTH, true, IKE_PAYLOAD_CERT) &&
		payload(e->wire, IKE_AUTH, false, IKE_PAYLOAD_CERT);
	char text[160];

	if (signature(i) && signature(r) && certs)
		return SIGHT_YES;
	snprintf(text, sizeof(text), "AUTH methods were %u and %u, and %s", i, r,
		certs ? "both sent certificates" : "not both sent a certificate");
	return not_seen(e->wire, instead, size, text);
}

static bool eap_tls_from(const struct wiretap *w, bool from_initiator)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct wiretap_message *m = &w->messages[i];
		const struct packet *p = m->version == 2 ? wiretap_contents(m) : NULL;
		const struct element_value *e = p ? packet_find(p, 0, IKE_PAYLOAD_EAP) : NULL;
		struct reader r = reader_of(e ? e->value : VIEW_EMPTY);
		read_u32(&r); /* code, identifier, length */
		if (e && m->from_initiator == from_initiator && read_u8(&r) == EAP_TYPE_TLS)
			return true;
	}
	return false;
}

static enum sight look_eap_tls(const struct evidence *e, char *instead, size_t size)
{
	unsigned r = auth_method(e->wire, false);

	if (eap_tls_from(e->wire, true) && eap_tls_from(e->wire, false) && signature(r))
		return SIGHT_YES;
	return not_seen(e->wire, instead, size,
		"not both sent EAP-TLS in IKE_AUTH beside the responder's signature");
}

static enum sight look_configuration(const struct evidence *e, char *instead, size_t size)
{
	const struct element_value *cp[2];
	struct ike_configuration c[2] = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		cp[i] = payload(e->wire, IKE_AUTH, i == 0, IKE_PAYLOAD_CP);
		if (cp[i] && ike_decode_cp(cp[i], &c[i], NULL) < 0)
			cp[i] = NULL;
	}
	if (cp[0] && cp[1] && c[0].type == IKE_CFG_REQUEST && c[1].type == IKE_CFG_REPLY)
		for (unsigned i = 0; i < c[1].count; i++)
			if (c[1].list[i].type == IKE_CFG_INTERNAL_IP4_ADDRESS &&
				c[1].list[i].value.size == 4)
				return SIGHT_YES;
	return not_seen(e->wire, instead, size, cp[0] ? "CFG_REQUEST was not answered with an address" :
							 "no CFG_REQUEST was sent");
}

static enum sight look_fragments(const struct evidence *e, char *instead, size_t size)
{
	bool from[2] = { false, false };

	for (size_t i = 0; i < e->wire->count; i++)
		if (e->wire->messages[i].fragments > 1)
			from[e->wire->messages[i].from_initiator ? 0 : 1] = true;
	if (from[0] && from[1])
		return SIGHT_YES;
	snprintf(instead, size, "%s", from[0] ? "only the initiator sent fragments" :
		from[1] ? "only the responder sent fragments" : "nobody sent a fragment");
	return SIGHT_NO;
}

/* A request to rekey, and its answer without an error. With REKEY_SA it is of a Child SA, without TSi of
 * the IKE SA. */
static bool rekeyed(const struct wiretap *w, bool child)
{
	struct ike_notification n;

	for (size_t i = 0; i < w->count; i++) {
		const struct wiretap_message *q = &w->messages[i];
		if (q->exchange != IKE_CREATE_CHILD_SA || q->response || !q->inside ||
			ike_find_notify(q->inside, IKE_N_REKEY_SA, &n) != child ||
			!packet_find(q->inside, 0, IKE_PAYLOAD_TSI) != !child)
			continue;
		for (size_t k = i + 1; k < w->count; k++) {
			const struct wiretap_message *a = &w->messages[k];
			if (a->exchange == IKE_CREATE_CHILD_SA && a->response && a->id == q->id &&
				a->from_initiator != q->from_initiator && a->inside &&
				packet_find(a->inside, 0, IKE_PAYLOAD_SA))
				return true;
		}
	}
	return false;
}

/* SPIs of ESP in the ping's time, of one direction: the last one. */
static uint32_t spi_in(const struct evidence *e, unsigned ping, bool from_initiator)
{
	uint32_t spi = 0;

	for (size_t i = 0; i < e->wire->esp_count; i++) {
		const struct wiretap_esp *p = &e->wire->esp[i];
		if (p->at >= e->pings[ping].from && p->at <= e->pings[ping].to &&
			p->from_initiator == from_initiator)
			spi = p->spi;
	}
	return spi;
}

static bool spis_differ(const struct evidence *e)
{
	unsigned last = e->ping_count ? e->ping_count - 1 : 0;

	for (unsigned d = 0; last && d < 2; d++) {
		uint32_t before = spi_in(e, 0, d == 0), after = spi_in(e, last, d == 0);
		if (!before || !after || before == after)
			return false;
	}
	return last > 0;
}

static enum sight look_child_rekeyed(const struct evidence *e, char *instead, size_t size)
{
	bool exchanged = rekeyed(e->wire, true);

	if (exchanged && spis_differ(e))
		return SIGHT_YES;
	return not_seen(e->wire, instead, size, exchanged ?
		"ESP went on under the old SPIs" : "no CREATE_CHILD_SA with REKEY_SA was answered with an SA");
}

/* Something was said under the SPIs of another IKE SA than the first. */
static enum sight look_ike_rekeyed(const struct evidence *e, char *instead, size_t size)
{
	bool exchanged = rekeyed(e->wire, false), used = false;
	uint64_t first = 0;

	for (size_t i = 0; i < e->wire->count; i++) {
		const struct wiretap_message *m = &e->wire->messages[i];
		first = first ? first : m->exchange == IKE_AUTH ? m->spi_i : 0;
		used |= first && m->exchange >= IKE_CREATE_CHILD_SA && m->spi_i != first;
	}
	if (exchanged && used)
		return SIGHT_YES;
	return not_seen(e->wire, instead, size, exchanged ? "nothing was said under the new IKE SA" :
		"no CREATE_CHILD_SA for a new IKE SA was answered with an SA");
}

static enum sight look_moved(const struct evidence *e, char *instead, size_t size)
{
	bool update = false, answered = false, esp[2] = { false, false };
	unsigned last = e->ping_count ? e->ping_count - 1 : 0;
	struct ike_notification n;
	uint32_t id = 0;

	for (size_t i = 0; i < e->wire->count; i++) {
		const struct wiretap_message *m = &e->wire->messages[i];
		if (m->exchange != IKE_INFORMATIONAL || m->at < e->moved)
			continue;
		if (m->from_initiator && !m->response && m->inside &&
			ike_find_notify(m->inside, IKE_N_UPDATE_SA_ADDRESSES, &n) &&
			memcmp(m->source, e->second, 4) == 0) {
			update = true;
			id = m->id;
		}
		answered |= update && !m->from_initiator && m->response && m->id == id;
	}
	for (size_t i = 0; i < e->wire->esp_count; i++) {
		const struct wiretap_esp *p = &e->wire->esp[i];
		if (p->at < e->pings[last].from || p->at < e->moved)
			continue;
		if (!p->from_initiator || memcmp(p->source, e->second, 4) == 0)
			esp[p->from_initiator ? 0 : 1] = true;
	}
	if (update && answered && esp[0] && esp[1])
		return SIGHT_YES;
	return not_seen(e->wire, instead, size, !update ?
		"no UPDATE_SA_ADDRESSES came from the second address" :
		!answered ? "UPDATE_SA_ADDRESSES was not answered" :
		"ESP does not go between the responder and the second address");
}

static enum sight look_deleted(const struct evidence *e, char *instead, size_t size)
{
	for (size_t i = 0; i < e->wire->count; i++) {
		const struct wiretap_message *m = &e->wire->messages[i];
		struct ike_deletion d;
		const struct element_value *v = m->inside && m->exchange == IKE_INFORMATIONAL ?
			packet_find(m->inside, 0, IKE_PAYLOAD_DELETE) : NULL;
		if (v && m->from_initiator && ike_decode_delete(v, &d, NULL) == 0 &&
			d.protocol == IKE_PROTOCOL_IKE)
			return SIGHT_YES;
	}
	return not_seen(e->wire, instead, size, "the initiator sent no Delete of the IKE SA");
}

/* --- facts of IKEv1 ------------------------------------------------------------------------- */

enum { METHOD_ECDSA_256 = 9, METHOD_ECDSA_521 = 11 }; /* RFC 4754 section 7 */

static unsigned messages_of(const struct wiretap *w, unsigned version, unsigned exchange)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += w->messages[i].version == version && w->messages[i].exchange == exchange;
	return n;
}

/* The authentication method that the responder chose for the first ISAKMP SA; 0: not found. */
static unsigned method_of_1(const struct wiretap *w)
{
	struct ike_suite suite;
	struct isakmp_terms terms;

	for (size_t i = 0; i < w->count; i++) {
		const struct wiretap_message *m = &w->messages[i];
		if (m->version == 1 && m->spi_r)
			return wiretap_old_choice(w, m->spi_i, m->spi_r, &suite, &terms) ? terms.auth : 0;
	}
	return 0;
}

static enum sight look_main_mode(const struct evidence *e, char *instead, size_t size)
{
	unsigned main_mode = messages_of(e->wire, 1, ISAKMP_IDENTITY_PROTECTION);
	unsigned quick = messages_of(e->wire, 1, ISAKMP_QUICK_MODE);

	if (main_mode >= 6 && quick >= 3)
		return SIGHT_YES;
	snprintf(instead, size, "%u messages of main mode, %u of quick mode", main_mode, quick);
	return SIGHT_NO;
}

static enum sight method_is(const struct evidence *e, bool right, char *instead, size_t size)
{
	snprintf(instead, size, "the responder chose authentication method %u", method_of_1(e->wire));
	return right ? SIGHT_YES : SIGHT_NO;
}

static enum sight look_psk_1(const struct evidence *e, char *instead, size_t size)
{
	return method_is(e, method_of_1(e->wire) == ISAKMP_AUTH_PSK, instead, size);
}

static enum sight look_signature_1(const struct evidence *e, char *instead, size_t size)
{
	unsigned method = method_of_1(e->wire);

	return method_is(e, method == ISAKMP_AUTH_RSA_SIGNATURE ||
			(method >= METHOD_ECDSA_256 && method <= METHOD_ECDSA_521), instead, size);
}

/* --- facts of both -------------------------------------------------------------------------- */

static enum sight look_esp(const struct evidence *e, char *instead, size_t size)
{
	bool from[2] = { false, false };

	for (size_t i = 0; i < e->wire->esp_count; i++)
		from[e->wire->esp[i].from_initiator ? 0 : 1] = true;
	if (e->wire->clear)
		snprintf(instead, size, "%zu packets of the echo went in the clear", e->wire->clear);
	else
		snprintf(instead, size, "ESP from the initiator: %s, from the responder: %s",
			from[0] ? "yes" : "no", from[1] ? "yes" : "no");
	return from[0] && from[1] && !e->wire->clear ? SIGHT_YES : SIGHT_NO;
}

const struct fact facts[] = {
	{ "esp", "the echo crosses as ESP, both ways, and never in the clear", look_esp },
	{ "psk", "both AUTH payloads are of a shared key", look_psk },
	{ "certificate", "both ends send a certificate and a signature", look_certificate },
	{ "eap-tls", "EAP-TLS in IKE_AUTH, and a signature of the responder", look_eap_tls },
	{ "configuration", "CFG_REQUEST, and a CFG_REPLY with an address", look_configuration },
	{ "fragments", "both ends send Encrypted Fragment payloads", look_fragments },
	{ "child-rekeyed", "CREATE_CHILD_SA with REKEY_SA, and then ESP under new SPIs",
		look_child_rekeyed },
	{ "ike-rekeyed", "CREATE_CHILD_SA of a new IKE SA, which is then in use", look_ike_rekeyed },
	{ "moved", "UPDATE_SA_ADDRESSES from the second address, and ESP from and to there", look_moved },
	{ "deleted", "the initiator's Delete of the IKE SA", look_deleted },
	{ "main-mode", "six messages of main mode, three of quick mode", look_main_mode },
	{ "psk-v1", "main mode with a pre-shared key", look_psk_1 },
	{ "signature-v1", "main mode with signatures", look_signature_1 },
	{ NULL, NULL, NULL },
};

const struct fact *fact_named(const char *name)
{
	for (const struct fact *f = facts; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

unsigned facts_rekeyings(const struct wiretap *w)
{
	unsigned n = messages_of(w, 1, ISAKMP_QUICK_MODE) / 3;

	for (size_t i = 0; i < w->count; i++)
		n += w->messages[i].version == 2 && w->messages[i].exchange == IKE_CREATE_CHILD_SA &&
			w->messages[i].response;
	return n;
}

const char *facts_error(const struct wiretap *w, char *out, size_t size)
{
	*out = '\0';
	for (size_t i = 0; i < w->count; i++) {
		const struct wiretap_message *m = &w->messages[i];
		const struct packet *p = wiretap_contents(m);
		bool old = m->version == 1;
		struct isakmp_notification of_1;
		struct ike_notification n;
		uint16_t type = !p ? 0 : old ? isakmp_find_error(p, &of_1) : ike_find_error(p, &n);
		if (!type || (!old && type == IKE_N_INVALID_KE_PAYLOAD)) /* RFC 7296 section 1.2: another try */
			continue;
		const char *name = old ? ike_name(isakmp_notify_names, type) :
					 ike_name(ike_notify_names, type);
		snprintf(out, size, "the %s said %s", m->from_initiator ? "initiator" : "responder",
			name ? name : "an error");
	}
	return out;
}
