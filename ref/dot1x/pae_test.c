// SPDX-License-Identifier: Apache-2.0
/* Authenticator and supplicant against each other on a wire in memory, with a clock of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/dot1x/pae_authenticator.h"
#include "ref/dot1x/pae_supplicant.h"
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"

#define FRAMES_MAX 64

static const uint8_t station[MAC_SIZE] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t bridge[MAC_SIZE] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcde";

struct frame_kept {
	uint8_t octets[1600];
	size_t size;
	bool to_supplicant;
};

static struct world {
	struct random random;
	struct pae_authenticator authenticator;
	struct pae_supplicant supplicant;
	struct actions actions;
	btime now;
	struct frame_kept wire[FRAMES_MAX];
	unsigned first, count, sent;
	uint64_t lost; /* bit n: the n-th frame does not arrive */
	unsigned authenticator_events[8], supplicant_events[8];
	const char *secret;
} *w;

static bool find_user(void *context, const char *identity, struct eap_user *user)
{
	(void)context, (void)identity;
	*user = (struct eap_user){ .methods = { EAP_TYPE_PSK }, .has_psk = true };
	memcpy(user->psk, key, sizeof(key));
	return true;
}

static struct eap_end *new_server(void *context)
{
	(void)context;
	return eap_server_new(&(struct eap_server_config){ .lookup = find_user,
		.server_id = "bridge", .random = &w->random });
}

static void carry(bool from_supplicant)
{
	for (unsigned i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.list[i];
		unsigned *events = from_supplicant ? w->supplicant_events : w->authenticator_events;
		events[a->event]++;
		if (a->event != PAE_SEND)
			continue;
		bool lost = w->sent < 64 && w->lost >> w->sent & 1;
		w->sent++;
		if (lost)
			continue;
		assert_true(w->count < FRAMES_MAX);
		struct frame_kept *f = &w->wire[(w->first + w->count++) % FRAMES_MAX];
		assert_true(a->data.size <= sizeof(f->octets));
		memcpy(f->octets, a->data.data, a->data.size);
		f->size = a->data.size;
		f->to_supplicant = !from_supplicant;
	}
	assert_false(w->actions.overflowed);
	actions_clear(&w->actions);
}

static void deliver_all(void)
{
	while (w->count) {
		struct frame_kept f = w->wire[w->first];
		w->first = (w->first + 1) % FRAMES_MAX;
		w->count--;
		if (f.to_supplicant)
			pae_supplicant_input(&w->supplicant, VIEW(f.octets, f.size), w->now,
				&w->actions);
		else
			pae_authenticator_input(&w->authenticator, VIEW(f.octets, f.size), w->now,
				&w->actions);
		carry(f.to_supplicant);
	}
}

/* Until `end`, from one due time to the next. */
static void run_until(btime end)
{
	deliver_all();
	for (;;) {
		btime due = btime_min(pae_authenticator_due(&w->authenticator),
			pae_supplicant_due(&w->supplicant));
		if (due > end)
			break;
		w->now = due;
		pae_authenticator_tick(&w->authenticator, w->now, &w->actions);
		carry(false);
		pae_supplicant_tick(&w->supplicant, w->now, &w->actions);
		carry(true);
		deliver_all();
	}
	w->now = end;
}

static void begin(const char *secret, bool preauth)
{
	uint8_t psk[EAP_PSK_SIZE];
	struct pae_lan lan = { .ethertype = preauth ? EAPOL_PREAUTH_ETHERTYPE : EAPOL_ETHERTYPE,
		.group = !preauth };
	struct pae_authenticator_config a = { .eap_new = new_server };
	struct pae_supplicant_config s = { 0 };

	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->random = random_seeded(3);
	w->now = BTIME_S;
	actions_clear(&w->actions);
	memcpy(psk, secret, sizeof(psk));
	a.lan = s.lan = lan;
	memcpy(a.lan.own, bridge, MAC_SIZE);
	memcpy(s.lan.own, station, MAC_SIZE);
	memcpy(s.authenticator, bridge, MAC_SIZE);
	s.eap = eap_peer_new(&(struct eap_peer_config){ .identity = "mn@example",
		.methods = { EAP_TYPE_PSK }, .psk = psk, .random = &w->random });
	assert_non_null(s.eap);
	pae_authenticator_begin(&w->authenticator, &a);
	pae_supplicant_begin(&w->supplicant, &s);
}

