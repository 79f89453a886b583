// SPDX-License-Identifier: Apache-2.0
/*
 * Rates of the codec, of message protection, and of whole authentications: client and agent in one
 * thread with nothing between them but their lists of actions. Session cost is the heap after
 * 10,000 authentications less the heap before, divided by their number; the clients are gone.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "ref/pana/pana_keys.h"
#include "ref/pana/pana_world.h"

#define SESSIONS 10000

struct method {
	const char *name;
	enum eap_type type; /* NONE: the made-up method */
	enum eap_tls_version version;
	unsigned count;
};

struct bench {
	struct world world;
	struct random random;
	const struct method *method;
	struct eap_peer_config peer;
	struct eap_server_config server;
};

static const uint8_t psk[EAP_PSK_SIZE] = "0123456789abcdef";

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "pana_bench: %s\n", what);
	exit(1);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(const char *name, const char *what, double value, const char *unit)
{
	printf("{\"name\": \"PANA %s%s%s\", \"value\": %.0f, \"unit\": \"%s\"}\n", name,
		*what ? ", " : "", what, value, unit);
}

/* --- the codec -------------------------------------------------------------------------------- */

#define PACKETS 1000000

/* The last PAR: five AVPs, protected. */
static size_t last_par(struct pana_sa *sa, uint8_t *buffer, size_t size)
{
	static const uint8_t msk[64], par[64] = { 1 }, pan[40] = { 2 }, nonce[20] = { 3 };
	struct pana_key_input in = { .prf = PANA_PRF_HMAC_SHA2_256,
		.integrity = PANA_AUTH_HMAC_SHA2_256_128,
		.msk = VIEW_OF(msk),
		.i_par = VIEW_OF(par),
		.i_pan = VIEW_OF(pan),
		.pac_nonce = VIEW_OF(nonce),
		.paa_nonce = VIEW_OF(nonce),
		.key_id = 1,
		.session_id = 7 };
	struct packet p = packet_of(&pana_protocol);
	struct writer w = writer_of(buffer, size);
	static const uint8_t number[4], success[4] = { 3, 1, 0, 4 };

	pana_sa_derive(&in, sa);
	p.header[PANA_TYPE] = PANA_AUTH;
	p.header[PANA_FLAGS] = PANA_R | PANA_C;
	packet_add(&p, 0, PANA_AVP_RESULT_CODE, VIEW_OF(number));
	packet_add(&p, 0, PANA_AVP_EAP_PAYLOAD, VIEW_OF(success));
	packet_add(&p, 0, PANA_AVP_SESSION_LIFETIME, VIEW_OF(number));
	packet_add(&p, 0, PANA_AVP_KEY_ID, VIEW_OF(number));
	return pana_seal(sa, &p, &w).size;
}

static void codec(void)
{
	uint8_t octets[256], again[256];
	struct pana_sa sa;
	struct packet p;
	size_t size = last_par(&sa, octets, sizeof(octets));

	double began = seconds();
	for (unsigned i = 0; i < PACKETS; i++)
		must(pana_decode(VIEW(octets, size), &p, NULL) == 0, "decode");
	print("decode", "last PAR of 5 AVPs", PACKETS / (seconds() - began), "packets/s");
	began = seconds();
	for (unsigned i = 0; i < PACKETS; i++) {
		struct writer w = writer_of(again, sizeof(again));
		wire_encode(&p, &w);
		must(!w.failed, "encode");
	}
	print("encode", "last PAR of 5 AVPs", PACKETS / (seconds() - began), "packets/s");
	began = seconds();
	for (unsigned i = 0; i < PACKETS / 10; i++)
		must(pana_verify(&sa, VIEW(octets, size), &p, NULL) == 0, "verify");
	print("verify", "HMAC-SHA2-256-128", PACKETS / 10 / (seconds() - began), "packets/s");
}

/* --- authentications -------------------------------------------------------------------------- */

static bool lookup(void *context, const char *identity, struct eap_user *user)
{
	const struct bench *b = context;

	(void)identity;
	user->methods[0] = b->method->type;
	strcpy(user->password, "secret");
	user->has_psk = true;
	memcpy(user->psk, psk, sizeof(psk));
	return true;
}

