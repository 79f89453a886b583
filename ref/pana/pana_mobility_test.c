// SPDX-License-Identifier: Apache-2.0
/* The client on the move: addresses, pre-authentication, holding, and notifications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pana_mpa.h"
#include "ref/pana/pana_world_test.h"

/* RFC 5191 §5.6 */
static void test_address_update(void **state)
{
	struct pac_event moved = { .kind = PAC_MOVED };

	(void)state;
	open_session();
	moved.local = world_endpoint("198.51.100.20:40716");
	actions_clear(&w.actions);
	assert_int_equal(pac_event(w.pac, &moved, w.now, &w.actions), 0);
	world_collect(&w, false);
	assert_true(endpoint_equal(&w.air.flying[0].from, &moved.local));
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
	assert_true(endpoint_equal(&w.air.flying[0].to, &moved.local));
	world_settle(&w);
	assert_string_equal(words(true, PANA_REPORT_ADDRESS_UPDATED), "198.51.100.20:40716");
	assert_true(endpoint_equal(paa_session_peer(w.session), &moved.local));
	assert_ptr_equal(paa_find_peer(w.paa, &moved.local), w.session);
	assert_null(paa_find_peer(w.paa, &w.pac_config.local));
	/* and the agent's own requests go there */
	w.now += 2 * BTIME_S;
	world_paa_event(&w, PAA_PING);
	assert_true(endpoint_equal(&w.air.flying[0].to, &moved.local));
	world_end(&w);
}

/* A node that moves while it waits for an answer repeats its request from the new address. */
static void test_address_update_with_a_request_outstanding(void **state)
{
	struct pac_event moved = { .kind = PAC_MOVED };

	(void)state;
	open_session();
	world_event(&w, PAC_PING);
	w.air.count = 0;
	moved.local = world_endpoint("198.51.100.20:40716");
	actions_clear(&w.actions);
	assert_int_equal(pac_event(w.pac, &moved, w.now, &w.actions), 0);
	world_collect(&w, false);
	assert_int_equal(w.air.count, 0);
	world_run(&w, BTIME_MS);
	assert_true(endpoint_equal(paa_session_peer(w.session), &moved.local));
	assert_true(pac_open(w.pac));
	world_end(&w);
}

/* RFC 5873: E in everything until the move; then a ping without it makes the candidate serving. */
static void test_preauthentication(void **state)
{
	struct pac_event moved = { .kind = PAC_MOVED };

	(void)state;
	world_init(&w, 10);
	w.pac_config.preauth = true;
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	while (w.air.count) {
		struct packet p = flying(0);
		assert_true(pana_flags(&p) & PANA_E);
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	assert_int_equal(pac_access(w.pac), PANA_PREAUTHORISED);
	assert_int_equal(paa_session_access(w.session), PANA_PREAUTHORISED);
	assert_true(world_saw(&w, true, PANA_REPORT_PREAUTHORISED));
	assert_int_equal(pac_lifetime(w.pac), 600); /* bounded in time at a candidate */
	moved.local = world_endpoint("198.51.100.20:40716");
	actions_clear(&w.actions);
	assert_int_equal(pac_event(w.pac, &moved, w.now, &w.actions), 0);
	world_collect(&w, false);
	assert_flying(0, "PNR-P");
	world_settle(&w);
	assert_int_equal(pac_access(w.pac), PANA_AUTHORISED);
	assert_int_equal(paa_session_access(w.session), PANA_AUTHORISED);
	assert_true(world_saw(&w, false, PANA_REPORT_POSTAUTHORISED));
	assert_true(world_saw(&w, true, PANA_REPORT_POSTAUTHORISED));
	assert_true(world_saw(&w, true, PANA_REPORT_ADDRESS_UPDATED));
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_PING);
	assert_flying(0, "PNR-P");
	world_end(&w);
}

