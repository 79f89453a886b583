// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_method.h"
#include "ref/eap/eap_psk.h"
#include "ref/eap/eap_psk_crypto.h"

struct psk_server {
	bool peer_known; /* MAC_P was right: the third message is sent or next */
	uint8_t ak[16], tek[16];
	uint8_t rand_s[PSK_RAND_SIZE], rand_p[PSK_RAND_SIZE];
	uint8_t msk[EAP_MSK_SIZE], emsk[EAP_MSK_SIZE];
	char id_p[EAP_IDENTITY_MAX + 1];
};

static void *begin(const struct eap_method_context *context)
{
	if (!context->server->server_id)
		return NULL;
	struct psk_server *s = eap_alloc(sizeof(*s));
	random_fill(context->random, s->rand_s, sizeof(s->rand_s));
	return s;
}

static void request(const struct eap_method_context *context, void *state, uint8_t identifier,
	struct writer *out)
{
	struct view id_s = view_text(context->server->server_id);
	struct psk_channel channel = { .nonce = 0, .result = PSK_DONE_SUCCESS };
	struct psk_server *s = state;
	uint8_t mac[PSK_MAC_SIZE];

	if (!s->peer_known) {
		write_u8(out, 0);
		write_bytes(out, s->rand_s, sizeof(s->rand_s));
		write_view(out, id_s);
		return;
	}
	psk_mac_s(s->ak, id_s, s->rand_p, mac);
	if (MUTANT(eap_psk_server_wrong_mac))
		mac[0] ^= 1;
	psk_channel_seal(EAP_CODE_REQUEST, identifier, 2, s->rand_s, VIEW_OF(mac), s->tek,
		&channel, out);
}

/* Who ID_P is, and whether this method is for that user. */
static bool find_user(const struct eap_method_context *context, struct psk_server *s,
	struct view id_p, uint8_t kdk[16])
{
	const struct eap_server_config *config = context->server;
	struct eap_user user = { 0 };
	bool known = eap_identity_copy(id_p, s->id_p) &&
		config->lookup(config->lookup_context, s->id_p, &user) && user.has_psk;
	bool allowed = false;

	for (unsigned i = 0; known && i < EAP_METHODS_MAX; i++)
		allowed |= user.methods[i] == EAP_TYPE_PSK;
	if (allowed)
		eap_psk_key_setup(user.psk, s->ak, kdk);
	wipe(&user, sizeof(user));
	return allowed;
}

static enum eap_step take_second(const struct eap_method_context *context, struct psk_server *s,
	const struct eap_packet *response, struct reject *reject)
{
	struct view id_s = view_text(context->server->server_id);
	uint8_t kdk[16], mac[PSK_MAC_SIZE];
	struct psk_message second;

	if (psk_decode(response->data, 1, &second, reject) < 0)
		return EAP_STEP_DISCARD;
	if (memcmp(second.rand_s, s->rand_s, PSK_RAND_SIZE) != 0) {
		reject_set(reject, REJECT_SESSION, "RAND_S", "RFC 4764 §5.2", 6, 0);
		return EAP_STEP_DISCARD;
	}
	if (!find_user(context, s, second.id, kdk)) {
		reject_set(reject, REJECT_IDENTITY, "ID_P", "RFC 4764 §5.2", 54, second.id.size);
		context->end->failure = "nobody has this identity with a pre-shared key";
		return EAP_STEP_FAILED;
	}
	/* RFC 4764 §4.1: silently discarded; RFC 3748 §7.5: logged. */
	psk_mac_p(s->ak, second.id, id_s, s->rand_s, second.rand_p, mac);
	if (!ct_equal(VIEW_OF(mac), VIEW(second.mac, PSK_MAC_SIZE)) &&
		!MUTANT(eap_psk_server_ignores_mac)) {
		wipe(kdk, sizeof(kdk));
		reject_set(reject, REJECT_INTEGRITY, "MAC_P", "RFC 4764 §3.2", 38, 0);
		/* The reason if no better one comes: whoever forges a message must not end it. */
		context->end->failure = "the peer has another pre-shared key";
		return EAP_STEP_DISCARD;
	}
	memcpy(s->rand_p, second.rand_p, sizeof(s->rand_p));
	eap_psk_session_keys(kdk, s->rand_p, s->tek, s->msk, s->emsk);
	wipe(kdk, sizeof(kdk));
	s->peer_known = true;
	return EAP_STEP_CONTINUE;
}

static enum eap_step take_fourth(const struct eap_method_context *context, struct psk_server *s,
	const struct eap_packet *response, struct reject *reject)
{
	struct psk_message fourth;
	struct psk_channel channel;
	uint8_t id[PSK_SESSION_ID_SIZE];

	if (psk_decode(response->data, 3, &fourth, reject) < 0 ||
		psk_channel_open(response, &fourth, 1, s->tek, &channel, reject) < 0)
		return EAP_STEP_DISCARD;
	if (memcmp(fourth.rand_s, s->rand_s, PSK_RAND_SIZE) != 0) {
		reject_set(reject, REJECT_SESSION, "RAND_S", "RFC 4764 §5.4", 6, 0);
		return EAP_STEP_DISCARD;
	}
	/* RFC 4764 §6.2: an extension is begun by the server or not at all. */
	if (channel.extended) {
		reject_set(reject, REJECT_VALUE, "E", "RFC 4764 §6.2", PSK_HEADER_SIZE + 20, 1);
		return EAP_STEP_DISCARD;
	}
	if (channel.result != PSK_DONE_SUCCESS) {
		context->end->failure = "the peer refused on the protected channel";
		return EAP_STEP_FAILED;
	}
	psk_session_id(s->rand_p, s->rand_s, id);
	eap_export(context->end, s->msk, s->emsk, VIEW_OF(id));
	memcpy(context->end->identity, s->id_p, sizeof(s->id_p));
	return EAP_STEP_DONE;
}

static enum eap_step process(const struct eap_method_context *context, void *state,
	const struct eap_packet *response, struct reject *reject)
{
	struct psk_server *s = state;

	return s->peer_known ? take_fourth(context, s, response, reject) :
			       take_second(context, s, response, reject);
}

static void finish(void *state)
{
	wipe(state, sizeof(struct psk_server));
	free(state);
}

const struct eap_server_method eap_psk_server = {
	.type = EAP_TYPE_PSK,
	.keyed = true,
	.begin = begin,
	.request = request,
	.process = process,
	.finish = finish,
};
