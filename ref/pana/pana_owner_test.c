// SPDX-License-Identifier: Apache-2.0
/* What the owners of client and agent ask for, at good and at awkward moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pana_world_test.h"

static void deliver(unsigned n)
{
	while (n--) {
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
}

/* Given up before the session is open: no message, RFC 5191 §5.5 would have it discarded. */
static void test_given_up_early(void **state)
{
	(void)state;
	for (unsigned after = 0; after < 8; after++) {
		world_init(&w, 1);
		world_begin(&w);
		world_event(&w, PAC_AUTHENTICATE);
		deliver(after);
		w.air.count = 0;
		assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
		assert_int_equal(w.air.count, 0);
		assert_true(pac_closed(w.pac));
		assert_int_equal(world_event(&w, PAC_TERMINATE), -1);
		world_run(&w, 400 * BTIME_S);
		assert_int_equal(paa_count(w.paa), 0);
		world_end(&w);
	}
}

static void test_agent_gives_up_early(void **state)
{
	(void)state;
	for (unsigned after = 3; after < 7; after++) {
		world_init(&w, 1);
		world_begin(&w);
		world_event(&w, PAC_AUTHENTICATE);
		deliver(after);
		w.air.count = 0;
		assert_int_equal(world_paa_event(&w, PAA_TERMINATE), 0);
		assert_int_equal(w.air.count, 0);
		assert_int_equal(paa_count(w.paa), 0);
		assert_true(world_saw(&w, true, PANA_REPORT_FAILED));
		world_end(&w);
	}
}

