// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/base/test_folder.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_pair.h"

static char modern_dir[TEST_PATH] = "eap-tls-test";
static char legacy_dir[TEST_PATH] = "eap-tls-test";

/* What one conversation is made of; empty: the ordinary thing. */
struct setting {
	const char *dir, *server_files, *client_files;
	enum eap_tls_version min, max;
	int level;
	const char *identity, *peer_name;
	bool match_identity, no_client_certificate, with_crl, no_resumption;
	size_t mtu;
	const uint8_t *fates;
	unsigned fate_count;
};

/* A context for each end, and the users. */
struct stage {
	struct eap_tls_context *server, *client;
	struct eap_users *users;
	struct pair pair;
};

static char *path(char out[256], const char *dir, const char *name, const char *suffix)
{
	snprintf(out, 256, "%s/%s%s", dir, name, suffix);
	return out;
}

static struct eap_tls_context *context_of(const struct setting *s, bool server)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	const char *dir = s->dir ? s->dir : modern_dir;
	const char *name = server ? "server" : "client";
	char ca[256], certificate[256], key[256], crl[256], error[EAP_TLS_ERROR_MAX];

	if (server && s->server_files)
		name = s->server_files;
	if (!server && s->client_files)
		name = s->client_files;
	config.ca_file = path(ca, dir, "ca", ".pem");
	config.certificate_file = path(certificate, dir, name, ".pem");
	config.key_file = path(key, dir, name, ".key");
	if (s->min) {
		config.min_version = s->min;
		config.max_version = s->max;
		config.security_level = s->level;
	}
	if (server && s->with_crl)
		config.crl_file = path(crl, dir, "crl", ".pem");
	if (!server) {
		config.peer_name = s->peer_name ? s->peer_name : "server.example";
		if (s->no_client_certificate)
			config.certificate_file = config.key_file = NULL;
	}
	config.match_identity = s->match_identity;
	config.resumption = !s->no_resumption;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	if (!context)
		print_error("%s\n", error);
	assert_non_null(context);
	return context;
}

static void raise_stage(struct stage *stage, const struct setting *s)
{
	struct eap_user user = { .identity = "*", .methods = { EAP_TYPE_TLS } };

	memset(stage, 0, sizeof(*stage));
	stage->server = context_of(s, true);
	stage->client = context_of(s, false);
	stage->users = eap_users_new();
	eap_users_add(stage->users, &user);
}

static void begin(struct stage *stage, const struct setting *s)
{
	struct pair *p = &stage->pair;
	struct eap_peer_config peer = { .identity = s->identity ? s->identity : "mn@example",
		.tls = stage->client, .random = &p->random, .mtu = s->mtu };
	struct eap_server_config server = { .lookup = eap_users_find,
		.lookup_context = stage->users, .tls = stage->server, .random = &p->random,
		.mtu = s->mtu };

	memset(p, 0, sizeof(*p));
	p->random = random_seeded(1);
	p->fates = s->fates;
	p->fate_count = s->fate_count;
	p->peer = eap_peer_new(&peer);
	p->server = eap_server_new(&server);
	assert_non_null(p->peer);
	assert_non_null(p->server);
}

static void strike(struct stage *stage)
{
	eap_tls_context_free(stage->server);
	eap_tls_context_free(stage->client);
	eap_users_free(stage->users);
}

static void expect_success(const struct setting *s)
{
	struct stage stage;

	raise_stage(&stage, s);
	begin(&stage, s);
	pair_run(&stage.pair);
	if (stage.pair.peer->status != EAP_SUCCESS || stage.pair.server->status != EAP_SUCCESS)
		print_error("peer: %s; server: %s\n", stage.pair.peer->failure,
			stage.pair.server->failure);
	assert_same_keys(&stage.pair);
	assert_string_equal(stage.pair.server->method, "EAP-TLS");
	assert_int_equal(stage.pair.peer->session_id_size, 65);
	pair_free(&stage.pair);
	strike(&stage);
}

