// SPDX-License-Identifier: Apache-2.0
/* Two ends of IKEv1 with each other: main mode, quick mode, informational exchanges. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "ref/isakmp/isakmp_world.h"

static struct old_world o;
static char rsa_dir[TEST_PATH] = "isakmp-test";

static void make_certificates(void)
{
	struct eap_credentials rsa = { .rsa = true };
	char error[256];

	if (!test_folder(rsa_dir) || eap_make_credentials(rsa_dir, &rsa, error, sizeof(error)) < 0)
		abort();
}

static void assert_up(unsigned children)
{
	if (!old_up(&o))
		fail_msg("a %s, b %s: %s", o.w.a.sa ? isakmp_sa_state(old_sa(&o.w.a)) : "none",
			o.w.b.sa ? isakmp_sa_state(old_sa(&o.w.b)) : "none",
			world_words(&o.w, IKE_REPORT_FAILED));
	assert_int_equal(o.w.a.child_count, children);
	assert_true(world_children_match(&o.w));
}

static void open_world(void)
{
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	old_settle(&o);
}

static void open_default(void)
{
	old_init(&o, 1);
	open_world();
	assert_up(1);
}

static enum reject_reason last_reject(bool b)
{
	enum reject_reason reason = REJECT_NONE;

	for (unsigned i = 0; i < o.w.report_count; i++)
		if (o.w.reports[i].b == b && o.w.reports[i].report == IKE_REPORT_REJECTED)
			reason = o.w.reports[i].reject.reason;
	return reason;
}

/* --- main mode ------------------------------------------------------------------------------ */

static void test_psk(void **state)
{
	(void)state;
	open_default();
	assert_true(world_saw(&o.w, false, IKE_REPORT_ESTABLISHED));
	assert_true(world_saw(&o.w, true, IKE_REPORT_ESTABLISHED));
	assert_false(world_saw(&o.w, true, IKE_REPORT_REJECTED));
	assert_false(world_saw(&o.w, false, IKE_REPORT_REJECTED));
	/* six of main mode, one INITIAL-CONTACT, three of quick mode */
	assert_int_equal(o.w.air.sent, 10);
	const struct ike_child_info *c = &o.w.a.children[0];
	assert_int_equal(c->suite.encr, IKE_ENCR_AES_GCM_16);
	assert_false(c->transport);
	assert_int_equal(isakmp_half_open(o.b), 0);
	old_end(&o);
}

static void test_wrong_psk(void **state)
{
	(void)state;
	old_init(&o, 2);
	o.w.b.connection.psk = view_text("another secret");
	open_world();
	/* what the fifth message decrypts to is noise, RFC 2409 §5.4 */
	assert_int_equal(last_reject(true), REJECT_INTEGRITY);
	old_run(&o, 200 * BTIME_S);
	assert_true(world_saw(&o.w, false, IKE_REPORT_FAILED));
	assert_int_equal(isakmp_count(o.a), 0);
	assert_int_equal(isakmp_count(o.b), 0);
	old_end(&o);
}

static void test_wrong_identity(void **state)
{
	(void)state;
	old_init(&o, 3);
	ike_id_parse("somebody.example", &o.w.b.connection.remote_id);
	open_world();
	assert_true(world_saw(&o.w, true, IKE_REPORT_FAILED));
	assert_true(world_saw(&o.w, false, IKE_REPORT_FAILED));
	assert_string_equal(world_words(&o.w, IKE_REPORT_FAILED),
		"an identity that nobody has here");
	assert_string_equal(o.w.reports[o.w.report_count - 1].words, "INVALID-ID-INFORMATION");
	old_end(&o);
}

static void test_responder_of_another_name(void **state)
{
	(void)state;
	old_init(&o, 4);
	ike_id_parse("other.example", &o.w.b.connection.local_id);
	open_world();
	assert_true(world_saw(&o.w, false, IKE_REPORT_FAILED));
	old_run(&o, 10 * BTIME_S);
	assert_int_equal(isakmp_count(o.a), 0);
	old_end(&o);
}

