// SPDX-License-Identifier: Apache-2.0
/* Ends that prove themselves by certificate or by EAP, and those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ref/ike/ike_proof_world.h"

static struct world w;

static bool said(const char *words)
{
	for (unsigned i = 0; i < w.report_count; i++)
		if (strcmp(w.reports[i].words, words) == 0)
			return true;
	return false;
}

static void go(void)
{
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
}

/* --- certificates --------------------------------------------------------------------------- */

struct files {
	const char *dir, *client, *server, *client_ca, *server_ca;
	bool crl;
};

static void meet(const struct files *f)
{
	struct ike_credentials *client = proof_credentials(f->dir, f->client, f->client_ca, false);
	struct ike_credentials *server = proof_credentials(f->dir, f->server, f->server_ca, f->crl);

	world_init(&w, 1);
	proof_certificates(&w, client, server, (int64_t)time(NULL));
	go();
	bool up = world_up(&w);
	if (up)
		assert_true(world_children_match(&w));
	world_end(&w);
	ike_credentials_free(client);
	ike_credentials_free(server);
	if (!up) {
		assert_false(world_saw(&w, false, IKE_REPORT_ESTABLISHED));
		assert_true(world_saw(&w, false, IKE_REPORT_FAILED));
	}
}

static void test_certificates(void **state)
{
	struct files good = { proof_dir, "client", "server", "ca", "ca", true };

	(void)state;
	meet(&good);
	assert_true(world_saw(&w, false, IKE_REPORT_ESTABLISHED));
}