static struct eap_end *new_peer(void *context, struct pac *pac)
{
	struct bench *b = context;
	(void)pac;
	if (b->method->type == EAP_TYPE_NONE)
		return fake_eap_new(false, &b->world.pac_eap);
	return eap_peer_new(&b->peer);
}

static struct eap_end *new_server(void *context, struct paa_session *session)
{
	struct bench *b = context;
	(void)session;
	if (b->method->type == EAP_TYPE_NONE)
		return fake_eap_new(true, &b->world.paa_eap);
	return eap_server_new(&b->server);
}

static struct eap_tls_context *tls_of(const struct method *method, const char *dir, bool server)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	char ca[64], pem[64], file[64], error[EAP_TLS_ERROR_MAX];

	snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	snprintf(pem, sizeof(pem), "%s/%s.pem", dir, server ? "server" : "client");
	snprintf(file, sizeof(file), "%s/%s.key", dir, server ? "server" : "client");
	config.ca_file = ca;
	config.certificate_file = pem;
	config.key_file = file;
	config.min_version = config.max_version = method->version;
	config.resumption = false;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	must(context, error);
	return context;
}

static void one_client(struct bench *b, unsigned n)
{
	struct world *w = &b->world;
	struct pac_config config = w->pac_config;

	config.local.address[1] = (uint8_t)(n >> 16);
	config.local.address[2] = (uint8_t)(n >> 8);
	config.local.address[3] = (uint8_t)n;
	w->pac = pac_new(&config);
	world_event(w, PAC_AUTHENTICATE);
	world_settle(w);
	must(pac_open(w->pac), "a client did not get in");
	pac_free(w->pac);
	w->pac = NULL;
	w->report_count = 0;
}

static void prepare(struct bench *b, const char *dir)
{
	struct world *w = &b->world;

	world_init(w, 1);
	b->random = random_system();
	w->pac_config.common.random = w->paa_config.common.random = &b->random;
	w->pac_config.context = w->paa_config.context = b;
	w->pac_config.eap_new = new_peer;
	w->paa_config.eap_new = new_server;
	w->paa_config.authorise = NULL;
	w->paa_config.pci_rate = 0;
	b->peer = (struct eap_peer_config){ .identity = "mn@example", .password = "secret",
		.psk = psk, .methods = { b->method->type }, .random = &b->random, .mtu = 1400 };
	b->server = (struct eap_server_config){ .lookup = lookup, .lookup_context = b,
		.server_id = "server", .random = &b->random, .mtu = 1400 };
	if (b->method->type == EAP_TYPE_TLS) {
		b->peer.tls = tls_of(b->method, dir, false);
		b->server.tls = tls_of(b->method, dir, true);
	}
	w->paa = paa_new(&w->paa_config);
}

static void authentications(const struct method *method, const char *dir)
{
	struct bench *b = calloc(1, sizeof(*b));

	must(b, "out of memory");
	b->method = method;
	prepare(b, dir);
	size_t before = mallinfo2().uordblks;
	double began = seconds();
	for (unsigned i = 0; i < method->count; i++)
		one_client(b, i);
	double took = seconds() - began;
	size_t used = mallinfo2().uordblks - before;
	must(paa_count(b->world.paa) == method->count, "sessions are missing");
	print("authentication", method->name, method->count / took, "authentications/s");
	if (method->count == SESSIONS)
		print("session", method->name, (double)used / SESSIONS, "octets");
	paa_free(b->world.paa);
	eap_tls_context_free(b->peer.tls);
	eap_tls_context_free(b->server.tls);
	free(b);
}

int main(void)
{
	static const struct method methods[] = {
		{ "no EAP to speak of", EAP_TYPE_NONE, 0, SESSIONS },
		{ "EAP-MD5", EAP_TYPE_MD5, 0, SESSIONS },
		{ "EAP-PSK", EAP_TYPE_PSK, 0, SESSIONS },
		{ "EAP-TLS 1.2", EAP_TYPE_TLS, EAP_TLS_1_2, 300 },
		{ "EAP-TLS 1.3", EAP_TYPE_TLS, EAP_TLS_1_3, 300 },
	};
	char dir[] = "/tmp/pana-bench-XXXXXX", error[256] = "no folder";

	codec();
	must(mkdtemp(dir) && eap_make_credentials(dir, NULL, error, sizeof(error)) == 0, error);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		authentications(&methods[i], dir);
	eap_remove_credentials(dir);
	return 0;
}