/* RFC 5873 §3, §5: to who does not support it E means nothing, and the client that asked for it
 * discards an initial PAR without it; so does a client that was not to be asked. */
static void test_preauthentication_not_supported(void **state)
{
	(void)state;
	world_init(&w, 10);
	w.pac_config.preauth = true;
	w.paa_config.preauth = false;
	world_begin(&w);
	authenticate();
	assert_int_equal(world_rejected(&w).reason, REJECT_FLAGS);
	assert_string_equal(world_rejected(&w).section, "RFC 5873 §3");
	assert_int_equal(w.air.sent, 2);
	world_end(&w);
	world_init(&w, 10);
	world_begin(&w);
	actions_clear(&w.actions);
	paa_start(w.paa, &w.pac_config.local, true, w.now, &w.actions);
	world_collect(&w, true);
	assert_flying(0, "PAR-S-E");
	world_settle(&w);
	assert_int_equal(world_rejected(&w).reason, REJECT_FLAGS);
	assert_string_equal(pac_state_name(w.pac), "INITIAL");
	world_end(&w);
}

/* A candidate that is never visited forgets by itself. */
static void test_preauthorisation_expires(void **state)
{
	(void)state;
	world_init(&w, 10);
	w.pac_config.preauth = true;
	w.pac_config.reauth_percent = 0;
	w.paa_config.preauth_lifetime = 30;
	world_begin(&w);
	authenticate();
	world_run(&w, 31 * BTIME_S);
	assert_int_equal(paa_count(w.paa), 0);
	assert_true(pac_closed(w.pac));
	world_end(&w);
}

static void pac_goes(enum pac_event_kind kind, const char *address)
{
	struct pac_event event = { .kind = kind, .local = world_endpoint(address) };

	actions_clear(&w.actions);
	assert_int_equal(pac_event(w.pac, &event, w.now, &w.actions), 0);
	world_collect(&w, false);
	world_settle(&w);
}

/* RFC 6252 C.2: held after leaving, address kept up to date, back by proof of the key. */
static void test_held_after_leaving(void **state)
{
	(void)state;
	open_session();
	pac_goes(PAC_LEFT, "198.51.100.20:40716");
	assert_int_equal(paa_session_access(w.session), PANA_HOLDING);
	assert_int_equal(pac_access(w.pac), PANA_HOLDING);
	assert_true(world_saw(&w, false, PANA_REPORT_HELD));
	assert_true(world_saw(&w, true, PANA_REPORT_ADDRESS_UPDATED));
	world_forget_reports(&w);
	/* the address goes on changing; every time it is held anew */
	w.now += 200 * BTIME_S;
	pac_goes(PAC_LEFT, "203.0.113.7:40716");
	assert_true(world_saw(&w, true, PANA_REPORT_ADDRESS_UPDATED));
	w.now += 200 * BTIME_S;
	world_run(&w, BTIME_MS);
	assert_int_equal(paa_count(w.paa), 1);
	pac_goes(PAC_MOVED, "192.0.2.12:40716");
	assert_int_equal(paa_session_access(w.session), PANA_AUTHORISED);
	assert_int_equal(pac_access(w.pac), PANA_AUTHORISED);
	assert_true(world_saw(&w, true, PANA_REPORT_POSTAUTHORISED));
	/* no EAP was spoken */
	assert_same_keys();
	/* held for good after the hold time */
	pac_goes(PAC_LEFT, "198.51.100.20:40716");
	world_run(&w, 301 * BTIME_S);
	assert_int_equal(paa_count(w.paa), 0);
	world_end(&w);
}

/* The agent's own network says that the client is gone. */
static void test_agent_notices_leaving(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(world_paa_event(&w, PAA_LEFT), 0);
	assert_int_equal(paa_session_access(w.session), PANA_HOLDING);
	assert_int_equal(world_paa_event(&w, PAA_LEFT), -1);
	w.now += 2 * BTIME_S;
	world_event(&w, PAC_PING);
	world_settle(&w);
	assert_int_equal(paa_session_access(w.session), PANA_AUTHORISED);
	world_end(&w);
}

