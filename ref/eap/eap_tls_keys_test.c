// SPDX-License-Identifier: Apache-2.0
/*
 * The keys of EAP-TLS worked out by hand, from the secrets that TLS logs: the PRF of TLS 1.2
 * (RFC 5216 §2.3, RFC 5246 §5) and the exporter of TLS 1.3 (RFC 9190 §2.3, RFC 8446 §7.5).
 */
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/base/test_folder.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_pair.h"

static char dir[TEST_PATH] = "eap-tls-keys";

struct secrets {
	uint8_t master[48], exporter[48];
	bool has_master, has_exporter;
};

static void read_hex(const char *from, uint8_t *to, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned octet;
		assert_int_equal(sscanf(from + 2 * i, "%2x", &octet), 1);
		to[i] = (uint8_t)octet;
	}
}

static void take_line(void *context, const char *line)
{
	struct secrets *s = context;
	const char *secret = strrchr(line, ' ') + 1;

	if (!strncmp(line, "CLIENT_RANDOM ", 14)) {
		read_hex(secret, s->master, sizeof(s->master));
		s->has_master = true;
	} else if (!strncmp(line, "EXPORTER_SECRET ", 16)) {
		read_hex(secret, s->exporter, sizeof(s->exporter));
		s->has_exporter = true;
	}
}

static struct eap_tls_context *context_of(bool server, enum eap_tls_version version,
	struct secrets *secrets)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	char ca[64], pem[64], key[64], error[EAP_TLS_ERROR_MAX];

	snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	snprintf(pem, sizeof(pem), "%s/%s.pem", dir, server ? "server" : "client");
	snprintf(key, sizeof(key), "%s/%s.key", dir, server ? "server" : "client");
	config.ca_file = ca;
	config.certificate_file = pem;
	config.key_file = key;
	config.min_version = config.max_version = version;
	config.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"; /* of TLS 1.2; PRF with SHA-256 */
	config.key_log = server ? NULL : take_line;
	config.key_log_context = secrets;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	assert_non_null(context);
	return context;
}

static bool anybody(void *context, const char *identity, struct eap_user *user)
{
	(void)context;
	(void)identity;
	user->methods[0] = EAP_TYPE_TLS;
	return true;
}

static void converse(struct pair *p, enum eap_tls_version version, struct secrets *secrets)
{
	struct eap_tls_context *client = context_of(false, version, secrets);
	struct eap_tls_context *server = context_of(true, version, NULL);
	struct eap_peer_config peer_config = { .identity = "mn@example", .tls = client,
		.random = &p->random };
	struct eap_server_config server_config = { .lookup = anybody, .tls = server,
		.random = &p->random };

	p->random = random_seeded(1);
	p->peer = eap_peer_new(&peer_config);
	p->server = eap_server_new(&server_config);
	eap_tls_context_free(client); /* the ends hold them now */
	eap_tls_context_free(server);
	pair_run(p);
	assert_same_keys(p);
}

/* P_SHA256 of RFC 5246 §5. */
static void p_sha256(struct view secret, struct view seed, uint8_t *out, size_t size)
{
	uint8_t a[32];

	hmac_parts(DIGEST_SHA256, secret, &seed, 1, a);
	for (size_t have = 0; have < size; have += 32) {
		struct view parts[] = { VIEW_OF(a), seed }, next = VIEW_OF(a);
		uint8_t next_a[32];
		hmac_parts(DIGEST_SHA256, secret, parts, 2, out + have);
		hmac_parts(DIGEST_SHA256, secret, &next, 1, next_a);
		memcpy(a, next_a, sizeof(a));
	}
}

static void test_tls_1_2(void **state)
{
	static struct pair p;
	struct secrets secrets = { 0 };
	uint8_t seed[21 + 64], keys[128];

	(void)state;
	converse(&p, EAP_TLS_1_2, &secrets);
	assert_true(secrets.has_master);
	/* Session-Id: the type, client.random, server.random (RFC 5216 §2.3) */
	assert_int_equal(p.peer->session_id[0], EAP_TYPE_TLS);
	memcpy(seed, "client EAP encryption", 21);
	memcpy(seed + 21, p.peer->session_id + 1, 64);
	p_sha256(VIEW_OF(secrets.master), VIEW_OF(seed), keys, sizeof(keys));
	assert_memory_equal(p.peer->msk, keys, 64);
	assert_memory_equal(p.peer->emsk, keys + 64, 64);
	pair_free(&p);
}

/* HKDF-Expand-Label of RFC 8446 §7.1 with SHA-384. */
static void expand_label(struct view secret, const char *label, struct view context, uint8_t *out,
	size_t size)
{
	uint8_t info[256], t[48];
	struct writer w = writer_of(info, sizeof(info));
	size_t label_size = strlen(label);

	write_u16(&w, (uint16_t)size);
	write_u8(&w, (uint8_t)(6 + label_size));
	write_view(&w, view_text("tls13 "));
	write_view(&w, view_text(label));
	write_u8(&w, (uint8_t)context.size);
	write_view(&w, context);
	for (uint8_t n = 1, done = 0; done < size; n++) {
		struct view parts[] = { VIEW(t, n > 1 ? sizeof(t) : 0), writer_view(&w),
			VIEW(&n, 1) };
		uint8_t block[48];
		hmac_parts(DIGEST_SHA384, secret, parts, 3, block);
		memcpy(t, block, sizeof(t));
		size_t take = size - done < sizeof(t) ? size - done : sizeof(t);
		memcpy(out + done, t, take);
		done = (uint8_t)(done + take);
	}
}

static void exporter(struct view secret, const char *label, struct view context, uint8_t *out,
	size_t size)
{
	uint8_t nothing[48], hash[48], derived[48];
	struct view none = VIEW_EMPTY;

	digest_parts(DIGEST_SHA384, &none, 0, nothing);
	digest_parts(DIGEST_SHA384, &context, 1, hash);
	expand_label(secret, label, VIEW_OF(nothing), derived, sizeof(derived));
	expand_label(VIEW_OF(derived), "exporter", VIEW_OF(hash), out, size);
}

static void test_tls_1_3(void **state)
{
	static struct pair p;
	const uint8_t type[] = { EAP_TYPE_TLS };
	struct secrets secrets = { 0 };
	uint8_t keys[128], id[64];

	(void)state;
	converse(&p, EAP_TLS_1_3, &secrets);
	assert_true(secrets.has_exporter);
	exporter(VIEW_OF(secrets.exporter), "EXPORTER_EAP_TLS_Key_Material", VIEW_OF(type), keys,
		sizeof(keys));
	assert_memory_equal(p.peer->msk, keys, 64);
	assert_memory_equal(p.peer->emsk, keys + 64, 64);
	exporter(VIEW_OF(secrets.exporter), "EXPORTER_EAP_TLS_Method-Id", VIEW_OF(type), id,
		sizeof(id));
	assert_int_equal(p.peer->session_id[0], EAP_TYPE_TLS);
	assert_memory_equal(p.peer->session_id + 1, id, sizeof(id));
	pair_free(&p);
}

static int make_folder(void **state)
{
	char error[256];
	(void)state;
	return test_folder(dir) ? eap_make_credentials(dir, NULL, error, sizeof(error)) : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return eap_remove_credentials(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_1_2),
		cmocka_unit_test(test_tls_1_3),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
