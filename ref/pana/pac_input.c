// SPDX-License-Identifier: Apache-2.0
/*
 * What arrives at the client is checked here, in the order of RFC 5191 §5.5, and nothing changes
 * before every check has passed; then the state machine (pac_fsm.c) takes a step. An EAP packet that
 * the EAP end discards makes the message that carried it invalid: it is not answered and the true
 * one can still come.
 */
#include "ref/base/mutant.h"
#include "ref/pana/pac_inside.h"
#include "ref/pana/pana_encap.h"

static int restart_eap(struct pac *pac, struct reject *reject)
{
	pac_drop_eap(pac);
	pac->eap = pac->config.eap_new(pac->config.context, pac);
	if (!pac->eap)
		return reject_set(reject, REJECT_REFUSED, NULL, NULL, 0, 0);
	pac->eap->status = pac->eap->ops->start(pac->eap);
	return 0;
}

/* RFC 5191 §5.2: an EAP packet reaches the EAP end once; repetitions never come this far. One that
 * ends EAP in failure has its reason too, and is taken. */
static int feed(struct pac *pac, struct view packet, struct reject *reject)
{
	struct reject why = { 0 };
	enum eap_status status = pac->eap->ops->input(pac->eap, packet, &why);

	if (why.reason != REJECT_NONE && status != EAP_FAILURE) {
		if (reject && reject->reason == REJECT_NONE)
			*reject = why;
		return -1;
	}
	pac->eap->status = status;
	if (status == EAP_OUTPUT && pac->eap->output.size > PANA_MESSAGE_MAX / 2)
		return reject_set(reject, REJECT_RESOURCES, "EAP-Payload", NULL, 0,
			pac->eap->output.size);
	return 0;
}

/* --- the initial PAR ------------------------------------------------------------------------ */

static bool offered(const struct packet *p, enum pana_avp code, uint32_t algorithm)
{
	for (unsigned n = 0;; n++) {
		const struct element_value *e = packet_find_nth(p, 0, code, n);
		if (!e)
			return false;
		struct reader r = reader_of(e->value);
		if (read_u32(&r) == algorithm)
			return true;
	}
}

/* RFC 5191 §4.1: the client selects one of each kind from those offered; 0: none in common. */
static int choose(const struct pac *pac, const struct packet *p, uint8_t *prf, uint8_t *integrity)
{
	const struct pana_common *common = &pac->config.common;

	*prf = *integrity = 0;
	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX && !*prf; i++)
		if (common->prfs[i] && offered(p, PANA_AVP_PRF_ALGORITHM, common->prfs[i]))
			*prf = (uint8_t)common->prfs[i];
	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX && !*integrity; i++)
		if (common->integrities[i] &&
			offered(p, PANA_AVP_INTEGRITY_ALGORITHM, common->integrities[i]))
			*integrity = (uint8_t)common->integrities[i];
	return *prf && *integrity ? 0 : -1;
}

static int check_offer(const struct pac *pac, const struct packet *p, uint8_t *prf,
	uint8_t *integrity, struct reject *reject)
{
	const char *section = "RFC 5191 §4.1";
	const struct element_value *a = packet_find(p, 0, PANA_AVP_PRF_ALGORITHM);
	const struct element_value *b = packet_find(p, 0, PANA_AVP_INTEGRITY_ALGORITHM);

	*prf = *integrity = 0;
	if (!a && !b) {
		if (pac->config.common.require_key)
			return reject_set(reject, REJECT_MISSING, "PRF-Algorithm", section, 0, 0);
		return 0;
	}
	if (!a || !b)
		return reject_set(reject, REJECT_MISSING,
			a ? "Integrity-Algorithm" : "PRF-Algorithm", section, 0, 0);
	if (choose(pac, p, prf, integrity) < 0)
		return reject_set(reject, REJECT_ALGORITHM,
			*prf ? b->element->name : a->element->name, section,
			*prf ? b->offset : a->offset, packet_uint(p, 0, a->code, 0));
	return 0;
}

/* RFC 6786 §2: the client selects one of those offered; 0: nothing will be encrypted. */
static uint8_t choose_encryption(const struct pac *pac, const struct packet *p)
{
	const enum pana_encryption *list = pac->config.common.encryptions;

	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX && list[i]; i++)
		if (offered(p, PANA_AVP_ENCRYPTION_ALGORITHM, list[i]) ||
			MUTANT(pana_pac_chooses_unoffered))
			return (uint8_t)list[i];
	return 0;
}

/*
 * RFC 5191 §5.5: the initial PAR is unexpected after a valid PAR without S, and in every later
 * phase. Another one before that is answered: a stateless PAA may have changed its mind.
 */