static void expect_failure(const struct setting *s)
{
	struct stage stage;

	raise_stage(&stage, s);
	begin(&stage, s);
	pair_run(&stage.pair);
	assert_both_fail(&stage.pair);
	pair_free(&stage.pair);
	strike(&stage);
}

static const struct setting versions[] = {
	{ .min = EAP_TLS_1_3, .max = EAP_TLS_1_3, .level = 2 },
	{ .min = EAP_TLS_1_2, .max = EAP_TLS_1_2, .level = 2 },
	{ .min = EAP_TLS_1_1, .max = EAP_TLS_1_1, .level = 0 },
	{ .min = EAP_TLS_1_0, .max = EAP_TLS_1_0, .level = 0 },
	{ .min = EAP_TLS_1_0, .max = EAP_TLS_1_0, .level = 0, .dir = legacy_dir },
	{ .min = EAP_TLS_1_0, .max = EAP_TLS_1_3, .level = 0, .dir = legacy_dir },
};

#define VERSIONS (sizeof(versions) / sizeof(*versions))

static void test_versions(void **state)
{
	(void)state;
	expect_success(&(struct setting){ 0 });
	for (size_t i = 0; i < VERSIONS; i++)
		expect_success(&versions[i]);
}

/* RFC 5216 §2.1.5: any size of packet does. */
static void test_fragments(void **state)
{
	static const size_t sizes[] = { 64, 65, 100, 255, 256, 500, 1020, 1400, 4096 };

	(void)state;
	for (size_t v = 0; v < VERSIONS; v++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct setting s = versions[v];
			s.mtu = sizes[i];
			expect_success(&s);
		}
}

static void test_certificates_that_fail(void **state)
{
	static const struct setting bad[] = {
		{ .client_files = "other-client" },
		{ .client_files = "expired-client" },
		{ .client_files = "revoked-client", .with_crl = true },
		{ .client_files = "server" }, /* no clientAuth */
		{ .server_files = "other-server" },
		{ .server_files = "expired-server" },
		{ .server_files = "client" }, /* no serverAuth */
		{ .peer_name = "other.example" },
		{ .no_client_certificate = true },
		{ .match_identity = true, .identity = "somebody@example" },
	};

	(void)state;
	for (size_t v = 0; v < VERSIONS; v++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			struct setting s = bad[i];
			s.min = versions[v].min;
			s.max = versions[v].max;
			s.level = versions[v].level;
			s.dir = versions[v].dir;
			expect_failure(&s);
		}
}

static void test_certificates_that_do(void **state)
{
	(void)state;
	expect_success(&(struct setting){ .match_identity = true });
	expect_success(&(struct setting){ .client_files = "revoked-client" });
	expect_success(&(struct setting){ .with_crl = true });
	expect_success(&(struct setting){ .identity = "@example" });
}

/* RFC 5216 §2.1.2: the second conversation is shorter, has other keys and the same result. */
static void test_resumption(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++)
		for (int resume = 0; resume < 2; resume++) {
			struct setting s = versions[v];
			uint8_t msk[EAP_MSK_SIZE];
			struct stage stage;
			unsigned sent;
			s.mtu = 200;
			s.match_identity = true;
			s.no_resumption = !resume;
			raise_stage(&stage, &s);
			begin(&stage, &s);
			pair_run(&stage.pair);
			assert_same_keys(&stage.pair);
			memcpy(msk, stage.pair.peer->msk, sizeof(msk));
			sent = stage.pair.sent;
			pair_free(&stage.pair);
			begin(&stage, &s);
			pair_run(&stage.pair);
			assert_same_keys(&stage.pair);
			assert_memory_not_equal(msk, stage.pair.peer->msk, sizeof(msk));
			assert_string_equal(stage.pair.server->identity, "mn@example");
			if (resume)
				assert_true(stage.pair.sent < sent);
			else
				assert_int_equal(stage.pair.sent, sent);
			pair_free(&stage.pair);
			strike(&stage);
		}
}

