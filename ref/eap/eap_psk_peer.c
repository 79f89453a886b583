// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_method.h"
#include "ref/eap/eap_psk.h"
#include "ref/eap/eap_psk_crypto.h"

struct psk_peer {
	bool proved; /* the second message is sent, the third is awaited */
	uint8_t ak[16], kdk[16];
	uint8_t rand_s[PSK_RAND_SIZE], rand_p[PSK_RAND_SIZE];
	uint8_t id_s[PSK_ID_MAX];
	size_t id_s_size;
};

static bool possible(const struct eap_peer_config *config)
{
	return config->psk != NULL;
}

static void *begin(const struct eap_method_context *context)
{
	struct psk_peer *p = eap_alloc(sizeof(*p));
	eap_psk_key_setup(context->peer->psk, p->ak, p->kdk);
	return p;
}

/* The first message; the second answers it (RFC 4764 §5.1, §5.2). */
static enum eap_step answer_first(const struct eap_method_context *context, struct psk_peer *p,
	const struct eap_packet *request, struct writer *out, struct reject *reject)
{
	const struct eap_peer_config *config = context->peer;
	struct view id_p = view_text(config->identity);
	struct psk_message first;
	uint8_t mac[PSK_MAC_SIZE];

	if (psk_decode(request->data, 0, &first, reject) < 0)
		return EAP_STEP_DISCARD;
	if (config->server_id && !view_equal(first.id, view_text(config->server_id))) {
		reject_set(reject, REJECT_IDENTITY, "ID_S", "RFC 4764 §5.1", 22, first.id.size);
		context->end->failure = "the server has another identity than the expected one";
		return EAP_STEP_FAILED;
	}
	memcpy(p->rand_s, first.rand_s, sizeof(p->rand_s));
	memcpy(p->id_s, first.id.data, first.id.size);
	p->id_s_size = first.id.size;
	random_fill(context->random, p->rand_p, sizeof(p->rand_p));
	psk_mac_p(p->ak, id_p, first.id, p->rand_s, p->rand_p, mac);

	write_u8(out, MUTANT(eap_psk_sets_reserved_bits) ? 0x41 : 0x40);
	write_bytes(out, p->rand_s, sizeof(p->rand_s));
	write_bytes(out, p->rand_p, sizeof(p->rand_p));
	write_bytes(out, mac, sizeof(mac));
	write_view(out, id_p);
	p->proved = true;
	return EAP_STEP_CONTINUE;
}

/* RFC 4764 §3.2: the server has proved that it knows the key when MAC_S and the tag verify.
 * `*failure` is the reason if no better message comes. */
static int check_third(const struct psk_peer *p, const struct eap_packet *request,
	const uint8_t tek[16], struct psk_channel *channel, const char **failure,
	struct reject *reject)
{
	struct psk_message third;
	uint8_t mac[PSK_MAC_SIZE];

	if (psk_decode(request->data, 2, &third, reject) < 0)
		return -1;
	if (memcmp(third.rand_s, p->rand_s, PSK_RAND_SIZE) != 0)
		return reject_set(reject, REJECT_SESSION, "RAND_S", "RFC 4764 §5.3", 6, 0);
	psk_mac_s(p->ak, VIEW(p->id_s, p->id_s_size), p->rand_p, mac);
	if (!ct_equal(VIEW_OF(mac), VIEW(third.mac, PSK_MAC_SIZE)) &&
		!MUTANT(eap_psk_peer_ignores_mac)) {
		*failure = "the server has another pre-shared key";
		return reject_set(reject, REJECT_INTEGRITY, "MAC_S", "RFC 4764 §3.2", 22, 0);
	}
	return psk_channel_open(request, &third, 0, tek, channel, reject);
}

static enum eap_step answer_third(const struct eap_method_context *context, struct psk_peer *p,
	const struct eap_packet *request, struct writer *out, struct reject *reject)
{
	uint8_t tek[16], msk[EAP_MSK_SIZE], emsk[EAP_MSK_SIZE], id[PSK_SESSION_ID_SIZE];
	struct psk_channel channel;
	enum eap_step step = EAP_STEP_DISCARD;

	eap_psk_session_keys(p->kdk, p->rand_p, tek, msk, emsk);
	if (check_third(p, request, tek, &channel, &context->end->failure, reject) < 0)
		goto out;
	bool good = channel.result == PSK_DONE_SUCCESS && !channel.extended;
	channel.nonce = 1;
	channel.result = good ? PSK_DONE_SUCCESS : PSK_DONE_FAILURE;
	psk_channel_seal(EAP_CODE_RESPONSE, request->identifier, 3, p->rand_s, VIEW_EMPTY, tek,
		&channel, out);
	if (!good)
		context->end->failure = channel.extended ?
			"the server wants an extension of EAP-PSK, and none is known" :
			"the server refused on the protected channel";
	step = good ? EAP_STEP_DONE : EAP_STEP_FAILED;
	if (good) {
		psk_session_id(p->rand_p, p->rand_s, id);
		eap_export(context->end, msk, emsk, VIEW_OF(id));
	}
out:
	wipe(tek, sizeof(tek));
	wipe(msk, sizeof(msk));
	wipe(emsk, sizeof(emsk));
	return step;
}

static enum eap_step process(const struct eap_method_context *context, void *state,
	const struct eap_packet *request, struct writer *out, struct reject *reject)
{
	struct psk_peer *p = state;

	return p->proved ? answer_third(context, p, request, out, reject) :
			   answer_first(context, p, request, out, reject);
}

static void finish(void *state)
{
	wipe(state, sizeof(struct psk_peer));
	free(state);
}

const struct eap_peer_method eap_psk_peer = {
	.type = EAP_TYPE_PSK,
	.keyed = true,
	.possible = possible,
	.begin = begin,
	.process = process,
	.finish = finish,
};
