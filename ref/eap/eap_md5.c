// SPDX-License-Identifier: Apache-2.0
/*
 * EAP-MD5 (RFC 3748 §5.4): the server sends a challenge, the peer the MD5 of identifier, password
 * and challenge. Only the peer proves anything, and there is no key: for paths of a protocol that
 * have none, never to protect a network.
 *
 * Type-Data is one value with its length before it and a name behind it that nobody needs:
 *
 *     Value-Size (1) | Value (Value-Size) | Name (the rest)
 */
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_method.h"

#define CHALLENGE_SIZE 16
#define MD5_SIZE 16

static int read_value(const struct eap_packet *packet, struct view *value, struct reject *reject)
{
	struct reader r = reader_of(packet->data);
	uint8_t size = read_u8(&r);
	*value = read_view(&r, size);
	if (r.failed || size == 0)
		return reject_set(reject, REJECT_LENGTH, "Value-Size", "RFC 3748 §5.4", 5, size);
	return 0;
}

/* RFC 1994 §4.1, as RFC 3748 §5.4 refers to it. */
static void challenge_response(uint8_t identifier, const char *password, struct view challenge,
	uint8_t out[MD5_SIZE])
{
	struct view parts[] = { VIEW(&identifier, 1), view_text(password), challenge };
	digest_parts(DIGEST_MD5, parts, 3, out);
}

static void write_value(struct writer *out, struct view value, const char *name)
{
	write_u8(out, (uint8_t)value.size);
	write_view(out, value);
	if (name)
		write_view(out, view_text(name));
}

static bool peer_possible(const struct eap_peer_config *config)
{
	return config->password && !config->refuse_keyless;
}

static void *peer_begin(const struct eap_method_context *context)
{
	(void)context;
	return eap_alloc(1);
}

static enum eap_step peer_process(const struct eap_method_context *context, void *state,
	const struct eap_packet *request, struct writer *out, struct reject *reject)
{
	struct view challenge;
	uint8_t response[MD5_SIZE];

	(void)state;
	if (read_value(request, &challenge, reject) < 0)
		return EAP_STEP_DISCARD;
	challenge_response(request->identifier, context->peer->password, challenge, response);
	write_value(out, VIEW_OF(response), context->peer->identity);
	return EAP_STEP_ACCEPTED;
}

const struct eap_peer_method eap_md5_peer = {
	.type = EAP_TYPE_MD5,
	.possible = peer_possible,
	.begin = peer_begin,
	.process = peer_process,
	.finish = free,
};

struct md5_server {
	uint8_t challenge[CHALLENGE_SIZE];
	char password[EAP_PASSWORD_MAX + 1];
};

static void *server_begin(const struct eap_method_context *context)
{
	const struct eap_server_config *config = context->server;
	struct eap_user user = { 0 };
	struct md5_server *s = NULL;

	if (config->server_id &&
		config->lookup(config->lookup_context, context->end->identity, &user) &&
		*user.password) {
		s = eap_alloc(sizeof(*s));
		random_fill(context->random, s->challenge, sizeof(s->challenge));
		memcpy(s->password, user.password, sizeof(s->password));
	}
	wipe(&user, sizeof(user));
	return s;
}

static void server_request(const struct eap_method_context *context, void *state,
	uint8_t identifier, struct writer *out)
{
	struct md5_server *s = state;

	(void)identifier;
	write_value(out, VIEW_OF(s->challenge), context->server->server_id);
}

static enum eap_step server_process(const struct eap_method_context *context, void *state,
	const struct eap_packet *response, struct reject *reject)
{
	struct md5_server *s = state;
	uint8_t expected[MD5_SIZE];
	struct view value;

	if (read_value(response, &value, reject) < 0)
		return EAP_STEP_DISCARD;
	challenge_response(response->identifier, s->password, VIEW_OF(s->challenge), expected);
	if (ct_equal(value, VIEW_OF(expected)) || MUTANT(eap_server_takes_any_md5))
		return EAP_STEP_DONE;
	reject_set(reject, REJECT_INTEGRITY, "Value", "RFC 3748 §5.4", 6, 0);
	context->end->failure = "the password is wrong";
	return EAP_STEP_FAILED;
}

static void server_finish(void *state)
{
	wipe(state, sizeof(struct md5_server));
	free(state);
}

const struct eap_server_method eap_md5_server = {
	.type = EAP_TYPE_MD5,
	.begin = server_begin,
	.request = server_request,
	.process = server_process,
	.finish = server_finish,
};