/* Keys differ from one conversation to the next, also after start() on the same ends. */
static void test_again(void **state)
{
	struct setting s = { 0 };
	uint8_t msk[EAP_MSK_SIZE];
	struct stage stage;

	(void)state;
	raise_stage(&stage, &s);
	begin(&stage, &s);
	for (int i = 0; i < 3; i++) {
		pair_run(&stage.pair);
		assert_same_keys(&stage.pair);
		if (i)
			assert_memory_not_equal(msk, stage.pair.peer->msk, sizeof(msk));
		memcpy(msk, stage.pair.peer->msk, sizeof(msk));
	}
	pair_free(&stage.pair);
	strike(&stage);
}

#define PATTERN 4

static void test_patterns(void **state)
{
	uint8_t fates[PATTERN + 4] = { 0 };

	(void)state;
	for (unsigned v = 0; v < 2; v++)
		for (unsigned n = 0; n < 1 << 2 * PATTERN; n++) {
			struct setting s = versions[v];
			/* identity goes well, then the pattern, from TLS Start on */
			for (unsigned i = 0; i < PATTERN; i++)
				fates[2 + i] = n >> 2 * i & 3;
			s.fates = fates;
			s.fate_count = 2 + PATTERN;
			s.mtu = 700;
			expect_success(&s);
		}
}

/* The packet with these bits of Flags set, if it is one of EAP-TLS. */
static struct view with_flags(struct view packet, uint8_t flags, uint8_t room[PAIR_PACKET])
{
	memcpy(room, packet.data, packet.size);
	if (packet.size > 5 && room[4] == EAP_TYPE_TLS)
		room[5] |= flags;
	return VIEW(room, packet.size);
}

/* RFC 5216 §3.1, §3.2: "MUST ignore them on reception"; in a response S is one of them. */
static void test_reserved_bits(void **state)
{
	struct setting s = { .mtu = 200 };
	uint8_t room[PAIR_PACKET];
	struct stage stage;
	struct pair *p = &stage.pair;

	(void)state;
	raise_stage(&stage, &s);
	begin(&stage, &s);
	p->server->ops->start(p->server);
	p->peer->ops->start(p->peer);
	for (unsigned i = 0; i < 200 && p->server->status == EAP_OUTPUT; i++) {
		p->peer->ops->input(p->peer, with_flags(p->server->output, 0x1F, room), NULL);
		p->server->ops->input(p->server, with_flags(p->peer->output, 0x3F, room), NULL);
	}
	p->peer->ops->input(p->peer, p->server->output, NULL);
	assert_same_keys(p);
	pair_free(p);
	strike(&stage);
}

static void test_contexts_that_cannot_be(void **state)
{
	char ca[256], certificate[256], key[256], other[256], error[EAP_TLS_ERROR_MAX];
	struct eap_tls_config good = eap_tls_config_default(true), c;

	(void)state;
	good.ca_file = path(ca, modern_dir, "ca", ".pem");
	good.certificate_file = path(certificate, modern_dir, "server", ".pem");
	good.key_file = path(key, modern_dir, "server", ".key");
	path(other, modern_dir, "client", ".key");
#define REFUSED(change, words)                                                                     \
	do {                                                                                       \
		c = good;                                                                          \
		change;                                                                            \
		assert_null(eap_tls_context_new(&c, error, sizeof(error)));                        \
		if (!strstr(error, words))                                                         \
			print_error("\"%s\" is not in: %s\n", words, error);                       \
		assert_non_null(strstr(error, words));                                             \
	} while (0)
	REFUSED(c.ca_file = "/nonexistent/ca.pem",
		"/nonexistent/ca.pem: no CA certificate that can be used: No such file");
	REFUSED(c.ca_file = NULL, "no CA file");
	REFUSED(c.certificate_file = "/nonexistent/x.pem", "/nonexistent/x.pem");
	REFUSED(c.key_file = "/nonexistent/x.key", "/nonexistent/x.key");
	REFUSED(c.key_file = NULL, "private key is missing");
	REFUSED(c.key_file = other, "does not belong");
	REFUSED(c.crl_file = ca, "no certificate revocation list");
	REFUSED(c.min_version = EAP_TLS_1_3; c.max_version = EAP_TLS_1_2, "not possible");
	REFUSED(c.max_version = EAP_TLS_1_0; c.min_version = EAP_TLS_1_0, "level 0");
	REFUSED(c.security_level = 6, "level 6");
	REFUSED(c.ciphers = "NONSENSE", "NONSENSE");
#undef REFUSED
	assert_int_equal(eap_tls_version_parse("1.2"), EAP_TLS_1_2);
	assert_int_equal(eap_tls_version_parse("2"), 0);
}