static bool start_is_due(const struct pac *pac, const struct packet *p)
{
	if (pac->opened || pac->exchanged)
		return MUTANT(pana_pac_takes_late_start);
	return pac->state == PAC_INITIAL || (pac->state == PAC_WAIT_PAA && !pana_eap(p).size);
}

static int take_start(struct pac *pac, const struct pac_step *step, const struct endpoint *from,
	struct reject *reject)
{
	const struct packet *p = step->packet;
	bool preauth = pana_flags(p) & PANA_E;
	uint8_t prf, integrity;

	if (!start_is_due(pac, p))
		return reject_set(reject, REJECT_STATE, "Flags", "RFC 5191 §5.5", 4, pana_flags(p));
	/* RFC 5873 §3: who did not ask for pre-authentication, or asked, MUST discard the other */
	if (preauth != pac->config.preauth)
		return reject_set(reject, REJECT_FLAGS, "Flags", "RFC 5873 §3", 4, pana_flags(p));
	if (check_offer(pac, p, &prf, &integrity, reject) < 0)
		return -1;
	if (link_verify(&pac->link, step->datagram, p, reject) < 0)
		return -1;
	if (restart_eap(pac, reject) < 0)
		return -1;
	if (pana_eap(p).size && feed(pac, pana_eap(p), reject) < 0)
		return -1;

	link_restart(&pac->link);
	pac->link.peer = *from;
	/* §4.1: the PAA's session identifier is used from now on */
	pac->link.id = (uint32_t)p->header[PANA_SESSION];
	pac->link.prf = prf;
	pac->link.integrity = integrity;
	pac->link.encryption = integrity ? choose_encryption(pac, p) : 0;
	octets_set(&pac->link.i_par, step->datagram);
	link_took_request(&pac->link, p, step->datagram);
	pac->pending = *p;
	pac->answer_due = true;
	pac->reconfigure = pana_flags(p) & PANA_I;
	pac->link.heard = step->now;
	return pac_step(pac, PAC_EV_RX_PAR_S, step);
}

/* --- the last PAR --------------------------------------------------------------------------- */

static bool succeeds(const struct packet *p)
{
	return packet_uint(p, 0, PANA_AVP_RESULT_CODE, UINT32_MAX) == PANA_SUCCESS;
}

/* RFC 5191 §4.1, §5.7: what the last PAR brings with it. */
static int check_result(const struct pac *pac, const struct packet *p, struct reject *reject)
{
	struct view eap = pana_eap(p);
	uint8_t code = eap.size ? eap.data[0] : 0;

	if (succeeds(p) && !packet_find(p, 0, PANA_AVP_SESSION_LIFETIME))
		return reject_set(
			reject, REJECT_MISSING, "Session-Lifetime", "RFC 5191 §5.7", 0, 0);
	if (succeeds(p) && !eap.size && pac->eap->status != EAP_SUCCESS)
		return reject_set(reject, REJECT_MISSING, "EAP-Payload", "RFC 5191 §4.1", 0, 0);
	/* the message carries EAP's result: Success (3), or Failure (4) when nothing succeeds */
	if (eap.size && code != 3 && (succeeds(p) || code != 4))
		return reject_set(reject, REJECT_VALUE, "EAP-Payload", "RFC 5191 §4.1",
			packet_find(p, 0, PANA_AVP_EAP_PAYLOAD)->offset, code);
	return 0;
}

static int check_new_key(struct pac *pac, const struct pac_step *step, uint32_t key_id,
	struct reject *reject)
{
	struct pana_link *link = &pac->link;
	size_t at = packet_find(step->packet, 0, PANA_AVP_KEY_ID)->offset;

	/* RFC 5191 §5.3: the Key-Id MUST identify this MSK alone within the session */
	if (link->sa.live && link->sa.keys.key_id == key_id)
		return reject_set(reject, REJECT_KEY, "Key-Id", "RFC 5191 §5.3", at, key_id);
	if (!link->integrity || !pac->eap->has_key || !link->pac_nonce.size ||
		!link->paa_nonce.size)
		return reject_set(reject, REJECT_KEY, "Key-Id", "RFC 5191 §5.3", at, key_id);
	link_make_next(link, VIEW(pac->eap->msk, PANA_MSK_SIZE), key_id);
	/* §5.3: protected by the new key already */
	if (MUTANT(pana_ignores_auth) ||
		pana_verify(link->next, step->datagram, step->packet, reject) == 0)
		return 0;
	link_drop_next(link);
	return -1;
}

/*
 * The result is believed when it is protected by the key that the EAP method made, if it made one.
 * The key is there before EAP-Success is, so a forged message changes nothing.
 */