static void only(struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t bits)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->count; i++)
		if (p->transforms[i].type != type)
			p->transforms[kept++] = p->transforms[i];
	p->transforms[kept++] =
		(struct ike_transform){ .type = type, .id = id, .key_bits = bits };
	p->count = kept;
}

static void test_suites(void **state)
{
	static const struct ike_suite suites[] = {
		{ .encr = IKE_ENCR_AES_CBC, .key_bits = 128, .prf = IKE_PRF_HMAC_SHA2_256,
			.dh = IKE_DH_MODP_2048 },
		{ .encr = IKE_ENCR_AES_CBC, .key_bits = 256, .prf = IKE_PRF_HMAC_SHA2_384,
			.dh = IKE_DH_ECP_384 },
		{ .encr = IKE_ENCR_AES_CBC, .key_bits = 192, .prf = IKE_PRF_HMAC_SHA2_512,
			.dh = IKE_DH_ECP_256 },
		{ .encr = IKE_ENCR_AES_CBC, .key_bits = 256, .prf = IKE_PRF_HMAC_MD5,
			.dh = IKE_DH_MODP_3072 }, /* the key is longer than SKEYID_e */
		{ .encr = IKE_ENCR_3DES, .prf = IKE_PRF_HMAC_SHA1, .dh = IKE_DH_MODP_1024 },
		{ .encr = IKE_ENCR_3DES, .prf = IKE_PRF_HMAC_MD5, .dh = IKE_DH_MODP_1536 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		old_init(&o, 10 + i);
		struct ike_proposal *p = &o.w.a.connection.ike.list[0];
		only(p, IKE_TRANSFORM_ENCR, suites[i].encr, suites[i].key_bits);
		only(p, IKE_TRANSFORM_PRF, suites[i].prf, 0);
		only(p, IKE_TRANSFORM_DH, suites[i].dh, 0);
		o.w.b.connection.ike = o.w.a.connection.ike;
		open_world();
		assert_up(1);
		const struct ike_suite *s = isakmp_sa_suite(old_sa(&o.w.b));
		assert_int_equal(s->prf, suites[i].prf);
		assert_int_equal(s->dh, suites[i].dh);
		old_end(&o);
	}
}

static void test_old_only_when_configured(void **state)
{
	(void)state;
	for (int allowed = 0; allowed < 2; allowed++) {
		old_init(&o, 20);
		isakmp_connection_old(&o.w.a.connection);
		o.w.a.connection.ike.list[0] = o.w.a.connection.ike.list[1];
		o.w.a.connection.ike.count = 1;
		if (allowed)
			isakmp_connection_old(&o.w.b.connection);
		open_world();
		if (allowed) {
			assert_up(1);
		} else {
			assert_int_equal(last_reject(true), REJECT_ALGORITHM);
			old_run(&o, 200 * BTIME_S);
			assert_string_equal(world_words(&o.w, IKE_REPORT_FAILED),
				"NO-PROPOSAL-CHOSEN");
			assert_int_equal(isakmp_count(o.b), 0);
		}
		old_end(&o);
	}
}

static void test_certificates(void **state)
{
	struct ike_credentials *client = proof_credentials(rsa_dir, "client", "ca", false);
	struct ike_credentials *server = proof_credentials(rsa_dir, "server", "ca", false);

	(void)state;
	old_init(&o, 30);
	proof_certificates(&o.w, client, server, time(NULL));
	open_world();
	assert_up(1);
	old_end(&o);
	/* the day after the last */
	old_init(&o, 31);
	proof_certificates(&o.w, client, server, time(NULL) + 40 * 365 * 86400LL);
	open_world();
	assert_true(world_saw(&o.w, true, IKE_REPORT_FAILED));
	assert_string_equal(world_words(&o.w, IKE_REPORT_FAILED),
		"a certificate that is not trusted");
	old_end(&o);
	/* somebody else's name */
	old_init(&o, 32);
	proof_certificates(&o.w, client, server, time(NULL));
	ike_id_parse("else@example", &o.w.a.connection.local_id);
	o.w.b.connection.remote_id.type = 0;
	open_world();
	assert_string_equal(world_words(&o.w, IKE_REPORT_FAILED),
		"a certificate that does not name the identity");
	old_end(&o);
	ike_credentials_free(client);
	ike_credentials_free(server);
}

static void test_means_do_not_mix(void **state)
{
	struct ike_credentials *client = proof_credentials(rsa_dir, "client", "ca", false);

	(void)state;
	old_init(&o, 33);
	o.w.a.connection.local_means = o.w.a.connection.remote_means = IKE_BY_CERTIFICATE;
	o.w.a.connection.credentials = client;
	open_world();
	assert_int_equal(last_reject(true), REJECT_ALGORITHM);
	old_end(&o);
	ike_credentials_free(client);
}

/* --- quick mode ----------------------------------------------------------------------------- */

static void test_pfs(void **state)
{
	(void)state;
	/* both; the initiator alone, which is granted; the responder alone, which refuses */
	for (int who = 1; who <= 3; who++) {
		old_init(&o, 40);
		if (who & 1)
			isakmp_connection_pfs(&o.w.a.connection, IKE_DH_MODP_2048);
		if (who & 2)
			isakmp_connection_pfs(&o.w.b.connection, IKE_DH_MODP_2048);
		open_world();
		if (who == 2) {
			assert_true(world_saw(&o.w, true, IKE_REPORT_CHILD_FAILED));
			assert_true(world_saw(&o.w, false, IKE_REPORT_CHILD_FAILED));
			assert_int_equal(o.w.a.child_count, 0);
		} else {
			assert_up(1);
			assert_int_equal(o.w.b.children[0].suite.dh, IKE_DH_MODP_2048);
		}
		old_end(&o);
	}
}

static void test_transport(void **state)
{
	(void)state;
	for (int who = 0; who < 4; who++) {
		old_init(&o, 41);
		o.w.a.connection.transport = who & 1;
		o.w.b.connection.transport = who & 2;
		open_world();
		if (who == 1) { /* asked for, not allowed */
			assert_int_equal(o.w.a.child_count, 0);
			assert_string_equal(world_words(&o.w, IKE_REPORT_CHILD_FAILED),
				"no proposal that is allowed");
		} else {
			assert_up(1);
			assert_int_equal(o.w.a.children[0].transport, who == 3);
			assert_int_equal(o.w.b.children[0].transport, who == 3);
		}
		old_end(&o);
	}
}

static struct ike_ts range(const char *from, const char *to)
{
	struct ike_ts ts = { .type = IKE_TS_IPV4_ADDR_RANGE, .end_port = 65535 };

	memcpy(ts.start, world_endpoint(from, 0).address, 4);
	memcpy(ts.end, world_endpoint(to, 0).address, 4);
	return ts;
}

static void test_selectors(void **state)
{
	struct ike_ts net = range("10.1.0.0", "10.1.255.255");
	struct ike_ts part = range("10.1.2.3", "10.1.2.77");

	(void)state;
	old_init(&o, 42);
	o.w.a.connection.remote_ts = o.w.b.connection.local_ts = (struct ike_ts_list){ 1, { net } };
	open_world();
	assert_up(1);
	old_end(&o);
	/* within what the responder has: taken as it is */
	old_init(&o, 43);
	o.w.a.connection.remote_ts = (struct ike_ts_list){ 1, { part } };
	o.w.b.connection.local_ts = (struct ike_ts_list){ 1, { net } };
	open_world();
	assert_up(1);
	assert_memory_equal(o.w.b.children[0].local_ts.list[0].end, part.end, 4);
	old_end(&o);
	/* beyond it: refused, IKEv1 cannot narrow */
	old_init(&o, 44);
	o.w.a.connection.remote_ts = (struct ike_ts_list){ 1, { net } };
	o.w.b.connection.local_ts = (struct ike_ts_list){ 1, { part } };
	open_world();
	assert_int_equal(o.w.a.child_count, 0);
	assert_string_equal(world_words(&o.w, IKE_REPORT_CHILD_FAILED),
		"selectors that are not allowed");
	assert_true(old_up(&o));
	old_end(&o);
}

/* RFC 3456 §4: first a DHCP SA for a host without an address, then one for what it was given. */
static void test_dhcp_sa(void **state)
{
	struct isakmp_flow dhcp = { .local = range("0.0.0.0", "0.0.0.0"),
		.remote = range("198.51.100.2", "198.51.100.2") };
	struct isakmp_flow address = { .local = range("10.1.2.3", "10.1.2.3"),
		.remote = range("198.51.100.0", "198.51.100.255") };

	(void)state;
	dhcp.local.protocol = dhcp.remote.protocol = 17;
	dhcp.local.start_port = dhcp.local.end_port = 68;
	dhcp.remote.start_port = dhcp.remote.end_port = 67;
	for (int allowed = 0; allowed < 2; allowed++) {
		old_init(&o, 45);
		o.w.a.connection.childless = true;
		o.w.b.connection.dhcp_sa = allowed;
		o.w.b.connection.remote_ts =
			(struct ike_ts_list){ 1, { range("10.1.2.0", "10.1.2.255") } };
		o.w.b.connection.local_ts =
			(struct ike_ts_list){ 1, { range("198.51.100.0", "198.51.100.255") } };
		open_world();
		assert_up(0);
		actions_clear(&o.w.actions);
		assert_int_equal(isakmp_create_child(o.a, old_sa(&o.w.a), &dhcp, o.w.now,
					 &o.w.actions), 0);
		world_collect(&o.w, &o.w.a);
		old_settle(&o);
		assert_up((unsigned)allowed);
		actions_clear(&o.w.actions);
		isakmp_create_child(o.a, old_sa(&o.w.a), &address, o.w.now, &o.w.actions);
		world_collect(&o.w, &o.w.a);
		old_settle(&o);
		assert_up((unsigned)allowed + 1);
		old_end(&o);
	}
}

static void ask_for(const char *address)
{
	struct isakmp_flow flow = { .local = range(address, address),
		.remote = range("198.51.100.0", "198.51.100.255") };

	actions_clear(&o.w.actions);
	isakmp_create_child(o.a, old_sa(&o.w.a), &flow, o.w.now, &o.w.actions);
	world_collect(&o.w, &o.w.a);
	old_settle(&o);
}

/* RFC 3456 §4: only for the address that DHCP has given; either end rekeys it; the lease goes on in
 * the next ISAKMP SA; the DHCP SA has minutes and is not made anew. */
static void test_leased_address(void **state)
{
	struct endpoint leased = { .family = AF_INET, .address = { 10, 1, 2, 3 } }, none = { 0 };
	struct isakmp_flow dhcp;

	(void)state;
	old_init(&o, 47);
	o.w.a.connection.childless = true;
	o.w.b.connection.dhcp_sa = true;
	o.w.b.connection.local_ts =
		(struct ike_ts_list){ 1, { range("198.51.100.0", "198.51.100.255") } };
	open_world();
	dhcp = isakmp_dhcp_flow(isakmp_sa_peer(old_sa(&o.w.a)));
	actions_clear(&o.w.actions);
	isakmp_create_child(o.a, old_sa(&o.w.a), &dhcp, o.w.now, &o.w.actions);
	world_collect(&o.w, &o.w.a);
	old_settle(&o);
	assert_up(1);
	assert_true(isakmp_child_is_dhcp(&o.w.a.children[0]));
	assert_true(isakmp_child_is_dhcp(&o.w.b.children[0]));
	ask_for("10.1.2.3");
	assert_up(1);
	isakmp_sa_lease(old_sa(&o.w.b), &leased);
	ask_for("10.1.2.4");
	assert_up(1);
	ask_for("10.1.2.3");
	assert_up(2);
	assert_false(isakmp_child_is_dhcp(&o.w.a.children[1]));
	for (int by_b = 0; by_b < 2; by_b++) {
		struct end *e = by_b ? &o.w.b : &o.w.a;
		uint32_t spi = e->children[e->child_count - 1].spi_in;
		struct ike_event event = { .kind = IKE_EVENT_REKEY_CHILD, .spi = spi };
		actions_clear(&o.w.actions);
		isakmp_event(by_b ? o.b : o.a, old_sa(e), &event, o.w.now, &o.w.actions);
		world_collect(&o.w, e);
		old_settle(&o);
		assert_up(3 + (unsigned)by_b);
	}
	old_run(&o, 60 * BTIME_S);
	assert_up(2);
	old_kind(&o, &o.w.a, IKE_EVENT_REKEY);
	old_settle(&o);
	old_run(&o, 60 * BTIME_S);
	ask_for("10.1.2.3");
	assert_up(3);
	old_run(&o, 300 * BTIME_S);
	for (unsigned i = 0; i < o.w.a.child_count; i++)
		assert_false(isakmp_child_is_dhcp(&o.w.a.children[i]));
	isakmp_sa_lease(old_sa(&o.w.b), &none);
	ask_for("10.1.2.4");
	assert_string_equal(world_words(&o.w, IKE_REPORT_CHILD_FAILED),
		"selectors that are not allowed");
	old_end(&o);
}

static void test_rekey_child(void **state)
{
	(void)state;
	for (int by_b = 0; by_b < 2; by_b++) {
		open_default();
		struct end *e = by_b ? &o.w.b : &o.w.a;
		uint32_t old = e->children[0].spi_in;
		assert_int_equal(old_kind(&o, e, IKE_EVENT_REKEY_CHILD), 0);
		old_settle(&o);
		assert_up(2); /* both, for what is under way */
		assert_int_equal(e->children[1].replaces, old);
		assert_int_equal((by_b ? &o.w.a : &o.w.b)->children[1].replaces,
			(by_b ? &o.w.a : &o.w.b)->children[0].spi_in);
		old_run(&o, 60 * BTIME_S);
		assert_up(1);
		assert_int_not_equal(e->children[0].spi_in, old);
		old_end(&o);
	}
}

static void test_lifetimes(void **state)
{
	(void)state;
	old_init(&o, 46);
	o.w.a.connection.rekey_child = 600 * BTIME_S;
	o.w.b.connection.rekey_child = 700 * BTIME_S;
	o.w.a.connection.rekey_ike = 2000 * BTIME_S;
	o.w.b.connection.rekey_ike = 2500 * BTIME_S;
	open_world();
	uint64_t first = isakmp_sa_cky_i(old_sa(&o.w.a));
	old_run(&o, 10000 * BTIME_S);
	assert_up(1);
	assert_true(world_saw(&o.w, false, IKE_REPORT_REKEYED));
	assert_true(world_saw(&o.w, true, IKE_REPORT_REKEYED));
	assert_false(world_saw(&o.w, false, IKE_REPORT_DOWN));
	assert_false(world_saw(&o.w, true, IKE_REPORT_DOWN));
	assert_true(isakmp_sa_cky_i(old_sa(&o.w.a)) != first);
	assert_int_equal(isakmp_count(o.a), 1);
	assert_int_equal(isakmp_count(o.b), 1);
	old_end(&o);
}

/* --- informational -------------------------------------------------------------------------- */

static void test_delete_child(void **state)
{
	(void)state;
	open_default();
	assert_int_equal(old_kind(&o, &o.w.b, IKE_EVENT_DELETE_CHILD), 0);
	old_settle(&o);
	assert_up(0);
	assert_int_equal(old_kind(&o, &o.w.a, IKE_EVENT_CREATE_CHILD), 0);
	old_settle(&o);
	assert_up(1);
	old_end(&o);
}

static void test_delete(void **state)
{
	(void)state;
	for (int by_b = 0; by_b < 2; by_b++) {
		open_default();
		assert_int_equal(old_kind(&o, by_b ? &o.w.b : &o.w.a, IKE_EVENT_DELETE), 0);
		old_settle(&o);
		assert_true(world_saw(&o.w, true, IKE_REPORT_DOWN));
		assert_true(world_saw(&o.w, false, IKE_REPORT_DOWN));
		assert_int_equal(isakmp_count(o.a), 0);
		assert_int_equal(isakmp_count(o.b), 0);
		old_end(&o);
	}
}

static void test_probe(void **state)
{
	(void)state;
	open_default();
	assert_int_equal(old_kind(&o, &o.w.b, IKE_EVENT_PROBE), 0);
	old_settle(&o);
	assert_true(world_saw(&o.w, true, IKE_REPORT_ALIVE));
	old_end(&o);
	old_init(&o, 50);
	o.w.a.connection.liveness = 20 * BTIME_S;
	open_world();
	old_run(&o, 100 * BTIME_S);
	assert_true(world_saw(&o.w, false, IKE_REPORT_ALIVE));
	assert_up(1);
	/* the peer is gone */
	btime to = btime_add(o.w.now, 400 * BTIME_S);
	while (old_tick(&o, to))
		o.w.air.count = 0;
	assert_true(world_saw(&o.w, false, IKE_REPORT_UNREACHABLE));
	assert_int_equal(isakmp_count(o.a), 0);
	old_end(&o);
}

static void test_initial_contact(void **state)
{
	(void)state;
	open_default();
	/* a has lost its memory */
	isakmp_free(o.a);
	o.a = isakmp_new(&o.w.a.config);
	o.w.a.sa = NULL;
	o.w.a.child_count = 0;
	old_initiate(&o, &o.w.a);
	old_settle(&o);
	assert_true(old_up(&o));
	assert_int_equal(isakmp_count(o.b), 1);
	assert_non_null(isakmp_sa_child(old_sa(&o.w.b), 0));
	assert_null(isakmp_sa_child(old_sa(&o.w.b), 1));
	old_end(&o);
}

static void test_nat(void **state)
{
	(void)state;
	old_init(&o, 60);
	o.w.a.connection.force_encapsulation = true;
	open_world();
	assert_up(1);
	assert_true(o.w.a.children[0].encapsulated && o.w.b.children[0].encapsulated);
	assert_int_equal(isakmp_sa_local(old_sa(&o.w.a))->port, htons(4500));
	assert_int_equal(isakmp_sa_peer(old_sa(&o.w.b))->port, htons(4500));
	old_kind(&o, &o.w.b, IKE_EVENT_PROBE);
	old_settle(&o);
	assert_true(world_saw(&o.w, true, IKE_REPORT_ALIVE));
	old_end(&o);
	old_init(&o, 61);
	o.w.a.connection.force_encapsulation = true;
	o.w.a.connection.transport = o.w.b.connection.transport = true;
	open_world();
	assert_up(1);
	assert_true(o.w.b.children[0].transport && o.w.b.children[0].encapsulated);
	old_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_wrong_psk),
		cmocka_unit_test(test_wrong_identity),
		cmocka_unit_test(test_responder_of_another_name),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_old_only_when_configured),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_means_do_not_mix),
		cmocka_unit_test(test_pfs),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_dhcp_sa),
		cmocka_unit_test(test_leased_address),
		cmocka_unit_test(test_rekey_child),
		cmocka_unit_test(test_lifetimes),
		cmocka_unit_test(test_delete_child),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_initial_contact),
		cmocka_unit_test(test_nat),
	};
	make_certificates();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	eap_remove_credentials(rsa_dir);
	return failed;
}