static struct element_value status_element(uint16_t id, uint8_t *storage)
{
	struct mpa_handover_status status = { .request_id = id, .code = MPA_DONE };
	return mpa_encode_handover_status(&status, storage);
}

static unsigned notified(bool paa)
{
	unsigned n = 0;
	for (unsigned i = 0; i < w.report_count; i++)
		n += w.reports[i].paa == paa && w.reports[i].report == PANA_REPORT_NOTIFIED;
	return n;
}

static void test_notifications(void **state)
{
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	open_session();
	struct element_value e = status_element(1, storage);
	actions_clear(&w.actions);
	assert_int_equal(pac_notify(w.pac, &e, 1, w.now, &w.actions), 0);
	world_collect(&w, false);
	assert_flying(0, "PNR-P");
	struct packet p = flying(0);
	assert_non_null(packet_find(&p, PANA_VENDOR, PANA_MPA_HANDOVER_STATUS));
	/* the next ones wait for their turn and keep their order */
	for (uint16_t i = 2; i < 6; i++) {
		e = status_element(i, storage);
		actions_clear(&w.actions);
		assert_int_equal(pac_notify(w.pac, &e, 1, w.now, &w.actions), 0);
		world_collect(&w, false);
	}
	memset(storage, 0xee, sizeof(storage)); /* the values were copied */
	assert_int_equal(w.air.count, 1);
	uint16_t id = 1;
	while (w.air.count) {
		p = flying(0);
		const struct element_value *v =
			packet_find(&p, PANA_VENDOR, PANA_MPA_HANDOVER_STATUS);
		if (v) {
			struct mpa_handover_status status;
			assert_int_equal(mpa_decode_handover_status(v->value, &status), 0);
			assert_int_equal(status.request_id, id++);
		}
		struct flying f = world_take(&w, 0);
		assert_int_equal(world_deliver(&w, &f), 0);
	}
	assert_int_equal(id, 6);
	assert_int_equal(notified(true), 5);
	assert_string_equal(pac_state_name(w.pac), "OPEN");
	/* and the other way */
	e = status_element(9, storage);
	actions_clear(&w.actions);
	assert_int_equal(paa_notify(w.paa, w.session, &e, 1, w.now, &w.actions), 0);
	world_collect(&w, true);
	world_settle(&w);
	assert_int_equal(notified(false), 1);
	assert_true(world_saw(&w, true, PANA_REPORT_ACKNOWLEDGED));
	world_end(&w);
}

static void test_notification_waits_for_reauthentication(void **state)
{
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	open_session();
	world_event(&w, PAC_REAUTHENTICATE);
	struct element_value e = status_element(1, storage);
	actions_clear(&w.actions);
	assert_int_equal(pac_notify(w.pac, &e, 1, w.now, &w.actions), 0);
	world_collect(&w, false);
	assert_int_equal(w.air.count, 1);
	assert_flying(0, "PNR-A");
	world_settle(&w);
	assert_int_equal(notified(true), 1);
	assert_true(pac_open(w.pac));
	world_end(&w);
}

static void test_notification_limits(void **state)
{
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value e = status_element(1, storage);

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	actions_clear(&w.actions);
	assert_int_equal(pac_notify(w.pac, &e, 1, w.now, &w.actions), -1); /* no session */
	world_end(&w);
	open_session();
	unsigned taken = 0;
	while (pac_notify(w.pac, &e, 1, w.now, &w.actions) == 0) {
		world_collect(&w, false);
		taken++;
	}
	assert_int_equal(taken, 1 + PANA_NOTIFICATIONS_MAX);
	assert_int_equal(pac_notify(w.pac, &e, 0, w.now, &w.actions), -1);
	world_end(&w);
	/* nothing that no key protects */
	world_init(&w, 2);
	w.pac_eap.keyed = w.paa_eap.keyed = false;
	world_begin(&w);
	authenticate();
	assert_true(pac_open(w.pac));
	assert_int_equal(pac_notify(w.pac, &e, 1, w.now, &w.actions), -1);
	assert_int_equal(paa_notify(w.paa, w.session, &e, 1, w.now, &w.actions), -1);
	uint32_t id = pac_session_id(w.pac);
	struct flying f = forge(true, PANA_NOTIFICATION, PANA_R | PANA_P, id, 1, &e, 1);
	assert_rejects(&f, REJECT_NO_INTEGRITY);
	assert_int_equal(notified(true), 0);
	world_end(&w);
}

