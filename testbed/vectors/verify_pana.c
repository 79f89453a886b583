// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_psk.h"
#include "ref/eap/eap_psk_crypto.h"
#include "ref/pana/pana_encap.h"
#include "testbed/vectors/codec.h"

static struct pana_key_input input_of(const struct vector_association *a)
{
	return (struct pana_key_input){
		.prf = (enum pana_prf)a->prf,
		.integrity = (enum pana_integrity)a->integrity,
		.msk = a->msk,
		.i_par = a->i_par,
		.i_pan = a->i_pan,
		.pac_nonce = a->pac_nonce,
		.paa_nonce = a->paa_nonce,
		.key_id = a->key_id,
		.encryption = (enum pana_encryption)a->encryption,
	};
}

/*
 * Whether the message carries an AUTH AVP that verifies under the association (RFC 5191 §5.3,
 * §5.4): 1, or 0 with `*reject` saying why. -1 with `why` filled: the key that is derived is not
 * the vector's, or the algorithms are not known to the implementation (then *unknown is true).
 */
static int verify_auth(const struct vector_association *a, struct view octets,
	const struct packet *packet, struct reject *reject, bool *unknown, char *why, size_t size)
{
	struct pana_sa sa = {.live = true, .integrity = (uint8_t)a->integrity};
	struct pana_key_input in = input_of(a);

	*unknown = !pana_prf_known(a->prf) || !pana_integrity_known(a->integrity);
	if (*unknown) {
		snprintf(why, size, "PRF %u with integrity algorithm %u is not implemented", a->prf,
			a->integrity);
		return -1;
	}
	pana_auth_key(&in, sa.auth_key);
	struct view key = VIEW(sa.auth_key, pana_auth_key_size(in.integrity));
	if (!view_equal(key, a->auth_key)) {
		snprintf(why, size, "PANA_AUTH_KEY differs from the vector's");
		return -1;
	}
	return pana_verify(&sa, octets, packet, reject) == 0;
}

/* What ref/eap makes of a conversation. */
struct psk_keys {
	uint8_t ak[16], kdk[16], tek[16], msk[EAP_MSK_SIZE], emsk[EAP_MSK_SIZE];
};

static const struct vector_eap *conversation_of(
	const struct vector_group *group, const uint8_t *rand_s)
{
	for (size_t i = 0; i < group->eap_count; i++)
		if (group->eap[i].rand_s.size == PSK_RAND_SIZE &&
			memcmp(group->eap[i].rand_s.data, rand_s, PSK_RAND_SIZE) == 0)
			return &group->eap[i];
	return NULL;
}

/* The MAC of the second and third message. */
static bool mac_agrees(
	const struct vector_eap *e, const struct psk_keys *keys, const struct psk_message *m)
{
	uint8_t mac[PSK_MAC_SIZE];

	if (m->number == 1)
		psk_mac_p(keys->ak, view_text(e->id_p), view_text(e->id_s), m->rand_s, m->rand_p,
			mac);
	else if (m->number == 2)
		psk_mac_s(keys->ak, view_text(e->id_s), e->rand_p.data, mac);
	else
		return true;
	return memcmp(mac, m->mac, sizeof(mac)) == 0;
}

/*
 * Whether an EAP-PSK message of the group's conversations has the MAC and the sealed result that
 * ref/eap computes from the same key and random numbers, and the keys are the vector's: 1. 0 when
 * it is no such message. -1 with `why` filled.
 */
