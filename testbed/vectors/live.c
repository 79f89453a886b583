// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/random.h"
#include "ref/base/writer.h"
#include "ref/pana/pana_wire.h"
#include "testbed/vectors/live.h"

__attribute__((format(printf, 3, 4))) static int because(
	char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return -1;
}

static struct view whole(const struct talk *t)
{
	return VIEW(t->received, t->size);
}

/* Sends a message of the session, with AUTH when there are keys. */
static int send_sealed(struct live *live, struct packet *p, uint32_t sequence)
{
	uint8_t buffer[4096];
	struct writer w = writer_of(buffer, sizeof(buffer));

	if (live->preauth)
		p->header[PANA_FLAGS] |= PANA_E;
	p->header[PANA_SESSION] = live->session;
	p->header[PANA_SEQUENCE] = sequence;
	return talk_send(live->talk, pana_seal(&live->sa, p, &w));
}

/* The initial exchange, kept octet for octet: it goes into the keys. */
static int begin(struct live *live, char *why, size_t size)
{
	struct talk *t = live->talk;
	struct writer w = writer_of(live->i_pan, sizeof(live->i_pan));

	if (!talk_start(t, live->preauth))
		return because(
			why, size, "no initial request to a PCI%s", live->preauth ? " with E" : "");
	if (t->size > sizeof(live->i_par))
		return because(why, size, "the initial request is longer than %zu octets",
			sizeof(live->i_par));
	memcpy(live->i_par, t->received, t->size);
	live->i_par_size = t->size;
	live->session = (uint32_t)t->packet.header[PANA_SESSION];
	live->paa_next = (uint32_t)t->packet.header[PANA_SEQUENCE] + 1;
	talk_initial_answer(t, &w);
	live->i_pan_size = w.used;
	return talk_send(t, writer_view(&w)) == 0 ? 0 : because(why, size, "%s", tap_error(t->tap));
}

/* Keys from the MSK, once the Key-Id is there (RFC 5191 §5.3). */
static void derive(struct live *live, const struct eap_end *eap, uint32_t key_id)
{
	const struct pana_key_input in = {
		.prf = PANA_PRF_HMAC_SHA1,
		.integrity = PANA_AUTH_HMAC_SHA1_160,
		.msk = VIEW_OF(eap->msk),
		.i_par = VIEW(live->i_par, live->i_par_size),
		.i_pan = VIEW(live->i_pan, live->i_pan_size),
		.pac_nonce = VIEW_OF(live->pac_nonce),
		.paa_nonce = VIEW(live->paa_nonce, live->paa_nonce_size),
		.key_id = key_id,
		.session_id = live->session,
	};

	pana_sa_derive(&in, &live->sa);
}

/* One request of the EAP conversation, answered: with the nonce when it brought one, with EAP. */
static int answer_request(struct live *live, struct eap_end *eap, char *why, size_t size)
{
	const struct packet *par = &live->talk->packet;
	const struct element_value *nonce = packet_find(par, 0, PANA_AVP_NONCE);
	struct packet pan = packet_named(&pana_protocol, "PAN");
	struct reject reject = {0};

	if (nonce) {
		live->paa_nonce_size = nonce->value.size;
		memcpy(live->paa_nonce, nonce->value.data, nonce->value.size);
		packet_add(&pan, 0, PANA_AVP_NONCE, VIEW_OF(live->pac_nonce));
	}
	struct view request = pana_eap(par);
	if (request.size) {
		enum eap_status status = eap->ops->input(eap, request, &reject);
		if (status == EAP_FAILURE)
			return because(why, size, "EAP failed: %s",
				eap->failure ? eap->failure : "no reason given");
		if (status == EAP_OUTPUT)
			packet_add(&pan, 0, PANA_AVP_EAP_PAYLOAD, eap->output);
	}
	return send_sealed(live, &pan, (uint32_t)par->header[PANA_SEQUENCE]) == 0
		       ? 0
		       : because(why, size, "%s", tap_error(live->talk->tap));
}