static void test_certificates_that_are_not_good(void **state)
{
	static const struct {
		struct files files;
		const char *words;
	} rows[] = {
		{ { proof_dir, "other-client", "server", "ca", "ca", false },
			"a certificate that is not trusted" },
		{ { proof_dir, "client", "other-server", "ca", "ca", false },
			"a certificate that is not trusted" },
		{ { proof_dir, "expired-client", "server", "ca", "ca", false },
			"a certificate that is not trusted" },
		{ { proof_dir, "client", "expired-server", "ca", "ca", false },
			"a certificate that is not trusted" },
		{ { proof_dir, "revoked-client", "server", "ca", "ca", true },
			"a certificate that is not trusted" },
		{ { proof_dir, "server", "server", "ca", "ca", false },
			"a certificate that does not name the identity" },
		{ { proof_dir, "client", "server", "ca", NULL, false },
			"no authority is trusted here" },
		/* signed with SHA-1, as long ago */
		{ { proof_rsa_dir, "client", "server", "ca", "ca", false },
			"a certificate that is not trusted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		meet(&rows[i].files);
		if (!said(rows[i].words))
			fail_msg("row %zu: \"%s\" was not said", i, rows[i].words);
	}
}

/* RFC 7427 §4: without SIGNATURE_HASH_ALGORITHMS an elliptic key has no signature. */
static void test_no_common_signature(void **state)
{
	struct ike_credentials *client = proof_credentials(proof_dir, "client", "ca", false);

	(void)state;
	world_init(&w, 1);
	proof_certificates(&w, client, NULL, (int64_t)time(NULL));
	w.b.connection.local_means = w.b.connection.remote_means = IKE_BY_PSK;
	go();
	assert_true(said("the peer takes none of our signatures"));
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
	ike_credentials_free(client);
}

/* One end by certificate, the other by shared key: §2.15 asks for nothing the same. */
static void test_mixed(void **state)
{
	struct ike_credentials *server = proof_credentials(proof_dir, "server", NULL, false);
	struct ike_credentials *trust = proof_credentials(proof_dir, NULL, "ca", false);

	(void)state;
	world_init(&w, 1);
	proof_certificates(&w, trust, server, (int64_t)time(NULL));
	w.a.connection.local_means = w.b.connection.remote_means = IKE_BY_PSK;
	go();
	assert_true(world_up(&w));
	world_end(&w);
	ike_credentials_free(server);
	ike_credentials_free(trust);
}

static void test_signatures(void **state)
{
	struct ike_credentials *rsa = proof_credentials(proof_rsa_dir, "server", NULL, false);
	struct ike_credentials *ec = proof_credentials(proof_dir, "server", NULL, false);
	const struct view parts[] = { view_text("one"), view_text("two") };
	uint8_t out[IKE_SIGNATURE_MAX], method;

	(void)state;
	/* RFC 7427 appendix A.1.2: sha256WithRSAEncryption, 2048 bits after it */
	assert_int_equal(ike_credentials_sign(rsa, 1u << IKE_HASH_SHA2_256, parts, 2, &method, out),
		1 + 15 + 256);
	assert_int_equal(method, IKE_METHOD_SIGNATURE);
	assert_int_equal(out[0], 15);
	assert_int_equal(ike_credentials_sign(rsa, 1u << IKE_HASH_SHA2_512, parts, 2, &method, out),
		1 + 15 + 256);
	assert_int_equal(out[13], 0x0d);
	assert_int_equal(ike_credentials_sign(rsa, 0, parts, 2, &method, out), 256);
	assert_int_equal(method, IKE_METHOD_RSA);
	assert_int_equal(ike_credentials_sign(rsa, 1u << IKE_HASH_SHA1, parts, 2, &method, out), 0);
	assert_int_equal(ike_credentials_sign(ec, 0, parts, 2, &method, out), 0);
	assert_true(ike_credentials_sign(ec, 0x1c, parts, 2, &method, out) > 13);
	assert_int_equal(out[0], 12);
	ike_credentials_free(rsa);
	ike_credentials_free(ec);
}

/* Every octet of the proof counts: AUTH with one changed, in each place, is refused. */
static void test_no_octet_of_a_signature_can_change(void **state)
{
	struct ike_credentials *own = proof_credentials(proof_dir, "server", "ca", false);
	const struct view parts[] = { view_text("what"), view_text("is signed") };
	uint8_t out[IKE_SIGNATURE_MAX], method;
	struct ike_proof proof = { .count = 1, .certificates = { ike_credentials_chain(own, 0) } };
	struct ike_id id;
	int64_t now = (int64_t)time(NULL);

	(void)state;
	ike_id_parse("server.example", &id);
	size_t size = ike_credentials_sign(own, 0x1c, parts, 2, &method, out);
	proof.method = method;
	proof.id = &id;
	proof.data = VIEW(out, size);
	assert_null(ike_credentials_verify(own, &proof, now, parts, 2));
	for (size_t i = 0; i < size; i++) {
		out[i] ^= 1;
		assert_non_null(ike_credentials_verify(own, &proof, now, parts, 2));
		out[i] ^= 1;
	}
	for (size_t cut = 0; cut < size; cut++) {
		proof.data.size = cut;
		assert_non_null(ike_credentials_verify(own, &proof, now, parts, 2));
	}
	proof.data.size = size;
	assert_non_null(ike_credentials_verify(own, &proof, now, parts, 1));
	assert_non_null(ike_credentials_verify(own, &proof, now + 20 * 365 * 86400LL, parts, 2));
	ike_credentials_free(own);
}

/* A certificate of server.example, by the authority of the folder, with a number of its own; DER of malloc. */
static struct view another_certificate(unsigned number, EVP_PKEY *key)
{
	X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:server.example");
	X509 *x = X509_new(), *ca;
	EVP_PKEY *ca_key;
	uint8_t *der = NULL;
	char path[256];
	FILE *f = fopen(proof_path(path, proof_dir, "ca", ".pem"), "re");

	assert_non_null(f);
	ca = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	f = fopen(proof_path(path, proof_dir, "ca", ".key"), "re");
	assert_non_null(f);
	ca_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_true(X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1000 + number) &&
		X509_set_issuer_name(x, X509_get_subject_name(ca)) && X509_set_pubkey(x, key) &&
		X509_gmtime_adj(X509_getm_notBefore(x), -60) &&
		X509_gmtime_adj(X509_getm_notAfter(x), 3600) && X509_add_ext(x, name, -1) &&
		X509_sign(x, ca_key, EVP_sha256()));
	int size = i2d_X509(x, &der);
	assert_true(size > 0);
	X509_EXTENSION_free(name);
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return VIEW(der, (size_t)size);
}