/* Secrets leave only on request. */
static void count_line(void *context, const char *line)
{
	assert_non_null(strchr(line, ' '));
	++*(unsigned *)context;
}

static void test_key_log(void **state)
{
	struct eap_tls_config config = eap_tls_config_default(false);
	struct setting s = { 0 };
	char ca[256], certificate[256], key[256], error[EAP_TLS_ERROR_MAX];
	struct stage stage;
	unsigned lines = 0;

	(void)state;
	raise_stage(&stage, &s);
	eap_tls_context_free(stage.client);
	config.ca_file = path(ca, modern_dir, "ca", ".pem");
	config.certificate_file = path(certificate, modern_dir, "client", ".pem");
	config.key_file = path(key, modern_dir, "client", ".key");
	config.key_log = count_line;
	config.key_log_context = &lines;
	stage.client = eap_tls_context_new(&config, error, sizeof(error));
	begin(&stage, &s);
	pair_run(&stage.pair);
	assert_same_keys(&stage.pair);
	assert_true(lines >= 4);
	pair_free(&stage.pair);
	strike(&stage);
}

/* One packet of EAP-TLS to the server, as a peer that misbehaves would send it. */
static enum reject_reason poke(struct pair *p, uint8_t flags, uint32_t total, size_t size)
{
	uint8_t room[256], data[256] = { flags };
	struct eap_packet packet = { .code = EAP_CODE_RESPONSE, .type = EAP_TYPE_TLS,
		.identifier = p->server->output.data[1] };
	struct writer w = writer_of(data, sizeof(data)), out = writer_of(room, sizeof(room));
	struct reject reject = { 0 };

	write_u8(&w, flags);
	if (flags & 0x80)
		write_u32(&w, total);
	if ((flags & 0x80) && size >= 5) { /* the head of a TLS record as long as the message */
		write_uint(&w, 0x160301, 3);
		write_u16(&w, (uint16_t)(total - 5));
		size -= 5;
	}
	write_zero(&w, size);
	packet.data = writer_view(&w);
	eap_encode(&packet, &out);
	p->server->ops->input(p->server, writer_view(&out), &reject);
	return reject.reason;
}

static void reach_tls_start(struct stage *stage, const struct setting *s)
{
	struct pair *p = &stage->pair;
	struct reject reject = { 0 };

	begin(stage, s);
	p->server->ops->start(p->server);
	p->peer->ops->input(p->peer, p->server->output, &reject);
	p->server->ops->input(p->server, p->peer->output, &reject);
	assert_int_equal(p->server->output.data[4], EAP_TYPE_TLS);
	assert_int_equal(p->server->output.data[5], 0x20);
	assert_int_equal(reject.reason, REJECT_NONE);
}

/* RFC 5216 §2.1.5, §3.1: fragments that contradict themselves are not taken, and what is right
 * afterwards is. */