static int verify_eap_psk(const struct vector_group *group, struct view eap, char *why, size_t size)
{
	struct eap_packet packet;
	struct psk_message m;
	struct psk_channel channel;
	struct psk_keys keys;
	struct reject reject = {0};

	if (eap_decode(eap, &packet, &reject) < 0 || packet.type != EAP_TYPE_PSK ||
		packet.data.size == 0)
		return 0;
	const char *wrong = NULL;
	const struct vector_eap *e = NULL;
	if (psk_decode(packet.data, packet.data.data[0] >> 6, &m, &reject) < 0)
		wrong = "it does not decode";
	else if (!(e = conversation_of(group, m.rand_s)))
		wrong = "its RAND_S is of no conversation of the group";
	if (e) {
		eap_psk_key_setup(e->psk.data, keys.ak, keys.kdk);
		eap_psk_session_keys(keys.kdk, e->rand_p.data, keys.tek, keys.msk, keys.emsk);
		if (!view_equal(VIEW_OF(keys.msk), e->msk))
			wrong = "the MSK differs";
		else if (!view_equal(VIEW_OF(keys.emsk), e->emsk))
			wrong = "the EMSK differs";
		else if (!mac_agrees(e, &keys, &m))
			wrong = "its MAC differs";
		else if (m.number >= 2 &&
			 psk_channel_open(&packet, &m, m.number - 2, keys.tek, &channel,
				 &reject) < 0)
			wrong = "its protected channel does not open";
	}
	if (wrong)
		snprintf(why, size, "EAP-PSK message %u: %s", e ? m.number + 1u : 0u, wrong);
	return wrong ? -1 : 1;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* An AUTH that does not verify: for the reason that the vector states. */
static struct finding judge_rejection_of_auth(const struct vector *v, const struct reject *r)
{
	if (v->auth_valid)
		return finding_of(
			CHECK_DIFFERS, "AUTH: expected good, actual %s", reject_name(r->reason));
	if (v->rule.layer == LAYER_AUTH && r->reason != v->rule.reason)
		return finding_of(CHECK_DIFFERS, "AUTH: expected %s, actual %s",
			reject_name(v->rule.reason), reject_name(r->reason));
	return finding_none();
}

static struct finding judge_auth(const struct vector *v, const struct packet *p)
{
	char why[256] = "";
	struct reject reject = {0};
	bool unknown;

	if (!v->has_auth)
		return finding_none();
	const struct vector_association *a = &v->group->associations[v->association];
	int good = verify_auth(a, v->octets, p, &reject, &unknown, why, sizeof(why));
	if (good < 0)
		return finding_of(unknown ? CHECK_OUTSIDE : CHECK_DIFFERS, "AUTH: %s", why);
	if (good && !v->auth_valid)
		return finding_of(
			CHECK_DIFFERS, "AUTH: expected bad (%s), actual good", v->rule.text);
	return good ? finding_none() : judge_rejection_of_auth(v, &reject);
}

/* --- encrypted AVPs, RFC 6786 ----------------------------------------------------------------- */

static struct finding judge_keys(const struct vector_association *a, const struct pana_sa *sa)
{
	if (!view_equal(VIEW_OF(sa->pac_encr), a->pac_encr_key))
		return finding_of(CHECK_DIFFERS, "PANA_PAC_ENCR_KEY differs from the vector's");
	if (!view_equal(VIEW_OF(sa->paa_encr), a->paa_encr_key))
		return finding_of(CHECK_DIFFERS, "PANA_PAA_ENCR_KEY differs from the vector's");
	return finding_none();
}

/* Opens what is encrypted; what comes out is the vector's, and right or wrong as it says. */
static struct finding judge_inside(const struct vector *v, const struct packet *packet)
{
	const struct element_value *e = packet_find(packet, 0, PANA_AVP_ENCRYPTION_ENCAP);
	const struct vector_association *a = &v->group->associations[v->association];
	struct packet opened = *packet;
	struct reject reject = {0};
	struct pana_sa sa;
	uint8_t plain[8192];

	if (!v->has_auth || !a->encryption || !e || e->value.size > sizeof(plain))
		return finding_none();
	struct pana_key_input in = input_of(a);
	in.session_id = (uint32_t)packet->header[PANA_SESSION];
	pana_sa_derive(&in, &sa);
	struct finding f = judge_keys(a, &sa);
	if (f.verdict != CHECK_AGREES)
		return f;
	int result = pana_decap(&sa, !v->to_server, &opened, plain, &reject);
	if (v->has_inside && !view_equal(VIEW(plain, e->value.size), v->inside))
		return finding_of(CHECK_DIFFERS, "inside: what is decrypted differs");
	if (!v->auth_valid)
		return finding_none();
	if (result < 0)
		return judge_rejection(v, &reject);
	if (v->result == VECTOR_INVALID && v->rule.layer == LAYER_AUTH)
		return finding_of(CHECK_DIFFERS, "expected rejected: %s (%s), actual taken",
			v->rule.text, v->rule.clause);
	return finding_none();
}

/* EAP-PSK messages of sessions that say how they came about. */
static struct finding judge_eap(const struct vector *v)
{
	char why[256] = "";

	for (size_t i = 0; v->group->eap_count && i < v->element_count; i++)
		if (v->elements[i].code == PANA_AVP_EAP_PAYLOAD && !v->elements[i].has_vendor &&
			verify_eap_psk(v->group, v->elements[i].value, why, sizeof(why)) < 0)
			return finding_of(CHECK_DIFFERS, "%s", why);
	return finding_none();
}

struct finding verify_pana(const struct vector *v, const struct decoded *d)
{
	struct finding f = judge_auth(v, &d->packet);
	if (f.verdict == CHECK_AGREES)
		f = judge_inside(v, &d->packet);
	return f.verdict == CHECK_AGREES ? judge_eap(v) : f;
}