static EVP_PKEY *key_of(const char *name)
{
	char path[256];
	FILE *f = fopen(proof_path(path, proof_dir, name, ".key"), "re");

	assert_non_null(f);
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	return key;
}

/*
 * Decoded certificates of those who proved themselves are kept: more of them than there is room for, one
 * after the other and again, are all taken; one with an octet changed is another one and is not; and
 * what was taken is not when it is out of date.
 */
static void test_certificates_that_were_seen(void **state)
{
	struct ike_credentials *own = proof_credentials(proof_dir, "server", "ca", false);
	const struct view parts[] = { view_text("what is signed") };
	uint8_t out[IKE_SIGNATURE_MAX], method;
	int64_t now = (int64_t)time(NULL);
	struct view certificates[40];
	EVP_PKEY *key = key_of("server");
	struct ike_id id;

	(void)state;
	ike_id_parse("server.example", &id);
	size_t size = ike_credentials_sign(own, 0x1c, parts, 1, &method, out);
	struct ike_proof proof = { .count = 1, .method = method, .id = &id, .data = VIEW(out, size) };
	for (unsigned i = 0; i < 40; i++)
		certificates[i] = another_certificate(i, key);
	for (unsigned i = 0; i < 80; i++) {
		proof.certificates[0] = certificates[i % 40];
		assert_null(ike_credentials_verify(own, &proof, now, parts, 1));
		assert_null(ike_credentials_verify(own, &proof, now, parts, 1));
		assert_non_null(ike_credentials_verify(own, &proof, now + 7200, parts, 1));
	}
	uint8_t *octets = (uint8_t *)certificates[39].data;
	for (size_t i = 0; i < certificates[39].size; i++) {
		octets[i] ^= 1;
		assert_non_null(ike_credentials_verify(own, &proof, now, parts, 1));
		octets[i] ^= 1;
	}
	assert_null(ike_credentials_verify(own, &proof, now, parts, 1));
	for (unsigned i = 0; i < 40; i++)
		OPENSSL_free((void *)certificates[i].data);
	EVP_PKEY_free(key);
	ike_credentials_free(own);
}

static void test_files_that_are_not_good(void **state)
{
	char ca[256], key[256], other[256], error[256];
	struct ike_credentials_config wrong[] = {
		{ .ca_file = "/nowhere" },
		{ .ca_file = proof_path(key, proof_dir, "server", ".key") },
		{ .certificate_file = proof_path(ca, proof_dir, "server", ".pem") },
		{ .certificate_file = ca,
			.key_file = proof_path(other, proof_dir, "client", ".key") },
		{ .certificate_file = ca, .key_file = "/nowhere" },
		{ .certificate_file = key, .key_file = key },
		{ .certificate_file = ca, .key_file = key, .crl_file = ca },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(ike_credentials_new(&wrong[i], error, sizeof(error)));
		assert_non_null(strchr(error, ':'));
	}
}

/* --- EAP ------------------------------------------------------------------------------------ */

static void test_eap(void **state)
{
	struct proof_eap eap = { .psk = { 1, 2, 3 } };
	static const uint8_t pool[4] = { 10, 0, 0, 8 };

	(void)state;
	world_init(&w, 1);
	proof_by_eap(&w, &eap);
	/* what the first request asked for is answered when all is over */
	w.a.connection.ask_address = true;
	memcpy(w.b.connection.pool, pool, 4);
	w.b.connection.pool_size = 2;
	go();
	assert_true(world_up(&w));
	assert_true(world_children_match(&w));
	assert_int_equal(w.a.child_count, 1);
	assert_true(ike_sa_mobike(w.a.sa) && ike_sa_mobike(w.b.sa));
	assert_true(world_saw(&w, false, IKE_REPORT_ADDRESS));
	assert_int_equal(ike_half_open(w.b.ike), 0);
	assert_true(ike_id_equal(ike_sa_peer_id(w.a.sa), &w.b.connection.local_id));
	assert_true(ike_id_equal(ike_sa_peer_id(w.b.sa), &w.a.connection.local_id));
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY), 0);
	world_settle(&w);
	assert_true(world_up(&w));
	world_end(&w);
}

