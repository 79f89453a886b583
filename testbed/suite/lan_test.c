// SPDX-License-Identifier: Apache-2.0
/*
 * EAP over a LAN without a wire: the message in pieces, lines of a suite that change it, and the
 * tester's supplicant and authenticator against each other in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/dot1x/eapol.h"
#include "testbed/suite/compose.h"
#include "testbed/suite/lan_message.h"
#include "testbed/suite/lan_peer.h"
#include "testbed/suite/match.h"
#include "testbed/suite/tester_eap.h"

struct side {
	const struct role *role; /* that this side faces */
	struct peer *peer;
	struct tester_eap *eap;
};

static struct world {
	struct random random;
	struct arena *arena;
	struct variables variables;
	struct side supplicant, authenticator;
	struct composed composed;
	const char *method, *secret[2];
	struct suite *suites[64];
	unsigned suite_count;
} *w;

static const char *setting(void *context, const char *name)
{
	if (strcmp(name, "eap") == 0)
		return w->method;
	if (strcmp(name, "secret") == 0)
		return w->secret[context == &w->authenticator];
	return strcmp(name, "identity") == 0 ? "mn@example" : NULL;
}

static void open_side(struct side *side, const char *facing)
{
	const struct role *role = role_named(facing);
	const struct tester_eap_options o = { .server = role->tester_serves, .setting = setting,
		.context = side, .credentials = ".", .random = &w->random };
	struct peer_config c = { .setting = setting, .context = side, .random = &w->random };
	char why[200];

	side->role = role;
	side->eap = tester_eap_new(&o, why, sizeof(why));
	assert_non_null(side->eap);
	c.eap = tester_eap_end(side->eap);
	assert_non_null(c.eap);
	side->peer = role->ops->create(&c);
}

static void begin(const char *method, const char *other_secret)
{
	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->random = random_seeded(11);
	w->arena = arena_new();
	w->variables.arena = w->arena;
	w->variables.random = &w->random;
	w->method = method;
	w->secret[0] = "000102030405060708090a0b0c0d0e0f";
	w->secret[1] = other_secret ? other_secret : w->secret[0];
	open_side(&w->supplicant, "dot1x-authenticator");
	open_side(&w->authenticator, "dot1x-supplicant");
}

static int end(void **state)
{
	struct side *sides[] = { &w->supplicant, &w->authenticator };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		sides[i]->role->ops->destroy(sides[i]->peer);
		tester_eap_free(sides[i]->eap);
	}
	while (w->suite_count)
		suite_free(w->suites[--w->suite_count]);
	arena_free(w->arena);
	free(w);
	return 0;
}

/* The pattern of a line of a suite about the role that `side` faces. */
static const struct pattern *pattern_of(const struct side *side, const char *line)
{
	struct complaints complaints = { .file = "line" };
	struct suite *suite;
	char *text;

	assert_true(asprintf(&text, "suite a \"A\"\nsut %s\ntest t\n \"p\"\n covers X 1 must\n %s\n",
		side->role->name, line) > 0);
	if (suite_parse("line", view_text(text), &suite, &complaints) < 0)
		complaints_print(&complaints, stderr);
	free(text);
	assert_non_null(suite);
	w->suites[w->suite_count++] = suite;
	return &suite->tests[0].steps[0].pattern;
}

static struct view compose_line(struct side *from, const char *line)
{
	struct compose_input in = { .role = from->role, .peer = from->peer,
		.pattern = pattern_of(from, line), .variables = &w->variables };
	char why[200] = "";

	if (compose(&in, &w->composed, why, sizeof(why)) < 0)
		fail_msg("%s: %s", line, why);
	return VIEW(arena_copy(w->arena, (const char *)w->composed.octets, w->composed.size),
		w->composed.size);
}

/* One message over the wire in memory. */
static void pass(struct side *from, struct side *to, const struct message *message)
{
	const struct pattern pattern = { .message = message };
	struct compose_input in = { .role = from->role, .peer = from->peer, .pattern = &pattern,
		.variables = &w->variables };
	struct heard heard;
	char why[200];

	assert_int_equal(compose(&in, &w->composed, why, sizeof(why)), 0);
	struct view octets = VIEW(arena_copy(w->arena, (const char *)w->composed.octets,
		w->composed.size), w->composed.size);
	from->role->ops->sent(from->peer, &w->composed.packet, octets);
	heard_decode(to->role, octets, &heard);
	assert_true(heard.decoded);
	assert_ptr_equal(heard.packet.message, message);
	to->role->ops->received(to->peer, &heard.packet, octets, false);
}