static int verify_result(struct pac *pac, const struct pac_step *step, struct reject *reject)
{
	const struct packet *p = step->packet;
	const struct element_value *key_id = packet_find(p, 0, PANA_AVP_KEY_ID);
	bool rejected = packet_uint(p, 0, PANA_AVP_RESULT_CODE, 0) == PANA_AUTHENTICATION_REJECTED;

	if (key_id)
		return check_new_key(pac, step,
			(uint32_t)packet_uint(p, 0, PANA_AVP_KEY_ID, 0), reject);
	/* §4.1, §5.3: with an MSK, success and refused authorisation MUST come with Key-Id, AUTH */
	if (pac->eap->has_key && pac->link.integrity && !rejected && !MUTANT(pana_ignores_auth))
		return reject_set(reject, REJECT_MISSING, "Key-Id", "RFC 5191 §4.1, §5.3", 0, 0);
	if (succeeds(p) && pac->config.common.require_key && !pac->link.sa.live)
		return reject_set(reject, REJECT_MISSING, "Key-Id", "RFC 5191 §5.3", 0, 0);
	return link_verify(&pac->link, step->datagram, p, reject);
}

/* --- everything else ------------------------------------------------------------------------ */

static int event_of(const struct packet *p)
{
	bool request = pana_is_request(p);
	unsigned flags = pana_flags(p);

	switch (p->header[PANA_TYPE]) {
	case PANA_AUTH:
		if (!request)
			return flags & (PANA_S | PANA_C) ? -1 : PAC_EV_RX_PAN;
		return flags & PANA_S ? PAC_EV_RX_PAR_S
			: flags & PANA_C ? PAC_EV_RX_PAR_C
					 : PAC_EV_RX_PAR;
	case PANA_TERMINATION:
		return request ? PAC_EV_RX_PTR : PAC_EV_RX_PTA;
	case PANA_NOTIFICATION:
		if (flags & PANA_A) /* the PAA re-authenticates by a PAR, RFC 5191 §4.3 */
			return request ? -1 : PAC_EV_RX_PNA_A;
		return request ? PAC_EV_RX_PNR_P : PAC_EV_RX_PNA_P;
	default: /* PCI and relayed messages are not for a client */
		return -1;
	}
}

/* RFC 5191 §4.1, §4.3: the first PAR of a phase has a nonce, no other has. */
static int check_par(const struct pac *pac, const struct packet *p, struct reject *reject)
{
	const struct element_value *nonce = packet_find(p, 0, PANA_AVP_NONCE);
	bool first = pac->nonce_due || pac->state == PAC_OPEN || pac->state == PAC_WAIT_PNA_PING;
	bool last = pana_flags(p) & PANA_C;

	if (first && !nonce && !last)
		return reject_set(reject, REJECT_MISSING, "Nonce", "RFC 5191 §4.1, §4.3", 0, 0);
	if (!first && nonce)
		return reject_set(reject, REJECT_UNEXPECTED, "Nonce", "RFC 5191 §4.1",
			nonce->offset, nonce->value.size);
	if (!last && !pana_eap(p).size)
		return reject_set(reject, REJECT_MISSING, "EAP-Payload", "RFC 5191 §4.1", 0, 0);
	return 0;
}

/* RFC 6786 §5: the last PAR may have been encrypted with the keys that it brings. */
static int open_par(struct pac *pac, const struct pac_step *step, int event, struct reject *reject)
{
	const struct packet *p = step->packet;
	bool brings = event == PAC_EV_RX_PAR_C && pac->eap &&
		packet_find(p, 0, PANA_AVP_KEY_ID) &&
		packet_find(p, 0, PANA_AVP_ENCRYPTION_ENCAP);
	int result;

	if (!brings)
		return link_decap(&pac->link, &pac->link.sa, step->datagram, step->packet, reject);
	if (check_new_key(pac, step, (uint32_t)packet_uint(p, 0, PANA_AVP_KEY_ID, 0), reject) < 0)
		return -1;
	result = link_decap(&pac->link, pac->link.next, step->datagram, step->packet, reject);
	link_drop_next(&pac->link);
	return result;
}

/* A PAR is checked, verified, and its EAP packet given to EAP, before anything else changes. */
static int take_par_message(struct pac *pac, const struct pac_step *step, int event,
	struct reject *reject)
{
	const struct packet *p = step->packet;
	const struct element_value *nonce = packet_find(p, 0, PANA_AVP_NONCE);
	bool begins = pac->state == PAC_OPEN || pac->state == PAC_WAIT_PNA_PING;