static void test_eap_tls_and_certificate(void **state)
{
	struct ike_credentials *server = proof_credentials(proof_dir, "server", NULL, false);
	struct ike_credentials *trust = proof_credentials(proof_dir, NULL, "ca", false);
	struct eap_tls_config ends[2] = { eap_tls_config_default(false),
		eap_tls_config_default(true) };
	char ca[256], own[2][256], key[2][256], error[EAP_TLS_ERROR_MAX];
	struct proof_eap eap = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *name = i ? "server" : "client";
		ends[i].ca_file = proof_path(ca, proof_dir, "ca", ".pem");
		ends[i].certificate_file = proof_path(own[i], proof_dir, name, ".pem");
		ends[i].key_file = proof_path(key[i], proof_dir, name, ".key");
	}
	eap.client = eap_tls_context_new(&ends[0], error, sizeof(error));
	eap.server = eap_tls_context_new(&ends[1], error, sizeof(error));
	world_init(&w, 1);
	proof_certificates(&w, trust, server, (int64_t)time(NULL));
	proof_by_eap(&w, &eap);
	go();
	assert_true(world_up(&w));
	assert_true(world_children_match(&w));
	world_end(&w);
	eap_tls_context_free(eap.client);
	eap_tls_context_free(eap.server);
	ike_credentials_free(server);
	ike_credentials_free(trust);
}

static void test_eap_that_fails(void **state)
{
	struct proof_eap eap = { .psk = { 1 }, .refuses = true };

	(void)state;
	world_init(&w, 1);
	proof_by_eap(&w, &eap);
	go();
	assert_true(world_saw(&w, false, IKE_REPORT_FAILED));
	assert_true(world_saw(&w, true, IKE_REPORT_FAILED));
	assert_false(world_saw(&w, true, IKE_REPORT_ESTABLISHED));
	world_run(&w, 100 * BTIME_S);
	assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
	world_end(&w);
}

/* RFC 7296 §2.16: a method that makes no key proves nothing. */
static void test_eap_without_a_key(void **state)
{
	struct proof_eap eap = { .keyless = true };

	(void)state;
	world_init(&w, 1);
	proof_by_eap(&w, &eap);
	go();
	assert_false(world_saw(&w, false, IKE_REPORT_ESTABLISHED));
	assert_false(world_saw(&w, true, IKE_REPORT_ESTABLISHED));
	world_run(&w, 100 * BTIME_S);
	assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
	world_end(&w);
}

/* Who expects a proof takes no EAP, and who expects EAP no shared key. */
static void test_the_other_means(void **state)
{
	struct proof_eap eap = { .psk = { 1 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		world_init(&w, 1);
		proof_by_eap(&w, &eap);
		if (i)
			w.a.connection.local_means = IKE_BY_PSK;
		else
			w.b.connection.remote_means = IKE_BY_PSK;
		go();
		assert_string_equal(world_words(&w, IKE_REPORT_FAILED), "AUTHENTICATION_FAILED");
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_certificates_that_are_not_good),
		cmocka_unit_test(test_no_common_signature),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_no_octet_of_a_signature_can_change),
		cmocka_unit_test(test_certificates_that_were_seen),
		cmocka_unit_test(test_files_that_are_not_good),
		cmocka_unit_test(test_eap),
		cmocka_unit_test(test_eap_tls_and_certificate),
		cmocka_unit_test(test_eap_that_fails),
		cmocka_unit_test(test_eap_without_a_key),
		cmocka_unit_test(test_the_other_means),
	};
	proof_begin();
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	proof_end();
	return result;
}