/* The last exchange: result, keys, AUTH. */
static int finish(struct live *live, struct eap_end *eap, char *why, size_t size)
{
	const struct packet *par = &live->talk->packet;
	const struct element_value *key = packet_find(par, 0, PANA_AVP_KEY_ID);
	uint64_t result = packet_uint(par, 0, PANA_AVP_RESULT_CODE, UINT64_MAX);
	struct packet pan = packet_named(&pana_protocol, "PAN");
	struct reject reject = {0};

	if (result != PANA_SUCCESS)
		return because(
			why, size, "the PAA refused, Result-Code %llu", (unsigned long long)result);
	if (pana_eap(par).size)
		eap->ops->input(eap, pana_eap(par), &reject);
	pan.header[PANA_FLAGS] |= PANA_C;
	if (key && eap->has_key) {
		derive(live, eap, (uint32_t)packet_uint(par, 0, PANA_AVP_KEY_ID, 0));
		if (pana_verify(&live->sa, whole(live->talk), par, &reject) < 0)
			return because(why, size, "AUTH of the last request does not verify");
		packet_add(&pan, 0, PANA_AVP_KEY_ID, key->value);
	}
	return send_sealed(live, &pan, (uint32_t)par->header[PANA_SEQUENCE]) == 0
		       ? 0
		       : because(why, size, "%s", tap_error(live->talk->tap));
}

static int authenticate(struct live *live, struct eap_end *eap, char *why, size_t size)
{
	struct talk *t = live->talk;

	while (talk_hear(t)) {
		if (strncmp(t->name, "PAR", 3) != 0)
			return because(why, size, "%s in the middle of authentication", t->name);
		if (t->packet.header[PANA_SEQUENCE] != live->paa_next)
			return because(why, size, "a request with another sequence number");
		live->paa_next++;
		if (pana_flags(&t->packet) & PANA_C)
			return finish(live, eap, why, size);
		if (answer_request(live, eap, why, size) < 0)
			return -1;
	}
	return because(why, size, "no further request in the middle of authentication");
}

int live_open(struct live *live, struct talk *talk, const struct live_user *user, bool preauth,
	char *why, size_t size)
{
	struct random random = random_system();
	struct eap_peer_config config = {
		.identity = user->identity,
		.methods = {EAP_TYPE_PSK},
		.psk = user->psk,
		.random = &random,
	};
	struct eap_end *eap = eap_peer_new(&config);

	*live = (struct live){.talk = talk, .preauth = preauth, .pac_next = random_u32(&random)};
	random_fill(&random, live->pac_nonce, sizeof(live->pac_nonce));
	if (!eap)
		return because(why, size, "the identity cannot be used");
	eap->ops->start(eap);
	int failed = begin(live, why, size);
	if (!failed)
		failed = authenticate(live, eap, why, size);
	eap_destroy(eap);
	if (failed)
		return failed;
	return live_ping(live) ? 0 : because(why, size, "no answer to the first ping");
}

static int notify(struct live *live, unsigned bit)
{
	struct packet pnr = packet_named(&pana_protocol, "PNR");

	pnr.header[PANA_FLAGS] = PANA_R | bit;
	return send_sealed(live, &pnr, live->pac_next);
}

/* The answer to our outstanding request; other messages that come before it are passed over. */
static bool answered(struct live *live, const char *name)
{
	struct talk *t = live->talk;
	btime deadline = tap_now() + t->answer;

	while (talk_listen(t, deadline))
		if (strncmp(t->name, name, strlen(name)) == 0 &&
			t->packet.header[PANA_SEQUENCE] == live->pac_next) {
			live->pac_next++;
			return true;
		}
	return false;
}

bool live_ping(struct live *live)
{
	return notify(live, PANA_P) == 0 && answered(live, "PNA[P");
}

int live_reauthenticate(struct live *live, char *why, size_t size)
{
	if (notify(live, PANA_A) < 0 || !answered(live, "PNA[A"))
		return because(why, size, "no answer to a re-authentication request");
	if (!talk_hear(live->talk) || strncmp(live->talk->name, "PAR", 3) != 0)
		return because(why, size, "no request after the re-authentication answer");
	live->paa_next = (uint32_t)live->talk->packet.header[PANA_SEQUENCE];
	return 0;
}

void live_close(struct live *live)
{
	static const uint8_t logout[4] = {0, 0, 0, PANA_LOGOUT};
	struct packet ptr = packet_named(&pana_protocol, "PTR");

	packet_add(&ptr, 0, PANA_AVP_TERMINATION_CAUSE, VIEW_OF(logout));
	if (send_sealed(live, &ptr, live->pac_next) == 0)
		talk_listen(live->talk, tap_now() + 20 * BTIME_MS);
	wipe(&live->sa, sizeof(live->sa));
}
