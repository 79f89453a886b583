// SPDX-License-Identifier: Apache-2.0
/*
 * EAP-TLS (RFC 5216; with TLS 1.3 RFC 9190): certificates at both ends, keys from TLS.
 *
 *     server                                   peer
 *     Flags S                                  ClientHello
 *     its flight, in fragments                 (empty for each fragment but the last)
 *     (empty for each fragment)                its flight, in fragments
 *     up to TLS 1.2: Finished                  empty
 *     TLS 1.3: ticket and the octet 0x00       empty
 *     EAP-Success
 *
 * With TLS 1.3 the server's 0x00 is a protected success indication: the peer believes EAP-Success
 * only after it, and no EAP-Failure any more (RFC 9190 §2.1.1, §2.5). An end whose TLS fails
 * sends its alert in the same way, and the server's EAP-Failure follows when the peer has answered
 * (RFC 5216 §2.1.3). Left out: OCSP stapling (a CRL file is read instead), raw public keys.
 */
#include <openssl/x509v3.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_method.h"
#include "ref/eap/eap_tls_sessions.h"

enum phase {
	PHASE_START,	 /* nothing has been sent or taken */
	PHASE_HANDSHAKE,
	PHASE_FINISHED,	 /* server: the last flight is out. Peer: the handshake is over */
	PHASE_ALERTED,	 /* server: the alert is out, the peer's answer ends it */
};

struct tls_method {
	struct tls_channel *channel; /* a server has none until the peer sends TLS data */
	enum phase phase;
};

static void finish(void *state)
{
	struct tls_method *m = state;
	if (m->channel)
		tls_channel_free(m->channel);
	free(m);
}

static enum eap_step lose(const struct eap_method_context *context, const struct tls_method *m)
{
	context->end->failure = tls_failure(m->channel);
	return EAP_STEP_FAILED;
}

static bool peer_possible(const struct eap_peer_config *config)
{
	return config->tls != NULL;
}

static void *peer_begin(const struct eap_method_context *context)
{
	struct tls_method *m = eap_alloc(sizeof(*m));
	m->channel = tls_channel_new(context->peer->tls);
	return m;
}

/* The handshake is over and nothing of it is left to send; `committed`: 0x00 has come. */
static enum eap_step peer_end(const struct eap_method_context *context, struct tls_method *m,
	bool committed)
{
	bool modern = tls_is_1_3(m->channel);
	bool waits = modern && !committed && !MUTANT(eap_tls_peer_ignores_commitment);

	if (waits && !m->channel->context->without_indication)
		return EAP_STEP_CONTINUE;
	if (!tls_export_keys(m->channel, context->end))
		return lose(context, m);
	context->end->cost.resumed = tls_is_resumed(m->channel);
	tls_keep_session(m->channel);
	return waits ? EAP_STEP_MAY_SUCCEED : modern ? EAP_STEP_DONE : EAP_STEP_ACCEPTED;
}

/* TLS has been given something: what it wants sent, and how the method stands then. */
static enum eap_step peer_advance(const struct eap_method_context *context, struct tls_method *m,
	struct writer *out)
{
	enum tls_progress progress = tls_advance(m->channel);

	if (progress == TLS_BROKEN) {
		/* the alert, or the empty answer to one */
		if (MUTANT(eap_tls_peer_no_alert))
			write_u8(out, 0);
		else
			tls_send(m->channel, context->room, out);
		return lose(context, m);
	}
	tls_send(m->channel, context->room, out);
	if (progress == TLS_WANTS_MORE)
		return EAP_STEP_CONTINUE;
	m->phase = PHASE_FINISHED;
	if (m->channel->sending)
		return EAP_STEP_CONTINUE;
	return peer_end(context, m, progress == TLS_COMMITTED);
}

static enum eap_step peer_process(const struct eap_method_context *context, void *state,
	const struct eap_packet *request, struct writer *out, struct reject *reject)
{
	struct tls_method *m = state;

	switch (tls_receive(m->channel, request->data, reject)) {
	case TLS_DISCARDED:
		return EAP_STEP_DISCARD;
	case TLS_START:
		if (m->phase != PHASE_START)
			break;
		m->phase = PHASE_HANDSHAKE;
		return peer_advance(context, m, out);
	case TLS_ACK:
		tls_send(m->channel, context->room, out);
		if (m->phase != PHASE_FINISHED || m->channel->sending)
			return EAP_STEP_CONTINUE;
		return peer_end(context, m, false);
	case TLS_FRAGMENT:
		if (m->phase == PHASE_START)
			break;
		if (MUTANT(eap_tls_no_acknowledgement))
			return EAP_STEP_DISCARD;
		tls_send(m->channel, context->room, out);
		return EAP_STEP_CONTINUE;
	case TLS_MESSAGE:
		if (m->phase == PHASE_START)
			break;
		return peer_advance(context, m, out);
	case TLS_EMPTY:
		break;
	}
	reject_set(reject, REJECT_STATE, "Flags", "RFC 5216 §3.1", 5,
		request->data.size ? request->data.data[0] : 0);
	return EAP_STEP_DISCARD;
}

const struct eap_peer_method eap_tls_peer = {
	.type = EAP_TYPE_TLS,
	.keyed = true,
	.possible = peer_possible,
	.begin = peer_begin,
	.process = peer_process,
	.finish = finish,
};

static void *server_begin(const struct eap_method_context *context)
{
	return context->server->tls ? eap_alloc(sizeof(struct tls_method)) : NULL;
}

