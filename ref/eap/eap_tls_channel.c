// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/base/reader.h"
#include "ref/eap/eap_tls_sessions.h"

static const char section[] = "RFC 5216 §2.1.5";

size_t tls_pending(const struct tls_channel *channel)
{
	return BIO_ctrl_pending(channel->tx);
}

/* The length announced must be bearable, the same in every fragment, and what comes. */
static int check_length(const struct tls_channel *c, uint8_t flags, size_t total, size_t size,
	struct reject *reject)
{
	const char *field = "TLS Message Length";

	if ((flags & EAP_TLS_FLAG_M) && size == 0)
		return reject_set(reject, REJECT_LENGTH, "TLS Data", section, 6, 0);
	if ((flags & EAP_TLS_FLAG_M) && !c->receiving && !(flags & EAP_TLS_FLAG_L))
		return reject_set(reject, REJECT_MISSING, field, section, 6, 0);
	if (!(flags & EAP_TLS_FLAG_L))
		total = c->receiving ? c->total : size;
	if (total > EAP_TLS_MESSAGE_MAX || (c->receiving && total != c->total))
		return reject_set(reject, REJECT_LENGTH, field, section, 6, total);
	size_t have = (c->receiving ? c->have : 0) + size;
	bool last = !(flags & EAP_TLS_FLAG_M);
	if (have > total || (last && have != total) || (!last && have == total))
		return reject_set(reject, REJECT_LENGTH, field, section, 6, total);
	return 0;
}

int tls_frame_decode(struct view type_data, struct tls_frame *frame, struct reject *reject)
{
	struct reader r = reader_of(type_data);

	frame->flags = read_u8(&r);
	frame->length = frame->flags & EAP_TLS_FLAG_L ? read_u32(&r) : 0;
	frame->data = read_rest(&r);
	if (r.failed)
		return reject_set(reject, REJECT_TRUNCATED, "Flags", "RFC 5216 §3.1", 5,
			type_data.size);
	return 0;
}

enum tls_received tls_receive(struct tls_channel *c, struct view data, struct reject *reject)
{
	struct tls_frame frame;

	if (tls_frame_decode(data, &frame, reject) < 0)
		return TLS_DISCARDED;
	uint8_t flags = frame.flags;
	size_t total = frame.length;

	if ((MUTANT(eap_tls_refuses_reserved_bits) && flags & 0x1f) ||
		(MUTANT(eap_tls_wants_length) && frame.data.size && !(flags & EAP_TLS_FLAG_L))) {
		reject_set(reject, REJECT_FLAGS, "Flags", "RFC 5216 §3.1", 5, flags);
		return TLS_DISCARDED;
	}
	struct view rest = frame.data;
	/* RFC 5216 §3.2: in a response this bit is a reserved one, "MUST ignore them". */
	if (c->context->server)
		flags &= (uint8_t)~EAP_TLS_FLAG_S;
	if (c->sending) {
		if (rest.size == 0 && !(flags & (EAP_TLS_FLAG_M | EAP_TLS_FLAG_S)))
			return TLS_ACK;
		reject_set(reject, REJECT_STATE, "TLS Data", section, 6, rest.size);
		return TLS_DISCARDED;
	}
	if (flags & EAP_TLS_FLAG_S)
		return TLS_START;
	if (check_length(c, flags, total, rest.size, reject) < 0)
		return TLS_DISCARDED;
	if (rest.size == 0 && !c->receiving)
		return TLS_EMPTY;
	if (!c->receiving) {
		c->total = flags & EAP_TLS_FLAG_L ? total : rest.size;
		c->have = 0;
	}
	if (rest.size && BIO_write(c->rx, rest.data, (int)rest.size) != (int)rest.size)
		abort();
	c->have += rest.size;
	c->receiving = flags & EAP_TLS_FLAG_M;
	return c->receiving ? TLS_FRAGMENT : TLS_MESSAGE;
}

void tls_send(struct tls_channel *c, size_t room, struct writer *out)
{
	size_t pending = tls_pending(c);
	bool first = !c->sending, cut = pending + 1 > room;
	size_t head = first && cut && !MUTANT(eap_tls_no_length) ? 5 : 1;
	size_t take = pending < room - head ? pending : room - head;
	bool more = take < pending;
	uint8_t flags = (uint8_t)((head == 5 ? EAP_TLS_FLAG_L : 0) | (more ? EAP_TLS_FLAG_M : 0));

	if (MUTANT(eap_tls_no_more_bit))
		flags &= (uint8_t)~EAP_TLS_FLAG_M;
	if (MUTANT(eap_tls_sets_reserved_bits))
		flags |= 0x01;
	write_u8(out, flags);
	if (head == 5)
		write_u32(out, (uint32_t)pending);
	uint8_t *to = write_room(out, take);
	if (to && take)
		BIO_read(c->tx, to, (int)take);
	c->sending = more;
}