	if (open_par(pac, step, event, reject) < 0 || check_par(pac, p, reject) < 0)
		return -1;
	if (!begins && !pac->eap && restart_eap(pac, reject) < 0)
		return -1;
	if (event == PAC_EV_RX_PAR_C) {
		if (check_result(pac, p, reject) < 0 || verify_result(pac, step, reject) < 0)
			return -1;
	} else if (link_verify(&pac->link, step->datagram, p, reject) < 0) {
		return -1;
	}
	if (begins && restart_eap(pac, reject) < 0)
		return -1;
	if (pana_eap(p).size && feed(pac, pana_eap(p), reject) < 0) {
		link_drop_next(&pac->link);
		return -1;
	}
	if (nonce)
		octets_set(&pac->link.paa_nonce, nonce->value);
	if (pana_flags(p) & PANA_I && !pac->opened)
		pac->reconfigure = true;
	pac->pending = *p;
	pac->answer_due = true;
	return 0;
}

static int check_header(const struct pac *pac, const struct packet *p, int event,
	struct reject *reject)
{
	bool preauth = pana_flags(p) & PANA_E;

	if (event < 0)
		return reject_set(reject, REJECT_STATE, "Message Type", "RFC 5191 §5.5", 6,
			p->header[PANA_TYPE]);
	if (event == PAC_EV_RX_PAR_S)
		return 0;
	/* RFC 5191 §4.1: the same session identifier throughout the session */
	if (p->header[PANA_SESSION] != pac->link.id && !MUTANT(pana_accepts_unknown_session))
		return reject_set(reject, REJECT_SESSION, "Session Identifier", "RFC 5191 §4.1", 8,
			p->header[PANA_SESSION]);
	/* RFC 5873 §3: E in every message until the candidate is the serving network's PAA */
	if (!pac->opened && preauth != pac->link.preauth)
		return reject_set(reject, REJECT_FLAGS, "Flags", "RFC 5873 §3", 4, pana_flags(p));
	return 0;
}

static int check_place(const struct pac *pac, const struct packet *p, int event,
	struct reject *reject)
{
	if (link_check_sequence(&pac->link, p, reject) < 0)
		return -1;
	bool early = (event == PAC_EV_RX_PNR_P || event == PAC_EV_RX_PTR) && !pac->opened &&
		!MUTANT(pana_takes_early_messages);
	if (early || pac->state == PAC_CLOSED || !fsm_accepts(&pac_machine, pac->state, event))
		return reject_set(reject, REJECT_STATE, "Message Type", "RFC 5191 §5.5", 6,
			p->header[PANA_TYPE]);
	return 0;
}

static int take(struct pac *pac, struct pac_step *step, const struct endpoint *from,
	struct reject *reject)
{
	const struct packet *p = step->packet;
	int event = event_of(p);

	if (check_header(pac, p, event, reject) < 0)
		return -1;
	if (pana_is_request(p) &&
		link_repeat_answer(&pac->link, from, step->datagram, step->actions))
		return 0;
	if (event == PAC_EV_RX_PNR_P &&
		link_answer_again(&pac->link, p, step->datagram, step->actions))
		return 0;
	if (event == PAC_EV_RX_PAR_S)
		return take_start(pac, step, from, reject);
	if (check_place(pac, p, event, reject) < 0)
		return -1;
	if (event == PAC_EV_RX_PAR || event == PAC_EV_RX_PAR_C) {
		if (take_par_message(pac, step, event, reject) < 0)
			return -1;
	} else if (link_decap(&pac->link, &pac->link.sa, step->datagram, step->packet, reject) < 0 ||
		link_verify(&pac->link, step->datagram, p, reject) < 0) {
		return -1;
	}
	pac->link.heard = step->now;
	if (pana_is_request(p))
		link_took_request(&pac->link, p, step->datagram);
	return pac_step(pac, (enum pac_number)event, step);
}

/* Whoever speaks for the PAA speaks from its address; with none configured, anybody begins. */
static int check_source(const struct pac *pac, const struct endpoint *from, struct reject *reject)
{
	if (!pac->link.peer.family || endpoint_equal(from, &pac->link.peer))
		return 0;
	return reject_set(reject, REJECT_ADDRESS, NULL, "RFC 5191 §6.1", 0, 0);
}

int pac_input(struct pac *pac, const struct endpoint *from, struct view datagram, btime now,
	struct actions *actions)
{
	struct packet packet = { .element_count = 0 };
	struct pac_step step = { &packet, datagram, now, actions };
	struct reject reject = { 0 };

	if (datagram.size > PANA_MESSAGE_MAX)
		reject_set(&reject, REJECT_RESOURCES, "Message Length", NULL, 2, datagram.size);
	else if (check_source(pac, from, &reject) == 0 &&
		pana_decode_sealed(datagram, &packet, &reject) == 0 &&
		take(pac, &step, from, &reject) == 0) {
		pac_settle(pac, &step);
		return 0;
	}
	if (reject.reason == REJECT_NONE)
		reject.reason = REJECT_STATE;
	pac->rejected[reject.reason]++;
	struct action *a = pac_report(pac, &step, PANA_REPORT_REJECTED, NULL);
	if (a)
		a->reject = reject;
	return -1;
}