static void server_request(const struct eap_method_context *context, void *state,
	uint8_t identifier, struct writer *out)
{
	struct tls_method *m = state;

	(void)identifier;
	if (m->phase == PHASE_START)
		write_u8(out, MUTANT(eap_tls_no_start_bit) ? 0 : EAP_TLS_FLAG_S);
	else
		tls_send(m->channel, context->room, out);
}

/* The first name of that kind in the certificate's SubjectAltName, else its common name. */
static bool certificate_identity(X509 *certificate, char to[EAP_IDENTITY_MAX + 1])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		if (n->type != GEN_EMAIL && n->type != GEN_DNS)
			continue;
		const ASN1_STRING *text = n->d.ia5;
		found = eap_identity_copy(
			VIEW(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)), to);
	}
	GENERAL_NAMES_free(names);
	if (found)
		return true;
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at < 0)
		return false;
	const ASN1_STRING *cn = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	return eap_identity_copy(VIEW(ASN1_STRING_get0_data(cn), (size_t)ASN1_STRING_length(cn)),
		to);
}

/* RFC 5216 §5.2: the Peer-Id is in the certificate; the EAP identity is only a claim. */
static bool check_identity(const struct eap_method_context *context, const struct tls_method *m)
{
	struct eap_end *end = context->end;
	X509 *certificate = SSL_get1_peer_certificate(m->channel->ssl);
	char name[EAP_IDENTITY_MAX + 1];
	bool ok = true;

	if (!certificate)
		return !m->channel->context->match_identity;
	if (!certificate_identity(certificate, name))
		strcpy(name, end->identity);
	if (m->channel->context->match_identity)
		ok = !strcmp(name, end->identity) ||
			X509_check_email(certificate, end->identity, 0, 0) == 1 ||
			X509_check_host(certificate, end->identity, 0, 0, NULL) == 1;
	else
		strcpy(end->identity, name);
	X509_free(certificate);
	return ok;
}

static enum eap_step server_end(const struct eap_method_context *context, struct tls_method *m)
{
	context->end->cost.resumed = tls_is_resumed(m->channel);
	return tls_export_keys(m->channel, context->end) ? EAP_STEP_DONE : lose(context, m);
}

static enum eap_step server_advance(const struct eap_method_context *context,
	struct tls_method *m)
{
	static const uint8_t commitment = 0;
	enum tls_progress progress = tls_advance(m->channel);

	if (progress == TLS_BROKEN || progress == TLS_COMMITTED) {
		lose(context, m);
		if (MUTANT(eap_tls_server_ignores_alert) && !tls_pending(m->channel))
			return EAP_STEP_DISCARD;
		if (MUTANT(eap_tls_server_no_alert))
			return EAP_STEP_FAILED;
		m->phase = PHASE_ALERTED;
		return tls_pending(m->channel) ? EAP_STEP_CONTINUE : EAP_STEP_FAILED;
	}
	m->phase = PHASE_HANDSHAKE;
	if (progress == TLS_WANTS_MORE && !tls_pending(m->channel)) {
		context->end->failure = "the peer's TLS message is not complete";
		return EAP_STEP_FAILED;
	}
	if (progress == TLS_WANTS_MORE)
		return EAP_STEP_CONTINUE;
	m->phase = PHASE_FINISHED;
	/* Before the success indication: after it a failure would not be believed. */
	if (!tls_session_stands(m->channel)) {
		context->end->failure = "the certificate of the resumed session is valid no more";
		return EAP_STEP_FAILED;
	}
	if (!check_identity(context, m)) {
		context->end->failure = "the certificate is of somebody else than the identity";
		return EAP_STEP_FAILED;
	}
	/* RFC 9190 §2.5: one octet of application data, 0x00, when the peer is authenticated. */
	if (tls_is_1_3(m->channel) && !MUTANT(eap_tls_server_no_commitment) &&
		SSL_write(m->channel->ssl, &commitment, 1) != 1)
		return lose(context, m);
	return tls_pending(m->channel) ? EAP_STEP_CONTINUE : server_end(context, m);
}

static enum eap_step server_process(const struct eap_method_context *context, void *state,
	const struct eap_packet *response, struct reject *reject)
{
	struct tls_method *m = state;

	if (!m->channel)
		m->channel = tls_channel_new(context->server->tls);
	switch (tls_receive(m->channel, response->data, reject)) {
	case TLS_DISCARDED:
		return EAP_STEP_DISCARD;
	case TLS_ACK:
		return EAP_STEP_CONTINUE;
	case TLS_FRAGMENT:
		if (MUTANT(eap_tls_no_acknowledgement))
			return EAP_STEP_DISCARD;
		if (m->phase == PHASE_START)
			m->phase = PHASE_HANDSHAKE;
		return EAP_STEP_CONTINUE;
	case TLS_MESSAGE:
		if (m->phase == PHASE_ALERTED)
			return EAP_STEP_FAILED;
		if (m->phase != PHASE_FINISHED)
			return server_advance(context, m);
		/* After the last flight a peer has nothing to say but an alert. */
		tls_advance(m->channel);
		return lose(context, m);
	case TLS_EMPTY:
		if (m->phase == PHASE_FINISHED)
			return server_end(context, m);
		if (m->phase == PHASE_ALERTED)
			return EAP_STEP_FAILED;
		break;
	case TLS_START:
		break;
	}
	reject_set(reject, REJECT_STATE, "Flags", "RFC 5216 §3.1", 5, 0);
	return EAP_STEP_DISCARD;
}

const struct eap_server_method eap_tls_server = {
	.type = EAP_TYPE_TLS,
	.keyed = true,
	.begin = server_begin,
	.request = server_request,
	.process = server_process,
	.finish = finish,
};
