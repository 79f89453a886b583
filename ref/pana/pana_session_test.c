// SPDX-License-Identifier: Apache-2.0
/* Client and agent against each other on a network that loses nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pana_world_test.h"

/* RFC 5191 §4.1, Figure 1, message by message. */
static void test_authentication(void **state)
{
	static const char *const names[] = { "PCI", "PAR-S", "PAN-S", "PAR", "PAN", "PAR", "PAN",
		"PAR-C", "PAN-C" };

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(w.air.count, 1);
		assert_flying(0, names[i]);
		struct packet p = flying(0);
		bool nonce = packet_find(&p, 0, PANA_AVP_NONCE) != NULL;
		/* a nonce in the first pair after the initial one and nowhere else */
		assert_int_equal(nonce, i == 3 || i == 4);
		bool last = i >= 7;
		assert_int_equal(packet_find(&p, 0, PANA_AVP_AUTH) != NULL, last);
		assert_int_equal(packet_find(&p, 0, PANA_AVP_KEY_ID) != NULL, last);
		struct flying f = world_take(&w, 0);
		assert_int_equal(world_deliver(&w, &f), 0);
	}
	assert_int_equal(w.air.count, 0);
	assert_string_equal(pac_state_name(w.pac), "OPEN");
	assert_string_equal(paa_session_state(w.session), "OPEN");
	assert_true(world_saw(&w, false, PANA_REPORT_AUTHENTICATED));
	assert_string_equal(words(true, PANA_REPORT_AUTHENTICATED), "mn1@example");
	assert_same_keys();
	assert_int_equal(pac_session_id(w.pac), paa_session_id(w.session));
	assert_int_equal(pac_lifetime(w.pac), 3600);
	assert_int_equal(paa_half_open(w.paa), 0);
	assert_int_equal(pac_access(w.pac), PANA_AUTHORISED);
	assert_string_equal(paa_session_method(w.session), "fake");
	world_end(&w);
}