static void connect(void)
{
	pae_supplicant_connect(&w->supplicant, w->now, &w->actions);
	carry(true);
	deliver_all();
}

static int end(void **state)
{
	(void)state;
	pae_authenticator_end(&w->authenticator);
	pae_supplicant_end(&w->supplicant);
	free(w);
	return 0;
}

static struct pae_port *port(void)
{
	return &w->authenticator.ports[0];
}

static void authenticates(void **state)
{
	begin((const char *)key, *state != NULL);
	connect();
	assert_int_equal(w->supplicant.state, PAE_SUPPLICANT_AUTHENTICATED);
	assert_int_equal(port()->state, PAE_AUTHORISED);
	assert_memory_equal(port()->eap->msk, w->supplicant.config.eap->msk, EAP_MSK_SIZE);
	assert_int_equal(w->authenticator_events[PAE_AUTHENTICATED], 1);
	assert_true(pae_authenticator_due(&w->authenticator) == BTIME_NEVER);
	assert_true(pae_supplicant_due(&w->supplicant) == BTIME_NEVER);
}

static void authenticates_again_and_logs_off(void **state)
{
	authenticates(state);
	pae_authenticator_reauthenticate(&w->authenticator, w->now, &w->actions);
	carry(false);
	deliver_all();
	assert_int_equal(w->supplicant_events[PAE_AUTHENTICATED], 2);
	connect();
	assert_int_equal(w->authenticator_events[PAE_AUTHENTICATED], 3);
	pae_supplicant_log_off(&w->supplicant, w->now, &w->actions);
	carry(true);
	deliver_all();
	assert_int_equal(w->authenticator_events[PAE_LOGGED_OFF], 1);
	assert_false(port()->used);
	assert_int_equal(w->supplicant.state, PAE_SUPPLICANT_IDLE);
	assert_false(w->supplicant.config.eap->has_key);
}

static void fails_and_is_held(void **state)
{
	(void)state;
	begin("another key....", false);
	connect();
	/* RFC 4764 §4.1: the peer discards the wrong MAC, so the authenticator gives up. */
	run_until(w->now + 25 * BTIME_S);
	assert_int_equal(w->supplicant_events[PAE_AUTHENTICATED], 0);
	assert_int_equal(w->authenticator_events[PAE_AUTHENTICATED], 0);
	assert_true(w->authenticator.rejected[REJECT_NONE] == 0);
	run_until(w->now + 400 * BTIME_S);
	assert_int_equal(w->authenticator_events[PAE_AUTHENTICATED], 0);
	assert_true(w->authenticator_events[PAE_UNREACHABLE] > 0);
}

static void refuses_foreign_frames(void **state)
{
	uint8_t frame[64];
	struct eapol_frame f = { .ethertype = EAPOL_ETHERTYPE };
	static const uint8_t start[] = { 2, 1, 0, 0 };
	struct writer writer = writer_of(frame, sizeof(frame));

	(void)state;
	begin((const char *)key, false);
	memcpy(f.destination, station, MAC_SIZE);
	memcpy(f.source, station, MAC_SIZE);
	f.pdu = VIEW_OF(start);
	eapol_frame_encode(&f, &writer);
	pae_authenticator_input(&w->authenticator, writer_view(&writer), w->now, &w->actions);
	assert_int_equal(w->authenticator.rejected[REJECT_ADDRESS], 1);
	frame[13] = 0xc7; /* pre-authentication's */
	frame[12] = 0x88;
	memcpy(frame, bridge, MAC_SIZE);
	pae_authenticator_input(&w->authenticator, writer_view(&writer), w->now, &w->actions);
	assert_int_equal(w->authenticator.rejected[REJECT_TYPE], 1);
	assert_false(port()->used);
	actions_clear(&w->actions);
}