static struct element_value neighbour(const char *bssid, uint8_t *storage)
{
	struct mpa_neighbour n = { .address = world_endpoint("198.51.100.11"),
		.agent = world_endpoint("198.51.100.1") };

	memcpy(n.bssid, bssid, 6);
	return mpa_encode_neighbour(&n, storage);
}

/* How many access points the last PAR that flew to the client has told of. */
static unsigned neighbours_told(void)
{
	unsigned told = 0;

	while (w.air.count) {
		struct packet p = flying(0);
		for (unsigned i = 0; i < MPA_NEIGHBOURS_MAX; i++)
			if (packet_find_nth(&p, PANA_VENDOR, PANA_MPA_NEIGHBOUR, i)) {
				assert_true(pana_flags(&p) & PANA_C);
				told++;
			}
		struct flying f = world_take(&w, 0);
		world_deliver(&w, &f);
	}
	return told;
}

/* FAP §5: with the result, where AUTH protects it, at each authentication. */
static void test_neighbours_with_the_result(void **state)
{
	uint8_t storage[2][MPA_VALUE_MAX];
	const struct element_value list[] = { neighbour("\2\0\0\0\0\1", storage[0]),
		neighbour("\2\0\0\0\0\2", storage[1]) };

	(void)state;
	for (int keyed = 0; keyed < 2; keyed++) {
		world_init(&w, 11);
		w.paa_config.result_avps = list;
		w.paa_config.result_avp_count = 2;
		w.pac_eap.keyed = w.paa_eap.keyed = keyed;
		world_begin(&w);
		world_event(&w, PAC_AUTHENTICATE);
		assert_int_equal(neighbours_told(), keyed ? 2 : 0);
		assert_true(pac_open(w.pac));
		assert_int_equal(world_saw(&w, false, PANA_REPORT_NOTIFIED), keyed);
		world_forget_reports(&w);
		world_event(&w, PAC_REAUTHENTICATE);
		assert_int_equal(neighbours_told(), keyed ? 2 : 0);
		assert_true(world_saw(&w, false, PANA_REPORT_REAUTHENTICATED));
		assert_int_equal(world_saw(&w, false, PANA_REPORT_NOTIFIED), keyed);
		world_end(&w);
	}
	world_init(&w, 11); /* who is refused is told nothing */
	w.paa_config.result_avps = list;
	w.paa_config.result_avp_count = 2;
	w.refuse = true;
	world_begin(&w);
	world_event(&w, PAC_AUTHENTICATE);
	assert_int_equal(neighbours_told(), 0);
	assert_false(world_saw(&w, false, PANA_REPORT_NOTIFIED));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours_with_the_result),
		cmocka_unit_test(test_address_update),
		cmocka_unit_test(test_address_update_with_a_request_outstanding),
		cmocka_unit_test(test_preauthentication),
		cmocka_unit_test(test_preauthentication_not_supported),
		cmocka_unit_test(test_preauthorisation_expires),
		cmocka_unit_test(test_held_after_leaving),
		cmocka_unit_test(test_agent_notices_leaving),
		cmocka_unit_test(test_notifications),
		cmocka_unit_test(test_notification_waits_for_reauthentication),
		cmocka_unit_test(test_notification_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
