// SPDX-License-Identifier: Apache-2.0
/*
 * EAP inside IKE_AUTH, RFC 7296 §2.16. The initiator leaves AUTH out of its first request; the
 * responder proves itself at once and begins EAP; when that has succeeded both prove themselves
 * with the key it made, and the rest of the first exchange is answered. A method without a key is
 * no proof here: §2.16 calls it vulnerable, and this engine does not accept it.
 */
#include "ref/ike/ike_inside.h"

void ike_eap_end(struct ike_sa *sa)
{
	eap_destroy(sa->eap);
	sa->eap = NULL;
	ike_octets_clear(&sa->first_auth);
}

void ike_eap_input(struct ike_sa *sa, const struct packet *p)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_EAP);
	struct reject reject = { 0 };

	if (!e || sa->eap->status == EAP_FAILURE || sa->eap->status == EAP_SUCCESS)
		return;
	sa->eap->ops->input(sa->eap, e->value, &reject);
	/* what EAP discards is not sent again here: IKE has delivered it once and for all */
	if (reject.reason)
		sa->eap_stuck = true;
}

/* There is an EAP packet in it, and our end has an answer or is content. */
bool ike_eap_goes_on(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	const struct ike_step *s = input;

	return sa->eap && !sa->eap_stuck && packet_find(s->packet, 0, IKE_PAYLOAD_EAP) &&
		(sa->eap->status == EAP_OUTPUT ||
			(sa->eap->status == EAP_SUCCESS && sa->eap->has_key));
}

/* It has been taken, and our end has to ask somebody. */
bool ike_eap_waits(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	const struct ike_step *s = input;

	return sa->eap && !sa->eap_stuck && packet_find(s->packet, 0, IKE_PAYLOAD_EAP) &&
		sa->eap->status == EAP_WAITING;
}

/* Who was asked has answered, or not. */
bool ike_eap_has_answer(const void *context, const void *input)
{
	const struct ike_sa *sa = context;

	(void)input;
	return sa->eap->status == EAP_OUTPUT || (sa->eap->status == EAP_SUCCESS && sa->eap->has_key);
}

bool ike_eap_proved(const void *context, const void *input)
{
	const struct ike_step *s = input;
	return ike_eap_proof_good(context, s->packet);
}

/* --- initiator ------------------------------------------------------------------------------ */

bool ike_begins_eap(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	return sa->connection->local_means == IKE_BY_EAP &&
		packet_find(s->packet, 0, IKE_PAYLOAD_EAP) && ike_responder_proved(sa, s);
}

/* What our end says to the message before; AUTH when it is content. */
int ike_answer_eap(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	ike_answered(sa);
	ike_draft_begin(s->draft);
	if (sa->eap->status == EAP_SUCCESS)
		ike_draft_eap_proof(sa, s->draft);
	else
		ike_draft_octets(s->draft, IKE_PAYLOAD_EAP, sa->eap->output);
	ike_send_request(sa, IKE_AUTH, TASK_AUTH, s->draft, s);
	return 0;
}

int ike_start_eap(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	const struct ike_connection *c = sa->connection;

	sa->peer_id = s->proven_id;
	sa->eap = c->eap(c->eap_context, sa, false);
	if (sa->eap) {
		sa->eap->ops->start(sa->eap);
		ike_eap_input(sa, s->packet);
	}
	if (sa->eap && sa->eap->status == EAP_OUTPUT && !sa->eap_stuck)
		return ike_answer_eap(context, input);
	ike_answered(sa);
	ike_tell(sa, s, IKE_REPORT_FAILED, "EAP did not begin");
	sa->told = true;
	sa->wanted |= 1u << TASK_DELETE; /* the next step drops it */
	return 0;
}

/* --- responder ------------------------------------------------------------------------------ */

bool ike_asks_for_eap(const void *context, const void *input)
{
	return ike_find_proven(context, (struct ike_step *)input, true);
}

static int draft_eap(struct ike_sa *sa, struct ike_step *s)
{
	if (!sa->eap || !sa->eap->output.size)
		return -1;
	ike_draft_octets(s->draft, IKE_PAYLOAD_EAP, sa->eap->output);
	return 0;
}

void ike_keep_first(struct ike_sa *sa, const struct packet *p)
{
	uint8_t octets[IKE_MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	sa->first_auth_type = p->element_count ? p->elements[0].code : 0;
	for (unsigned i = 0; i < p->element_count; i++) {
		bool last = i + 1 == p->element_count;
		write_u8(&w, last ? 0 : (uint8_t)p->elements[i + 1].code);
		write_u8(&w, 0);
		write_u16(&w, (uint16_t)(4 + p->elements[i].value.size));
		write_view(&w, p->elements[i].value);
	}
	ike_octets_set(&sa->first_auth, writer_view(&w));
}

bool ike_first_request(const struct ike_sa *sa, struct packet *out)
{
	struct packet header = { .protocol = &ike_protocol };

	header.header[IKE_SPI_I] = sa->spi_i;
	header.header[IKE_SPI_R] = sa->spi_r;
	header.header[IKE_VERSIONS] = IKE_VERSION;
	header.header[IKE_EXCHANGE_TYPE] = IKE_AUTH;
	header.header[IKE_FLAGS] = IKE_FLAG_INITIATOR;
	return ike_decode_inside(&header, sa->first_auth_type, ike_octets_view(&sa->first_auth),
		       out, NULL) == 0;
}

int ike_begin_eap(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	const struct ike_connection *c = sa->connection = s->proven;

	sa->peer_id = s->proven_id;
	ike_keep_first(sa, s->packet);
	sa->eap = c->eap(c->eap_context, sa, true);
	if (sa->eap)
		sa->eap->ops->start(sa->eap);
	ike_draft_begin(s->draft);
	ike_draft_id(s->draft, IKE_PAYLOAD_IDR, &c->local_id);
	ike_draft_proof(sa, s->draft);
	if (draft_eap(sa, s) < 0) { /* nobody to ask: the half-open SA ends by its lifetime */
		ike_send_error(sa, IKE_AUTH, IKE_N_AUTHENTICATION_FAILED, s);
		return 0;
	}
	ike_send_response(sa, IKE_AUTH, s->draft, s);
	return 0;
}

/* Its answer goes to where it came from. */
int ike_hold_request(void *context, const void *input)
{
	struct ike_sa *sa = context;
	const struct ike_step *s = input;

	sa->local = s->local;
	sa->peer = s->from;
	return 0;
}

int ike_tx_eap(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	ike_draft_begin(s->draft);
	draft_eap(sa, s);
	ike_send_response(sa, IKE_AUTH, s->draft, s);
	return 0;
}

int ike_answer_eap_auth(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct packet first;

	if (!ike_first_request(sa, &first))
		return -1; /* it did decode when it came */
	ike_draft_begin(s->draft);
	ike_draft_eap_proof(sa, s->draft);
	ike_accept_peer(sa, s, &first);
	return 0;
}

/* The answer is EAP-Failure where the method has come to that, §2.16. */
int ike_refuse_eap(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	bool failure = sa->eap && sa->eap->status == EAP_FAILURE;

	ike_draft_begin(s->draft);
	if (!failure || draft_eap(sa, s) < 0)
		ike_draft_error(s->draft, IKE_N_AUTHENTICATION_FAILED, s);
	ike_send_response(sa, IKE_AUTH, s->draft, s);
	ike_refuse_peer(sa, s, failure && sa->eap->failure ? sa->eap->failure
							   : "the peer did not prove its identity");
	return 0;
}