/* RFC 5191 §5.2: a client and an agent each count their own requests, up to the wrap. */
static void test_sequence_numbers(void **state)
{
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	uint32_t expected = (uint32_t)flying(0).header[PANA_SEQUENCE];
	for (unsigned i = 0; w.air.count; i++) {
		struct packet p = flying(0);
		assert_int_equal((uint32_t)p.header[PANA_SEQUENCE], expected);
		expected += !pana_is_request(&p);
		f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	world_end(&w);
}

static void test_authentication_without_keys(void **state)
{
	(void)state;
	world_init(&w, 2);
	w.pac_eap.keyed = w.paa_eap.keyed = false;
	world_begin(&w);
	authenticate();
	assert_true(pac_open(w.pac));
	assert_null(pac_keys(w.pac));
	assert_null(paa_session_keys(w.session));
	/* the session works, unprotected */
	w.now += 2 * BTIME_S;
	assert_int_equal(world_event(&w, PAC_PING), 0);
	struct packet p = flying(0);
	assert_null(packet_find(&p, 0, PANA_AVP_AUTH));
	world_settle(&w);
	assert_true(world_saw(&w, false, PANA_REPORT_ALIVE));
	assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
	world_settle(&w);
	assert_true(pac_closed(w.pac));
	world_end(&w);
}

static void test_keys_required(void **state)
{
	(void)state;
	world_init(&w, 2);
	w.pac_eap.keyed = w.paa_eap.keyed = false;
	w.paa_config.common.require_key = true;
	world_begin(&w);
	authenticate();
	assert_true(pac_closed(w.pac));
	assert_string_equal(words(false, PANA_REPORT_FAILED),
		"authenticated, but not authorised: PANA_AUTHORIZATION_REJECTED");
	world_end(&w);
	world_init(&w, 2);
	w.pac_eap.keyed = w.paa_eap.keyed = false;
	w.pac_config.common.require_key = true;
	world_begin(&w);
	authenticate();
	assert_false(pac_open(w.pac));
	assert_int_equal(world_rejected(&w).reason, REJECT_MISSING);
	world_end(&w);
}

static void test_algorithms(void **state)
{
	static const unsigned sizes[] = { 20, 16 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		world_init(&w, 3);
		memset(w.pac_config.common.prfs, 0, sizeof(w.pac_config.common.prfs));
		memset(w.pac_config.common.integrities, 0, sizeof(w.pac_config.common.integrities));
		w.pac_config.common.prfs[0] = i ? PANA_PRF_HMAC_SHA2_256 : PANA_PRF_HMAC_SHA1;
		w.pac_config.common.integrities[0] =
			i ? PANA_AUTH_HMAC_SHA2_256_128 : PANA_AUTH_HMAC_SHA1_160;
		world_begin(&w);
		authenticate();
		assert_true(pac_open(w.pac));
		assert_same_keys();
		w.now += 2 * BTIME_S;
		world_event(&w, PAC_PING);
		struct packet p = flying(0);
		assert_int_equal(packet_find(&p, 0, PANA_AVP_AUTH)->value.size, sizes[i]);
		world_end(&w);
	}
}

static void test_no_common_algorithm(void **state)
{
	(void)state;
	world_init(&w, 3);
	memset(w.paa_config.common.prfs, 0, sizeof(w.paa_config.common.prfs));
	w.paa_config.common.prfs[0] = PANA_PRF_HMAC_SHA1;
	memset(w.pac_config.common.prfs, 0, sizeof(w.pac_config.common.prfs));
	w.pac_config.common.prfs[0] = PANA_PRF_HMAC_SHA2_256;
	world_begin(&w);
	authenticate();
	assert_int_equal(world_rejected(&w).reason, REJECT_ALGORITHM);
	assert_int_equal(paa_count(w.paa), 0);
	world_run(&w, 120 * BTIME_S);
	assert_true(pac_closed(w.pac));
	world_end(&w);
}

/* RFC 5191 §4.1: PAR with the result is repeated until it is answered; no session is left. */
static void test_refused_by_eap(void **state)
{
	(void)state;
	world_init(&w, 4);
	w.paa_eap.fail = true;
	world_begin(&w);
	authenticate();
	assert_true(pac_closed(w.pac));
	assert_string_equal(words(false, PANA_REPORT_FAILED),
		"refused by the network: PANA_AUTHENTICATION_REJECTED");
	assert_string_equal(words(true, PANA_REPORT_FAILED), "the script says so");
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

/* RFC 5191 §4.1: EAP fails without a message: the agent ends silently, the client by its timer. */
static void test_silent_failure(void **state)
{
	(void)state;
	world_init(&w, 4);
	w.paa_eap.silent = true;
	world_begin(&w);
	authenticate();
	assert_int_equal(paa_count(w.paa), 0);
	assert_false(pac_closed(w.pac));
	world_run(&w, 61 * BTIME_S);
	assert_true(pac_closed(w.pac));
	world_end(&w);
}

/* RFC 5191 §4.1: authenticated, not authorised: protected by the new key, then nothing is left. */
static void test_refused_by_policy(void **state)
{
	(void)state;
	world_init(&w, 5);
	w.refuse = true;
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	while (w.air.count) {
		struct packet p = flying(0);
		if (pana_flags(&p) & PANA_C) {
			assert_non_null(packet_find(&p, 0, PANA_AVP_KEY_ID));
			assert_non_null(packet_find(&p, 0, PANA_AVP_AUTH));
			if (pana_is_request(&p))
				assert_int_equal(packet_uint(&p, 0, PANA_AVP_RESULT_CODE, 0),
					PANA_AUTHORIZATION_REJECTED);
		}
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	assert_true(pac_closed(w.pac));
	assert_string_equal(words(false, PANA_REPORT_FAILED),
		"authenticated, but not authorised: PANA_AUTHORIZATION_REJECTED");
	assert_null(pac_keys(w.pac));
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

/* Another secret: both derive keys, but not the same. */
static void test_wrong_credentials(void **state)
{
	(void)state;
	world_init(&w, 5);
	w.pac_eap.secret = 2;
	world_begin(&w);
	authenticate();
	assert_false(pac_open(w.pac));
	assert_int_equal(world_rejected(&w).reason, REJECT_INTEGRITY);
	world_run(&w, 400 * BTIME_S);
	assert_true(pac_closed(w.pac));
	assert_int_equal(paa_count(w.paa), 0);
	assert_false(world_saw(&w, true, PANA_REPORT_AUTHENTICATED));
	world_end(&w);
}

static void test_session_the_agent_begins(void **state)
{
	(void)state;
	world_init(&w, 8);
	world_begin(&w);
	actions_clear(&w.actions);
	struct paa_session *s =
		paa_start(w.paa, &w.pac_config.local, false, w.now, &w.actions);
	assert_non_null(s);
	world_collect(&w, true);
	w.air.flying[0].from = w.paa_config.local;
	assert_flying(0, "PAR-S");
	for (unsigned i = 0; i < w.air.count; i++)
		w.air.flying[i].from = w.paa_config.local;
	world_settle(&w);
	assert_true(pac_open(w.pac));
	assert_same_keys();
	/* no second one with the same client */
	assert_null(paa_start(w.paa, &w.pac_config.local, false, w.now, &w.actions));
	world_end(&w);
}

/* RFC 5191 §4.1: the agent has sent its PAR, the client its PCI: the PCI is discarded. */
static void test_both_begin(void **state)
{
	(void)state;
	world_init(&w, 8);
	world_begin(&w);
	actions_clear(&w.actions);
	paa_start(w.paa, &w.pac_config.local, false, w.now, &w.actions);
	world_collect(&w, true);
	world_event(&w, PAC_AUTHENTICATE);
	assert_int_equal(w.air.count, 2);
	assert_flying(1, "PCI");
	struct flying f = world_take(&w, 1);
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(world_rejected(&w).reason, REJECT_STATE);
	world_settle(&w);
	assert_true(pac_open(w.pac));
	assert_int_equal(paa_count(w.paa), 1);
	world_end(&w);
}

static void test_reauthentication_by_the_client(void **state)
{
	static const char *const names[] = { "PNR-A", "PNA-A", "PAR", "PAN", "PAR", "PAN", "PAR-C",
		"PAN-C" };

	(void)state;
	open_session();
	struct pana_session_keys before = *pac_keys(w.pac);
	assert_int_equal(world_event(&w, PAC_REAUTHENTICATE), 0);
	for (unsigned i = 0; i < 8; i++) {
		assert_flying(0, names[i]);
		struct packet p = flying(0);
		/* §4.3: everything is protected */
		assert_non_null(packet_find(&p, 0, PANA_AVP_AUTH));
		struct flying f = world_take(&w, 0);
		assert_int_equal(world_deliver(&w, &f), 0);
	}
	assert_int_equal(w.air.count, 0);
	assert_true(world_saw(&w, false, PANA_REPORT_REAUTHENTICATED));
	assert_true(world_saw(&w, true, PANA_REPORT_REAUTHENTICATED));
	assert_same_keys();
	/* new nonces and a new Key-Id: other keys though the fake method's MSK is the same */
	assert_int_not_equal(before.key_id, pac_keys(w.pac)->key_id);
	assert_memory_not_equal(before.mn_ar, pac_keys(w.pac)->mn_ar, MPA_KEY_SIZE);
	world_end(&w);
}

static void test_reauthentication_by_the_agent(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(world_paa_event(&w, PAA_REAUTHENTICATE), 0);
	assert_flying(0, "PAR");
	world_settle(&w);
	assert_true(world_saw(&w, false, PANA_REPORT_REAUTHENTICATED));
	assert_same_keys();
	world_end(&w);
}

/* §4.3: a client that is refused this time has no session any more. */
static void test_reauthentication_fails(void **state)
{
	(void)state;
	open_session();
	w.paa_eap.fail = true;
	world_event(&w, PAC_REAUTHENTICATE);
	world_settle(&w);
	assert_true(pac_closed(w.pac));
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

static void test_reauthentication_by_itself(void **state)
{
	(void)state;
	world_init(&w, 9);
	w.paa_config.lifetime = 100;
	world_begin(&w);
	authenticate();
	world_forget_reports(&w);
	world_run(&w, 79 * BTIME_S);
	assert_false(world_saw(&w, false, PANA_REPORT_REAUTHENTICATED));
	world_run(&w, 2 * BTIME_S);
	assert_true(world_saw(&w, false, PANA_REPORT_REAUTHENTICATED));
	world_run(&w, 1000 * BTIME_S);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* §5.7 */
static void test_lifetime_ends(void **state)
{
	(void)state;
	world_init(&w, 9);
	w.paa_config.lifetime = 100;
	w.pac_config.reauth_percent = 0;
	world_begin(&w);
	authenticate();
	world_run(&w, 101 * BTIME_S);
	assert_true(pac_closed(w.pac));
	assert_true(world_saw(&w, false, PANA_REPORT_EXPIRED));
	assert_true(world_saw(&w, true, PANA_REPORT_EXPIRED));
	assert_int_equal(paa_count(w.paa), 0);
	assert_null(pac_keys(w.pac));
	world_end(&w);
}

static void test_ping(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(world_event(&w, PAC_PING), 0);
	/* §4.2: MUST limit the rate */
	assert_int_equal(world_event(&w, PAC_PING), -1);
	world_settle(&w);
	assert_true(world_saw(&w, false, PANA_REPORT_ALIVE));
	assert_int_equal(world_event(&w, PAC_PING), -1);
	w.now += BTIME_S;
	assert_int_equal(world_event(&w, PAC_PING), 0);
	world_settle(&w);
	world_forget_reports(&w);
	assert_int_equal(world_paa_event(&w, PAA_PING), 0);
	assert_int_equal(world_paa_event(&w, PAA_PING), -1);
	world_settle(&w);
	assert_true(world_saw(&w, true, PANA_REPORT_ALIVE));
	world_end(&w);
}

static void test_termination(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(world_event(&w, PAC_TERMINATE), 0);
	assert_flying(0, "PTR");
	struct packet p = flying(0);
	assert_int_equal(packet_uint(&p, 0, PANA_AVP_TERMINATION_CAUSE, 0), PANA_LOGOUT);
	world_settle(&w);
	assert_true(pac_closed(w.pac));
	assert_string_equal(words(true, PANA_REPORT_TERMINATED), "LOGOUT");
	/* the agent answers the PTR again for a while, and then knows nothing */
	assert_int_equal(paa_count(w.paa), 1);
	world_run(&w, 36 * BTIME_S);
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
	open_session();
	assert_int_equal(world_paa_event(&w, PAA_TERMINATE), 0);
	world_settle(&w);
	assert_true(pac_closed(w.pac));
	assert_string_equal(words(false, PANA_REPORT_TERMINATED), "ADMINISTRATIVE");
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

/* A client that comes back at once, to the same port: the agent has not forgotten the session that
 * ended, and the new one would have its name (RFC 5191 §4.1, an agent without state). */
static void test_return_at_once(void **state)
{
	(void)state;
	open_session();
	uint32_t id = pac_session_id(w.pac);
	world_event(&w, PAC_TERMINATE);
	world_settle(&w);
	assert_true(pac_closed(w.pac));
	assert_int_equal(paa_count(w.paa), 1);
	pac_free(w.pac);
	w.pac = pac_new(&w.pac_config);
	world_event(&w, PAC_AUTHENTICATE);
	world_settle(&w);
	assert_true(pac_open(w.pac));
	assert_int_equal(pac_session_id(w.pac), id);
	assert_int_equal(paa_count(w.paa), 1);
	assert_same_keys();
	world_end(&w);
}

/* An EAP end that has to ask somebody else. */
static void test_slow_eap(void **state)
{
	(void)state;
	world_init(&w, 11);
	w.paa_eap.slow = true;
	world_begin(&w);
	authenticate();
	assert_int_equal(paa_half_open(w.paa), 1);
	assert_string_equal(paa_session_state(w.session), "WAIT_EAP_MSG");
	for (unsigned i = 0; i < 2; i++) {
		actions_clear(&w.actions);
		assert_int_equal(paa_eap_ready(w.paa, w.session, w.now, &w.actions), -1);
		fake_eap_wake(paa_session_eap(w.session));
		assert_int_equal(paa_eap_ready(w.paa, w.session, w.now, &w.actions), 0);
		world_collect(&w, true);
		world_settle(&w);
	}
	assert_true(pac_open(w.pac));
	world_end(&w);
	/* a client whose EAP is slow answers the PAR after a while, and sends a PAR of its own */
	world_init(&w, 11);
	w.pac_eap.slow = true;
	w.pac_eap.rounds = w.paa_eap.rounds = 1;
	world_begin(&w);
	authenticate();
	assert_string_equal(pac_state_name(w.pac), "WAIT_EAP_MSG");
	world_run(&w, 499 * BTIME_MS);
	assert_string_equal(paa_session_state(w.session), "WAIT_PAN_OR_PAR");
	assert_true(world_tick(&w, w.now + BTIME_S));
	assert_flying(0, "PAN");
	struct packet p = flying(0);
	assert_null(packet_find(&p, 0, PANA_AVP_EAP_PAYLOAD));
	world_settle(&w);
	assert_int_equal(world_event(&w, PAC_EAP_READY), -1);
	fake_eap_wake(w.last_pac_eap);
	assert_int_equal(world_event(&w, PAC_EAP_READY), 0);
	assert_flying(0, "PAR");
	world_settle(&w);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

static void test_eap_servers_refuse(void **state)
{
	(void)state;
	open_session();
	/* no EAP server for re-authentication: the session ends, silently */
	w.paa_eap.silent = true;
	world_event(&w, PAC_REAUTHENTICATE);
	world_settle(&w);
	assert_int_equal(paa_count(w.paa), 0);
	world_run(&w, 61 * BTIME_S);
	assert_true(pac_closed(w.pac));
	world_end(&w);
}

static void test_ip_reconfiguration(void **state)
{
	(void)state;
	world_init(&w, 12);
	w.paa_config.ip_reconfiguration = true;
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	while (w.air.count) {
		struct packet p = flying(0);
		bool par = pana_is_request(&p) && p.header[PANA_TYPE] == PANA_AUTH;
		/* §6.2: in PAR of this phase, and in nothing else */
		assert_int_equal(!!(pana_flags(&p) & PANA_I), par);
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	assert_true(pac_ip_reconfiguration(w.pac));
	world_event(&w, PAC_REAUTHENTICATE);
	while (w.air.count) {
		struct packet p = flying(0);
		assert_false(pana_flags(&p) & PANA_I);
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	world_end(&w);
}

static void test_ap_keys(void **state)
{
	static const uint8_t one[6] = { 2, 0, 0, 0, 1, 1 }, two[6] = { 2, 0, 0, 0, 1, 2 };
	uint8_t a[MPA_KEY_SIZE], b[MPA_KEY_SIZE], c[MPA_KEY_SIZE];

	(void)state;
	open_session();
	assert_int_equal(pac_ap_key(w.pac, one, a), 0);
	assert_int_equal(paa_session_ap_key(w.session, one, b), 0);
	assert_int_equal(paa_session_ap_key(w.session, two, c), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authentication),
		cmocka_unit_test(test_sequence_numbers),
		cmocka_unit_test(test_authentication_without_keys),
		cmocka_unit_test(test_keys_required),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_no_common_algorithm),
		cmocka_unit_test(test_refused_by_eap),
		cmocka_unit_test(test_silent_failure),
		cmocka_unit_test(test_refused_by_policy),
		cmocka_unit_test(test_wrong_credentials),
		cmocka_unit_test(test_session_the_agent_begins),
		cmocka_unit_test(test_both_begin),
		cmocka_unit_test(test_reauthentication_by_the_client),
		cmocka_unit_test(test_reauthentication_by_the_agent),
		cmocka_unit_test(test_reauthentication_fails),
		cmocka_unit_test(test_reauthentication_by_itself),
		cmocka_unit_test(test_lifetime_ends),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_termination),
		cmocka_unit_test(test_return_at_once),
		cmocka_unit_test(test_slow_eap),
		cmocka_unit_test(test_eap_servers_refuse),
		cmocka_unit_test(test_ip_reconfiguration),
		cmocka_unit_test(test_ap_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