/* The last PAR is on its way: the client may be open, so the PTR comes after the last PAN. */
static void test_termination_waits_for_the_last_exchange(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	deliver(7);
	assert_flying(0, "PAR-C");
	assert_int_equal(world_paa_event(&w, PAA_TERMINATE), 0);
	assert_int_equal(w.air.count, 1);
	world_settle(&w);
	assert_true(pac_closed(w.pac));
	assert_true(world_saw(&w, false, PANA_REPORT_TERMINATED));
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

static void test_termination_during_reauthentication(void **state)
{
	(void)state;
	for (unsigned by_paa = 0; by_paa < 2; by_paa++)
		for (unsigned after = 0; after < 7; after++) {
			open_session();
			world_event(&w, PAC_REAUTHENTICATE);
			deliver(after);
			int taken = by_paa ? world_paa_event(&w, PAA_TERMINATE)
					   : world_event(&w, PAC_TERMINATE);
			assert_int_equal(taken, 0);
			world_run(&w, 200 * BTIME_S);
			if (!pac_closed(w.pac))
				fail_msg("after %u: client %s", after, pac_state_name(w.pac));
			assert_int_equal(paa_count(w.paa), 0);
			assert_false(world_saw(&w, false, PANA_REPORT_UNREACHABLE));
			assert_false(world_saw(&w, true, PANA_REPORT_UNREACHABLE));
			world_end(&w);
		}
}

/* Re-authentication that is asked for while a ping is out begins when the ping is answered. */
static void test_reauthentication_waits_for_a_ping(void **state)
{
	(void)state;
	open_session();
	world_event(&w, PAC_PING);
	assert_int_equal(world_event(&w, PAC_REAUTHENTICATE), 0);
	assert_int_equal(w.air.count, 1);
	world_settle(&w);
	assert_true(world_saw(&w, false, PANA_REPORT_REAUTHENTICATED));
	world_forget_reports(&w);
	w.now += 2 * BTIME_S;
	world_paa_event(&w, PAA_PING);
	assert_int_equal(world_paa_event(&w, PAA_REAUTHENTICATE), 0);
	assert_int_equal(w.air.count, 1);
	world_settle(&w);
	assert_true(world_saw(&w, true, PANA_REPORT_REAUTHENTICATED));
	assert_same_keys();
	world_end(&w);
}

static void test_agent_reauthenticates_by_itself(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.paa_config.lifetime = 100;
	w.paa_config.reauth_percent = 50;
	w.pac_config.reauth_percent = 0;
	world_begin(&w);
	authenticate();
	world_run(&w, 51 * BTIME_S);
	assert_true(world_saw(&w, true, PANA_REPORT_REAUTHENTICATED));
	world_run(&w, 1000 * BTIME_S);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

static void test_client_tests_liveness(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.pac_config.common.ping_interval = 10 * BTIME_S;
	w.pac_config.common.request.mrc = 2;
	world_begin(&w);
	authenticate();
	world_forget_reports(&w);
	world_run(&w, 25 * BTIME_S);
	assert_true(world_saw(&w, false, PANA_REPORT_ALIVE));
	/* the agent loses its memory: the client finds out */
	assert_int_equal(world_paa_event(&w, PAA_FORGET), 0);
	assert_int_equal(paa_count(w.paa), 0);
	world_run(&w, 30 * BTIME_S);
	assert_true(pac_closed(w.pac));
	assert_true(world_saw(&w, false, PANA_REPORT_UNREACHABLE));
	world_end(&w);
}

/* The client's EAP wants nothing to do with this server. */
static void test_client_refuses_the_server(void **state)
{
	(void)state;
	for (unsigned optimized = 0; optimized < 2; optimized++) {
		world_init(&w, 1);
		w.pac_eap.refuse = true;
		w.paa_config.optimized = optimized;
		world_begin(&w);
		authenticate();
		assert_true(pac_closed(w.pac));
		assert_string_equal(words(false, PANA_REPORT_FAILED),
			"the server is not to be trusted");
		world_run(&w, 400 * BTIME_S);
		assert_int_equal(paa_count(w.paa), 0);
		world_end(&w);
	}
}

static void test_no_eap_to_be_had(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.paa_eap.none = true;
	world_begin(&w);
	authenticate();
	assert_int_equal(world_rejected(&w).reason, REJECT_REFUSED);
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
	world_init(&w, 1);
	w.paa_eap.none = w.paa_config.optimized = true;
	world_begin(&w);
	authenticate();
	assert_true(world_saw(&w, true, PANA_REPORT_FAILED));
	world_end(&w);
	world_init(&w, 1);
	w.pac_eap.none = true;
	world_begin(&w);
	authenticate();
	assert_int_equal(world_rejected(&w).reason, REJECT_REFUSED);
	world_end(&w);
	/* and none for re-authentication */
	open_session();
	w.paa_eap.none = true;
	world_event(&w, PAC_REAUTHENTICATE);
	world_settle(&w);
	assert_string_equal(words(true, PANA_REPORT_FAILED), "no EAP server for this client");
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

/* A slow client of an agent that sends EAP in the initial PAR. */
static void test_slow_client_of_an_optimized_agent(void **state)
{
	(void)state;
	world_init(&w, 1);
	w.pac_eap.slow = w.paa_config.optimized = true;
	world_begin(&w);
	authenticate();
	assert_string_equal(pac_state_name(w.pac), "WAIT_EAP_MSG");
	for (unsigned round = 0; round < 2; round++) {
		world_run(&w, BTIME_S);
		fake_eap_wake(w.last_pac_eap);
		assert_int_equal(world_event(&w, PAC_EAP_READY), 0);
		world_settle(&w);
	}
	assert_true(pac_open(w.pac));
	assert_same_keys();
	world_end(&w);
}

/* A client that was restarted: discarded as RFC 5191 §5.5 wants it, or let in if so configured. */
static void test_restarted_client(void **state)
{
	(void)state;
	for (unsigned allowed = 0; allowed < 2; allowed++) {
		world_init(&w, 1);
		w.paa_config.allow_restart = allowed;
		world_begin(&w);
		authenticate();
		uint32_t old = pac_session_id(w.pac);
		w.now += 100 * BTIME_S;
		pac_free(w.pac);
		w.pac = pac_new(&w.pac_config);
		authenticate();
		assert_int_equal(pac_open(w.pac), allowed);
		if (allowed)
			assert_int_not_equal(pac_session_id(w.pac), old);
		else
			assert_int_equal(world_rejected(&w).reason, REJECT_STATE);
		assert_int_equal(paa_count(w.paa), 1 + allowed);
		world_end(&w);
	}
}

static void test_events_at_the_wrong_time(void **state)
{
	static const enum pac_event_kind of_client[] = { PAC_REAUTHENTICATE, PAC_PING, PAC_MOVED,
		PAC_LEFT, PAC_EAP_READY };

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(world_event(&w, of_client[i]), -1);
	assert_int_equal(world_event(&w, PAC_AUTHENTICATE), 0);
	assert_int_equal(world_event(&w, PAC_AUTHENTICATE), -1);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(world_event(&w, of_client[i]), -1);
	world_settle(&w);
	assert_int_equal(world_event(&w, PAC_AUTHENTICATE), -1);
	assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
	world_settle(&w);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(world_event(&w, of_client[i]), -1);
	assert_int_equal(w.air.count, 0);
	world_end(&w);
	/* a client without an agent waits to be asked */
	world_init(&w, 1);
	memset(&w.pac_config.paa, 0, sizeof(w.pac_config.paa));
	world_begin(&w);
	assert_int_equal(world_event(&w, PAC_AUTHENTICATE), -1);
	actions_clear(&w.actions);
	assert_non_null(paa_start(w.paa, &w.pac_config.local, false, w.now, &w.actions));
	world_collect(&w, true);
	while (w.air.count) {
		struct flying f = world_take(&w, 0);
		if (!f.to_second)
			f.from = w.paa_config.local;
		world_deliver(&w, &f);
	}
	assert_true(pac_open(w.pac));
	world_end(&w);
}

static void test_what_there_is_to_know(void **state)
{
	int owner;

	(void)state;
	open_session();
	paa_session_set_owner(w.session, &owner);
	assert_ptr_equal(paa_session_owner(w.session), &owner);
	assert_int_equal(paa_session_lifetime(w.session), 3600);
	assert_true(paa_session_expires(w.session) == pac_expires(w.pac));
	assert_null(paa_session_eap(w.session));
	assert_true(endpoint_equal(pac_peer(w.pac), &w.pac_config.paa));
	unsigned taken = 0;
	for (unsigned i = 0; i < paa_fsm()->count; i++)
		taken += paa_fsm_hits(w.paa)[i];
	assert_in_range(taken, 5, 20);
	assert_string_equal(pana_access_name(pac_access(w.pac)), "authorised");
	assert_int_equal(pac_rejected(w.pac, REJECT_VALUE), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up_early),
		cmocka_unit_test(test_agent_gives_up_early),
		cmocka_unit_test(test_termination_waits_for_the_last_exchange),
		cmocka_unit_test(test_termination_during_reauthentication),
		cmocka_unit_test(test_reauthentication_waits_for_a_ping),
		cmocka_unit_test(test_agent_reauthenticates_by_itself),
		cmocka_unit_test(test_client_tests_liveness),
		cmocka_unit_test(test_client_refuses_the_server),
		cmocka_unit_test(test_no_eap_to_be_had),
		cmocka_unit_test(test_slow_client_of_an_optimized_agent),
		cmocka_unit_test(test_restarted_client),
		cmocka_unit_test(test_events_at_the_wrong_time),
		cmocka_unit_test(test_what_there_is_to_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