/* Until neither has anything to say. */
static unsigned converse(void)
{
	unsigned n = 0;

	for (bool went = true; went && n < 40;) {
		const struct message *m = w->supplicant.role->ops->next(w->supplicant.peer);
		went = m != NULL;
		if (m) {
			pass(&w->supplicant, &w->authenticator, m);
			n++;
		}
		m = w->authenticator.role->ops->next(w->authenticator.peer);
		went |= m != NULL;
		if (m) {
			pass(&w->authenticator, &w->supplicant, m);
			n++;
		}
	}
	return n;
}

static bool at(const struct side *side, const char *point)
{
	return side->role->ops->reached(side->peer, point);
}

static void both_end_well(void **state)
{
	static const char *const methods[] = { "EAP-MD5", "EAP-PSK" };
	static const unsigned messages[] = { 6, 8 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(methods[i], NULL);
		assert_int_equal(converse(), messages[i]);
		assert_true(at(&w->supplicant, "authenticated"));
		assert_true(at(&w->authenticator, "authenticated"));
		if (i == 0)
			end(NULL);
	}
}

static void a_wrong_secret_is_rejected(void **state)
{
	(void)state;
	begin("EAP-MD5", "another");
	converse();
	assert_true(at(&w->supplicant, "rejected"));
	assert_true(at(&w->authenticator, "rejected"));
	assert_false(at(&w->supplicant, "authenticated"));
}

static void fields_are_set_and_lengths_follow(void **state)
{
	static const uint8_t nak[] = { 2, 0, 0, 7, 2, 9, 0, 7, 3, 4, 13 };
	static const uint8_t expanded[] = { 2, 0, 0, 13, 1, 9, 0, 13, 254, 0, 0, 7, 0, 0, 0, 3, 0xaa };
	static const uint8_t lying[] = { 2, 0, 0, 6, 2, 9, 0, 200, 3, 4 };
	static const uint8_t start[] = { 3, 1, 0, 0, 0, 0 };

	(void)state;
	begin("EAP-MD5", NULL);
	struct view v = compose_line(&w->supplicant,
		"send Response Type=Nak Identifier=9 Data=hex:040d");
	assert_true(view_equal(v, VIEW_OF(nak)));
	v = compose_line(&w->authenticator,
		"send Request Data=hex:aa Type=Expanded Identifier=9 Vendor-Type=3 Vendor-Id=7");
	assert_true(view_equal(v, VIEW_OF(expanded)));
	v = compose_line(&w->supplicant,
		"send Response Type=Nak Identifier=9 Data=hex:04 Length=200");
	assert_true(view_equal(v, VIEW_OF(lying)));
	v = compose_line(&w->supplicant, "send EAPOL-Start version=3 trailing=zeros:2");
	assert_true(view_equal(v, VIEW_OF(start)));
}

static bool hears(const struct side *side, const char *line, const uint8_t *octets, size_t size)
{
	struct differences d = { .count = 0 };
	struct heard heard;

	heard_decode(side->role, VIEW(octets, size), &heard);
	return heard_matches(side->role, pattern_of(side, line), &heard, &w->variables, &d);
}

static void what_comes_is_taken_apart(void **state)
{
	static const uint8_t fragment[] = { 2, 0, 0, 12, 1, 5, 0, 12, 13, 0xc0, 0, 0, 4, 0, 22, 3 };
	static const uint8_t padded[] = { 1, 0, 0, 7, 3, 5, 0, 4, 0, 0, 0, 0xff };
	static const uint8_t with_data[] = { 2, 0, 0, 6, 3, 5, 0, 6, 1, 2 };
	static const uint8_t truncated[] = { 2, 0, 0, 9, 1, 5, 0, 9, 1 };
	static const uint8_t unknown[] = { 2, 9, 0, 0 };

	(void)state;
	begin("EAP-MD5", NULL);
	const struct side *s = &w->supplicant;
	assert_true(hears(s, "expect Request Type=EAP-TLS Flags=LM TLS-Length=1024 Data.size=2",
		fragment, sizeof(fragment)));
	assert_false(hears(s, "expect Request Flags=L", fragment, sizeof(fragment)));
	assert_true(hears(s, "expect Success Identifier=5 Length=4 lacks=Data,Type version=1", padded,
		sizeof(padded)));
	assert_false(hears(s, "expect Success", with_data, sizeof(with_data)));
	assert_false(hears(s, "expect any", truncated, sizeof(truncated)));
	assert_false(hears(s, "expect any", unknown, sizeof(unknown)));
	for (size_t cut = 0; cut < sizeof(fragment); cut++)
		assert_false(hears(s, "expect any", fragment, cut));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(both_end_well, end),
		cmocka_unit_test_teardown(a_wrong_secret_is_rejected, end),
		cmocka_unit_test_teardown(fields_are_set_and_lengths_follow, end),
		cmocka_unit_test_teardown(what_comes_is_taken_apart, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