/* Application data after the handshake: nothing but the one octet 0x00 is ever sent. Reading also
 * lets OpenSSL take session tickets. */
static enum tls_progress read_commitment(struct tls_channel *c)
{
	enum tls_progress progress = TLS_FINISHED;
	uint8_t octet;
	int n;

	while ((n = SSL_read(c->ssl, &octet, 1)) == 1) {
		if (octet != 0 || progress == TLS_COMMITTED)
			return TLS_BROKEN;
		progress = TLS_COMMITTED;
	}
	return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? progress : TLS_BROKEN;
}

enum tls_progress tls_advance(struct tls_channel *c)
{
	ERR_clear_error();
	if (!SSL_is_init_finished(c->ssl)) {
		int n = SSL_do_handshake(c->ssl);
		if (n != 1)
			return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? TLS_WANTS_MORE :
										  TLS_BROKEN;
	}
	return read_commitment(c);
}

struct tls_channel *tls_channel_new(struct eap_tls_context *context)
{
	struct tls_channel *c = eap_alloc(sizeof(*c));

	c->ssl = SSL_new(context->ssl);
	c->rx = BIO_new(BIO_s_mem());
	c->tx = BIO_new(BIO_s_mem());
	if (!c->ssl || !c->rx || !c->tx)
		abort();
	BIO_set_mem_eof_return(c->rx, -1);
	SSL_set_bio(c->ssl, c->rx, c->tx);
	SSL_set_app_data(c->ssl, c);
	c->context = eap_tls_context_hold(context);
	if (context->server)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	c->offered = context->server ? NULL : tls_session_take(context);
	if (c->offered)
		SSL_set_session(c->ssl, c->offered);
	return c;
}

void tls_channel_free(struct tls_channel *c)
{
	/* Without this OpenSSL would strike the session out of its cache as not closed in order;
	 * EAP-TLS never sends close_notify. */
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	SSL_SESSION_free(c->session);
	SSL_SESSION_free(c->offered);
	eap_tls_context_free(c->context);
	free(c);
}

bool tls_is_1_3(const struct tls_channel *c)
{
	return SSL_version(c->ssl) == TLS1_3_VERSION;
}

static bool export_keying(SSL *ssl, const char *label, bool with_type, uint8_t *out, size_t size)
{
	const uint8_t type = EAP_TYPE_TLS;

	return SSL_export_keying_material(ssl, out, size, label, strlen(label),
		       with_type ? &type : NULL, with_type ? 1 : 0, with_type) == 1;
}

bool tls_export_keys(struct tls_channel *c, struct eap_end *end)
{
	uint8_t keys[2 * EAP_MSK_SIZE], id[EAP_SESSION_ID_MAX] = { EAP_TYPE_TLS };
	bool modern = tls_is_1_3(c), ok;
	const char *label = modern ? "EXPORTER_EAP_TLS_Key_Material" : "client EAP encryption";

	if (MUTANT(eap_tls_wrong_label))
		label = "server EAP encryption";
	ok = export_keying(c->ssl, label, modern, keys, sizeof(keys));
	if (modern) { /* RFC 9190 §2.3 */
		ok = ok && export_keying(c->ssl, "EXPORTER_EAP_TLS_Method-Id", true, id + 1, 64);
	} else { /* RFC 5216 §2.3 */
		ok = ok && SSL_get_client_random(c->ssl, id + 1, 32) == 32;
		ok = ok && SSL_get_server_random(c->ssl, id + 33, 32) == 32;
	}
	if (ok)
		eap_export(end, keys, keys + EAP_MSK_SIZE, VIEW_OF(id));
	wipe(keys, sizeof(keys));
	return ok;
}

const char *tls_failure(const struct tls_channel *c)
{
	long verified = SSL_get_verify_result(c->ssl);
	unsigned long error = ERR_peek_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return reason ? reason : "TLS failed";
}

bool tls_is_resumed(const struct tls_channel *c)
{
	return SSL_session_reused(c->ssl);
}

void tls_keep_session(struct tls_channel *c)
{
	bool again = !tls_is_1_3(c) && tls_is_resumed(c);
	SSL_SESSION **kept = c->session || !again ? &c->session : &c->offered;

	if (!*kept || !SSL_SESSION_is_resumable(*kept))
		return;
	tls_session_put(c->context, *kept);
	*kept = NULL;
}