static void test_bad_fragments(void **state)
{
	struct setting s = { .mtu = 200 };
	struct stage stage;
	struct pair *p = &stage.pair;

	(void)state;
	raise_stage(&stage, &s);
	reach_tls_start(&stage, &s);
	assert_int_equal(poke(p, 0x40, 0, 10), REJECT_MISSING);
	assert_int_equal(poke(p, 0xc0, 100000, 10), REJECT_LENGTH);
	assert_int_equal(poke(p, 0xc0, 5, 10), REJECT_LENGTH);
	assert_int_equal(poke(p, 0xc0, 10, 10), REJECT_LENGTH);
	assert_int_equal(poke(p, 0xc0, 10, 0), REJECT_LENGTH);
	assert_int_equal(poke(p, 0x80, 11, 10), REJECT_LENGTH);
	assert_int_equal(poke(p, 0x20, 0, 0), REJECT_STATE);
	assert_int_equal(poke(p, 0x00, 0, 0), REJECT_STATE);
	/* a good first fragment, then a second that is too long or another length */
	assert_int_equal(poke(p, 0xc0, 20, 10), REJECT_NONE);
	assert_int_equal(p->server->output.size, 6);
	assert_int_equal(poke(p, 0x40, 0, 11), REJECT_LENGTH);
	assert_int_equal(poke(p, 0xc0, 30, 5), REJECT_LENGTH);
	assert_int_equal(poke(p, 0x00, 0, 9), REJECT_LENGTH);
	/* the rest of it, which is no ClientHello: an alert, then failure */
	assert_int_equal(poke(p, 0x00, 0, 10), REJECT_NONE);
	assert_int_equal(p->server->status, EAP_OUTPUT);
	assert_true(p->server->output.size > 6);
	assert_int_equal(poke(p, 0x00, 0, 0), REJECT_NONE);
	assert_int_equal(p->server->status, EAP_FAILURE);
	pair_free(p);
	strike(&stage);
}

/* The same from the other side: while fragments of the peer are out only an empty packet fits. */
static void test_data_instead_of_an_acknowledgement(void **state)
{
	struct setting s = { .mtu = 100 };
	struct reject reject = { 0 };
	struct stage stage;
	struct pair *p = &stage.pair;
	uint8_t wrong[] = { 1, 0, 0, 8, 13, 0, 1, 2 };

	(void)state;
	raise_stage(&stage, &s);
	reach_tls_start(&stage, &s);
	assert_int_equal(p->peer->ops->input(p->peer, p->server->output, &reject), EAP_OUTPUT);
	assert_int_equal(p->peer->output.data[5] & 0xc0, 0xc0);
	wrong[1] = (uint8_t)(p->server->output.data[1] + 1);
	p->peer->ops->input(p->peer, VIEW_OF(wrong), &reject);
	assert_int_equal(reject.reason, REJECT_STATE);
	pair_free(p);
	strike(&stage);
}

static void test_bad_folder(void **state)
{
	char error[256];

	(void)state;
	assert_int_equal(eap_make_credentials("/proc/nowhere", NULL, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "/proc/nowhere"));
}

static int make_folders(void **state)
{
	struct eap_credentials legacy = { .legacy = true };
	char error[256];

	(void)state;
	if (!test_folder(modern_dir) || !test_folder(legacy_dir) ||
		eap_make_credentials(modern_dir, NULL, error, sizeof(error)) < 0 ||
		eap_make_credentials(legacy_dir, &legacy, error, sizeof(error)) < 0)
		return -1;
	return 0;
}

static int remove_folders(void **state)
{
	(void)state;
	return eap_remove_credentials(modern_dir) | eap_remove_credentials(legacy_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_certificates_that_fail),
		cmocka_unit_test(test_certificates_that_do),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_reserved_bits),
		cmocka_unit_test(test_contexts_that_cannot_be),
		cmocka_unit_test(test_key_log),
		cmocka_unit_test(test_bad_fragments),
		cmocka_unit_test(test_data_instead_of_an_acknowledgement),
		cmocka_unit_test(test_bad_folder),
	};
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
