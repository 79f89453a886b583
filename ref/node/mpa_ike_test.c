// SPDX-License-Identifier: Apache-2.0
/* Handover tunnels by IKEv2 as both ends make them: the name of a key, the transforms, and the states
 * that the kernels get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ref/ike/ike_world.h"
#include "ref/node/child_sa.h"
#include "ref/node/mpa_ike.h"
#include "ref/node/transforms.h"

static struct world w;

static void names_of_keys(void **state)
{
	struct ike_id id, other = { .type = IKE_ID_FQDN, .size = 8, .data = "mn.examp" };
	uint32_t session, key;
	char text[64];

	(void)state;
	mpa_ike_id(0x01020304, 5, &id);
	assert_string_equal(ike_id_text(&id, text, sizeof(text)), "0x0102030400000005");
	assert_true(mpa_ike_id_read(&id, &session, &key));
	assert_int_equal(session, 0x01020304);
	assert_int_equal(key, 5);
	for (id.size = 0; id.size < 20; id.size++)
		assert_int_equal(mpa_ike_id_read(&id, &session, &key), id.size == 8);
	assert_false(mpa_ike_id_read(&other, &session, &key));
}

static void begin(uint32_t wanted, uint32_t allowed)
{
	static const uint8_t pool[4] = { 198, 51, 100, 8 };

	world_init(&w, 1);
	for (int k = 0; k < 2; k++) {
		struct ike_connection *c = k ? &w.b.connection : &w.a.connection, kept = *c;
		mpa_ike_connection(c, k ? allowed : wanted);
		c->name = kept.name;
		c->local = kept.local;
		c->remote = kept.remote;
		c->local_id = kept.local_id;
		c->remote_id = kept.remote_id;
		c->psk = kept.psk;
	}
	w.a.connection.ask_address = true;
	mpa_ike_everything(&w.a.connection.remote_ts);
	mpa_ike_everything(&w.b.connection.local_ts);
	memcpy(w.b.connection.pool, pool, 4);
	w.b.connection.pool_size = 1;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
}

/* The states of one end are the other's, the other way round. */
static void assert_same(enum mpa_transform transform)
{
	struct esp_sa a_in, a_out, b_in, b_out;

	assert_true(world_children_match(&w));
	assert_null(child_sa_states(&w.a.children[0], ike_sa_local(w.a.sa), ike_sa_peer(w.a.sa),
		&a_in, &a_out));
	assert_null(child_sa_states(&w.b.children[0], ike_sa_local(w.b.sa), ike_sa_peer(w.b.sa),
		&b_in, &b_out));
	assert_memory_equal(&a_in, &b_out, sizeof(a_in));
	assert_memory_equal(&a_out, &b_in, sizeof(a_out));
	assert_int_equal(a_in.suite, transform_of(transform)->suite);
	assert_string_equal(transform_name(a_in.suite), transform_of(transform)->name);
}

static void both_ends_have_the_same_tunnel(void **state)
{
	static const uint32_t all = MPA_AES_GCM | MPA_AES_CBC_SHA256 | MPA_NULL_SHA256;
	static const struct {
		uint32_t wanted, allowed;
		enum mpa_transform chosen;
	} cases[] = {
		{ all, all, MPA_AES_GCM }, /* the strongest, as mpa_choose_transform has it */
		{ all, MPA_AES_CBC_SHA256 | MPA_NULL_SHA256, MPA_AES_CBC_SHA256 },
		{ MPA_NULL_SHA256, all, MPA_NULL_SHA256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(mpa_choose_transform(cases[i].wanted, cases[i].allowed),
			cases[i].chosen);
		begin(cases[i].wanted, cases[i].allowed);
		assert_same(cases[i].chosen);
		world_end(&w);
	}
}

static void nothing_in_common_is_no_tunnel(void **state)
{
	(void)state;
	begin(MPA_NULL_SHA256, MPA_AES_GCM);
	assert_int_equal(w.a.child_count + w.b.child_count, 0);
	assert_string_equal(world_words(&w, IKE_REPORT_CHILD_FAILED), "NO_PROPOSAL_CHOSEN");
	world_end(&w);
}

static void selectors_as_prefixes(void **state)
{
	struct prefix p;
	struct ike_ts ts;

	(void)state;
	begin(MPA_AES_GCM, MPA_AES_GCM);
	assert_true(child_sa_prefix(&w.a.children[0].local_ts.list[0], &p));
	assert_int_equal(p.length, 32);
	assert_int_equal(p.address[3], 8);
	assert_true(child_sa_prefix(&w.a.children[0].remote_ts.list[0], &p));
	assert_int_equal(p.length, 0);
	ts = w.a.children[0].remote_ts.list[0];
	ts.end[3] = 7; /* no prefix */
	assert_false(child_sa_prefix(&ts, &p));
	ts = w.a.children[0].remote_ts.list[0];
	ts.protocol = 17;
	assert_false(child_sa_prefix(&ts, &p));
	ts = w.a.children[0].remote_ts.list[0];
	ts.start_port = 1;
	assert_false(child_sa_prefix(&ts, &p));
	world_end(&w);
}

/* A day with it: the router ends it by the session, IKE neither makes it anew nor moves it. */
static void nothing_by_itself(void **state)
{
	(void)state;
	begin(MPA_AES_GCM, MPA_AES_GCM);
	uint32_t spi = w.a.children[0].spi_in;
	assert_false(ike_sa_mobike(w.a.sa) || ike_sa_mobike(w.b.sa));
	world_run(&w, 24 * 3600 * BTIME_S);
	assert_true(world_up(&w));
	assert_int_equal(w.a.child_count, 1);
	assert_int_equal(w.a.children[0].spi_in, spi);
	assert_false(world_saw(&w, false, IKE_REPORT_REKEYED));
	world_end(&w);
}

static void what_the_kernel_has_not(void **state)
{
	struct ike_child_info child = { .suite = { .encr = IKE_ENCR_CHACHA20_POLY1305 } };
	struct endpoint here = { .family = AF_INET };
	struct esp_sa in, out;

	(void)state;
	assert_non_null(child_sa_states(&child, &here, &here, &in, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_keys),
		cmocka_unit_test(both_ends_have_the_same_tunnel),
		cmocka_unit_test(nothing_in_common_is_no_tunnel),
		cmocka_unit_test(selectors_as_prefixes),
		cmocka_unit_test(nothing_by_itself),
		cmocka_unit_test(what_the_kernel_has_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