static void requests_are_repeated_with_growing_time(void **state)
{
	static const int seconds[] = { 3, 6, 12, 20, 20 };
	btime at;

	(void)state;
	begin((const char *)key, false);
	w->lost = ~(uint64_t)1; /* only EAPOL-Start arrives */
	connect();
	for (unsigned i = 0; i < 5; i++) {
		at = w->now;
		w->now = pae_authenticator_due(&w->authenticator);
		assert_true(w->now - at == seconds[i] * BTIME_S);
		pae_authenticator_tick(&w->authenticator, w->now, &w->actions);
		carry(false);
		assert_int_equal(w->authenticator_events[PAE_SEND], i < 4 ? i + 2 : 5);
	}
	assert_int_equal(w->authenticator_events[PAE_UNREACHABLE], 1);
	assert_false(port()->used);
}

static void starts_stop(void **state)
{
	(void)state;
	begin((const char *)key, false);
	w->lost = ~(uint64_t)0;
	connect();
	run_until(w->now + 20 * BTIME_S);
	assert_int_equal(w->supplicant_events[PAE_SEND], 3);
	assert_int_equal(w->supplicant_events[PAE_UNREACHABLE], 1);
}

/* Whatever is lost of the first eight frames, both agree in the end. */
static void any_loss(void **state)
{
	(void)state;
	for (unsigned pattern = 0; pattern < 256; pattern++) {
		begin((const char *)key, false);
		w->lost = pattern;
		connect();
		run_until(w->now + 300 * BTIME_S);
		assert_int_equal(w->supplicant.state, PAE_SUPPLICANT_AUTHENTICATED);
		assert_int_equal(port()->state, PAE_AUTHORISED);
		if (pattern != 255)
			end(NULL);
	}
}

/* More stations than there are ports: the first ones are not disturbed. */
static void many_stations(void **state)
{
	uint8_t frame[64];
	struct eapol_frame f = { .ethertype = EAPOL_ETHERTYPE };
	static const uint8_t start[] = { 2, 1, 0, 0 };

	(void)state;
	begin((const char *)key, false);
	connect();
	memcpy(f.destination, pae_group_address, MAC_SIZE);
	f.pdu = VIEW_OF(start);
	for (unsigned i = 0; i < 1000; i++) {
		struct writer writer = writer_of(frame, sizeof(frame));
		f.source[0] = 2;
		f.source[1] = (uint8_t)(1 + i / 256);
		f.source[2] = (uint8_t)i;
		eapol_frame_encode(&f, &writer);
		pae_authenticator_input(&w->authenticator, writer_view(&writer), w->now,
			&w->actions);
		actions_clear(&w->actions);
	}
	assert_int_equal(port()->state, PAE_AUTHORISED);
	assert_int_equal(w->authenticator.rejected[REJECT_RESOURCES], 1000 - (PAE_PORTS_MAX - 1));
	/* They do not answer, and make room. */
	for (unsigned i = 0; i < 2000 && pae_authenticator_due(&w->authenticator) != BTIME_NEVER;
		i++) {
		w->now = pae_authenticator_due(&w->authenticator);
		pae_authenticator_tick(&w->authenticator, w->now, &w->actions);
		assert_false(w->actions.overflowed);
		actions_clear(&w->actions);
	}
	for (unsigned i = 1; i < PAE_PORTS_MAX; i++)
		assert_false(w->authenticator.ports[i].used);
}

int main(void)
{
	static char preauth[] = "preauth";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(authenticates, end),
		{ "pre-authenticates", authenticates, NULL, end, preauth },
		cmocka_unit_test_teardown(authenticates_again_and_logs_off, end),
		cmocka_unit_test_teardown(fails_and_is_held, end),
		cmocka_unit_test_teardown(refuses_foreign_frames, end),
		cmocka_unit_test_teardown(requests_are_repeated_with_growing_time, end),
		cmocka_unit_test_teardown(starts_stop, end),
		cmocka_unit_test_teardown(any_loss, end),
		cmocka_unit_test_teardown(many_stations, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
