// SPDX-License-Identifier: Apache-2.0
/*
 * Composing, matching and both peers, without a wire: the tester's PaC and the tester's PAA talk to
 * each other in memory, and lines of a suite change what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/suite/compose.h"
#include "testbed/suite/match.h"
#include "testbed/suite/pana_peer.h"
#include "testbed/suite/tester_eap.h"

/* One side: its peer, its EAP, and the role of the other. */
struct side {
	const struct role *role; /* of the other side */
	struct peer *peer;
	struct tester_eap *eap;
	const char *method, *secret, *piggyback, *integrity, *prf;
};

struct pair {
	struct random random;
	struct arena *arena;
	struct variables variables;
	struct side pac, paa;
	struct composed composed;
	struct view last; /* what was composed last, in the arena */
	struct suite *suites[64]; /* of the lines */
	unsigned suite_count;
};

static struct pair *p;

static const char *setting(void *context, const char *name)
{
	struct side *side = context;

	if (strcmp(name, "eap") == 0)
		return side->method;
	if (strcmp(name, "secret") == 0)
		return side->secret;
	if (strcmp(name, "identity") == 0)
		return "mn@example";
	if (strcmp(name, "piggyback") == 0)
		return side->piggyback;
	if (strcmp(name, "integrity") == 0)
		return side->integrity;
	return strcmp(name, "prf") == 0 ? side->prf : NULL;
}

static void open_side(struct side *side, const char *facing)
{
	char why[200];
	const struct role *role = role_named(facing);
	const struct tester_eap_options o = { .server = role->tester_serves, .setting = setting,
		.context = side, .credentials = ".", .random = &p->random };
	struct peer_config c = { .setting = setting, .context = side, .random = &p->random };

	side->role = role;
	side->eap = tester_eap_new(&o, why, sizeof(why));
	assert_non_null(side->eap);
	c.eap = tester_eap_end(side->eap);
	assert_non_null(c.eap);
	side->peer = role->ops->create(&c);
}

static void begin(const char *method)
{
	p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->random = random_seeded(7);
	p->arena = arena_new();
	p->variables.arena = p->arena;
	p->variables.random = &p->random;
	p->pac = (struct side){ .method = method, .secret = "000102030405060708090a0b0c0d0e0f" };
	p->paa = p->pac;
}

static void open_both(void)
{
	open_side(&p->pac, "paa");
	open_side(&p->paa, "pac");
}

static int end(void **state)
{
	(void)state;
	struct side *sides[] = { &p->pac, &p->paa };
	for (unsigned i = 0; i < 2; i++) {
		sides[i]->role->ops->destroy(sides[i]->peer);
		tester_eap_free(sides[i]->eap);
	}
	while (p->suite_count)
		suite_free(p->suites[--p->suite_count]);
	arena_free(p->arena);
	free(p);
	return 0;
}

/* The pattern of a line such as "send PAN seq=7" or "expect PAR flags=S". */
static const struct pattern *pattern_of(const char *line, const char *role)
{
	struct complaints complaints = { .file = "line" };
	struct suite *suite;
	char *text;

	assert_true(asprintf(&text, "suite a \"A\"\nsut %s\ntest t\n \"p\"\n covers X 1 must\n "
		" expect any seq=$s session=$id\n %s\n", role, line) > 0);
	if (suite_parse("line", view_text(text), &suite, &complaints) < 0)
		complaints_print(&complaints, stderr);
	free(text);
	assert_non_null(suite);
	assert_true(p->suite_count < 64);
	p->suites[p->suite_count++] = suite;
	return &suite->tests[0].steps[1].pattern;
}

static int compose_line(struct side *from, const char *line, char why[200])
{
	const char *sut = from == &p->pac ? "paa" : "pac";
	struct compose_input in = { .role = from->role, .peer = from->peer,
		.pattern = pattern_of(line, sut), .variables = &p->variables,
		.forge = strncmp(line, "forge", 5) == 0 };
	int result = compose(&in, &p->composed, why, 200);

	if (result == 0)
		p->last = VIEW(arena_copy(p->arena, (const char *)p->composed.octets,
			p->composed.size), p->composed.size);
	return result;
}

/* Sends by a line and lets both sides take note. What the receiver makes of it. */
static enum seal_state pass(struct side *from, const char *line)
{
	struct side *to = from == &p->pac ? &p->paa : &p->pac;
	struct heard heard;
	char why[200];

	assert_int_equal(compose_line(from, line, why), 0);
	if (strncmp(line, "forge", 5) != 0)
		from->role->ops->sent(from->peer, &p->composed.packet, p->last);
	heard_decode(to->role, p->last, &heard);
	to->role->ops->received(to->peer, &heard.packet, p->last, false);
	return to->role->ops->verify(to->peer, &heard.packet, p->last);
}

/* The ordinary exchange until both have nothing more to say. How many messages. */
static unsigned talk(void)
{
	unsigned count = 0;
	char line[20];

	for (bool quiet = false; !quiet && count < 100;) {
		struct side *sides[] = { &p->pac, &p->paa };
		quiet = true;
		for (unsigned i = 0; i < 2; i++) {
			const struct message *m = sides[i]->role->ops->next(sides[i]->peer);
			if (!m)
				continue;
			snprintf(line, sizeof(line), "send %s", m->name);
			enum seal_state seal = pass(sides[i], line);
			assert_true(seal == SEAL_STATE_VALID || seal == SEAL_STATE_NONE);
			count++;
			quiet = false;
		}
	}
	return count;
}

static bool both_reached(const char *point)
{
	return p->pac.role->ops->reached(p->pac.peer, point) &&
		p->paa.role->ops->reached(p->paa.peer, point);
}

/* --- the ordinary exchange ------------------------------------------------------------------ */

static void authenticate(const char *method, const char *prf, const char *integrity)
{
	begin(method);
	p->pac.prf = p->paa.prf = prf;
	p->pac.integrity = p->paa.integrity = integrity;
	open_both();
	talk();
	assert_true(both_reached("authenticated"));
	assert_true(both_reached("started"));
	assert_false(both_reached("rejected"));
	end(NULL);
}

static void test_methods(void **state)
{
	(void)state;
	authenticate("EAP-PSK", NULL, NULL);
	authenticate("EAP-MD5", NULL, NULL);
	authenticate("EAP-PSK", "5", "12");
	authenticate("EAP-PSK", "5", "7");
}

static void test_without_piggyback(void **state)
{
	(void)state;
	begin("EAP-PSK");
	p->pac.piggyback = "no";
	open_both();
	talk();
	assert_true(both_reached("authenticated"));
}

static void test_rejected(void **state)
{
	(void)state;
	begin("EAP-MD5");
	p->pac.secret = "something else";
	open_both();
	talk();
	assert_true(both_reached("rejected"));
}

static void test_life_of_a_session(void **state)
{
	(void)state;
	begin("EAP-PSK");
	open_both();
	talk();
	assert_true(both_reached("authenticated"));
	assert_int_equal(pass(&p->pac, "send PNR flags=P"), SEAL_STATE_VALID);
	assert_int_equal(talk(), 1);
	assert_int_equal(pass(&p->pac, "send PNR flags=A"), SEAL_STATE_VALID);
	talk();
	assert_true(both_reached("reauthenticated"));
	assert_int_equal(pass(&p->paa, "send PAR"), SEAL_STATE_VALID);
	talk();
	assert_true(both_reached("reauthenticated"));
	assert_int_equal(pass(&p->pac, "send PTR"), SEAL_STATE_VALID);
	talk();
	assert_true(both_reached("terminated"));
}

/* --- integrity ------------------------------------------------------------------------------ */

static void test_seals(void **state)
{
	(void)state;
	begin("EAP-PSK");
	open_both();
	talk();
	assert_int_equal(pass(&p->pac, "forge PNR flags=P"), SEAL_STATE_MISSING);
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=wrong"), SEAL_STATE_INVALID);
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=kept"), SEAL_STATE_INVALID);
	assert_int_equal(pass(&p->pac, "forge PNR AUTH=kept"), SEAL_STATE_VALID);
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=random:20"), SEAL_STATE_INVALID);
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=usual"), SEAL_STATE_VALID);
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=correct"), SEAL_STATE_VALID);
	pass(&p->pac, "send PNR flags=A");
	talk();
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=old"), SEAL_STATE_INVALID);
	assert_int_equal(pass(&p->pac, "send PNR flags=P"), SEAL_STATE_VALID);
}

static void test_no_key(void **state)
{
	char why[200];
	(void)state;
	begin("EAP-MD5");
	open_both();
	talk();
	assert_int_equal(pass(&p->pac, "forge PNR flags=P AUTH=usual"), SEAL_STATE_NONE);
	assert_null(packet_find(&p->composed.packet, 0, PANA_AVP_AUTH));
	assert_int_equal(compose_line(&p->pac, "forge PNR flags=P AUTH=correct", why), -1);
	assert_string_equal(why, "there is no key to protect the message with");
}

/* --- composing ------------------------------------------------------------------------------ */

static void expect_octets(const char *line, const char *hex)
{
	char text[400] = "", why[200];

	assert_int_equal(compose_line(&p->pac, line, why), 0);
	for (size_t i = 0; i < p->composed.size && i < 190; i++)
		sprintf(text + 2 * i, "%02x", p->composed.octets[i]);
	assert_string_equal(text, hex);
}

static void test_composed(void **state)
{
	(void)state;
	begin("EAP-PSK");
	open_both();
	expect_octets("send PCI", "00000010000000010000000000000000");
	expect_octets("send PCI reserved=1 seq=2 session=3", "00010010000000010000000300000002");
	expect_octets("send PCI flags=E type=77", "000000100200004d0000000000000000");
	expect_octets("send PCI length=9", "00000009000000010000000000000000");
	expect_octets("send PCI cut=15", "00");
	expect_octets("send PCI trailing=hex:abcd", "00000010000000010000000000000000abcd");
	expect_octets("send PCI avp:9:5=hex:01", "00000020000000010000000000000000"
		"00098000000100000000000501000000");
	expect_octets("send PTR Termination-Cause=8 lacks=AUTH session=1 seq=5",
		"0000001c800000030000"
		"000100000005000900000004000000000008");
	expect_octets("send PTR Termination-Cause.length=2 session=1 seq=5",
		"0000001c8000000300000001"
		"00000005000900000002000000000001");
	expect_octets("send PTR Termination-Cause.flags=0x4000 session=1 seq=5",
		"0000001c80000003000"
		"0000100000005000940000004000000000001");
	expect_octets("send PTR Key-Id=7 last=Termination-Cause session=1 seq=5",
		"0000002880000003000"
		"0000100000005000400000004000000000007000900000004000000000001");
	expect_octets("send octets hex:0102", "0102");
}

static void test_cannot_be_composed(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{ "send PCI cut=17", "cut: the datagram is not that long" },
		{ "send PCI Key-Id.length=3", "Key-Id.length: the message to be sent has no such "
			"element" },
		{ "send PCI Key-Id.count=3", "Key-Id.count: a count cannot be set; write the "
			"element as often as wanted" },
		{ "send PCI Nonce.size=65500", "the message does not fit into a datagram" },
		{ "send PTR Termination-Cause=hex:00 EAP-Payload.Code=1", "EAP-Payload.Code: the "
			"message to be sent has no such element" },
	};
	char why[200];
	(void)state;
	begin("EAP-PSK");
	open_both();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(compose_line(&p->pac, rows[i].line, why), -1);
		assert_string_equal(why, rows[i].why);
	}
}

/* --- matching ------------------------------------------------------------------------------- */

static bool matches(const char *line, struct differences *d)
{
	struct heard heard;

	*d = (struct differences){ 0 };
	heard_decode(role_named("pac"), p->last, &heard);
	heard.from_port = 716;
	return heard_matches(role_named("pac"), pattern_of(line, "pac"), &heard, &p->variables, d);
}

static void test_matching(void **state)
{
	static const struct {
		const char *line, *field, *expected, *received; /* field NULL: it matches */
	} rows[] = {
		{ "expect PTR", NULL, NULL, NULL },
		{ "expect any", NULL, NULL, NULL },
		{ "expect PTR flags=none seq=5 session=1 from-port=716", NULL, NULL, NULL },
		{ "expect PTR Termination-Cause=LOGOUT|ADMINISTRATIVE", NULL, NULL, NULL },
		{ "expect PTR Termination-Cause=1..4 Termination-Cause.count=1", NULL, NULL, NULL },
		{ "expect PTR Termination-Cause.size=4 Termination-Cause.flags=0", NULL, NULL,
			NULL },
		{ "expect PTR has=Termination-Cause lacks=Nonce last=Termination-Cause", NULL, NULL,
			NULL },
		{ "expect PTR seq>4 seq>=5 seq<6 seq<=5 seq!=4", NULL, NULL, NULL },
		{ "expect PAR", "message", "PAR", "PTR seq=5" },
		{ "expect PTR flags=P", "flags", "P", "0x0" },
		{ "expect PTR seq=6", "seq", "6", "5" },
		{ "expect PTR seq>5", "seq", "greater than 5", "5" },
		{ "expect PTR seq=6..9", "seq", "6 to 9", "5" },
		{ "expect PTR seq=6|7", "seq", "6 or 7", "5" },
		{ "expect PTR seq!=5", "seq", "not 5", "5" },
		{ "expect PTR Termination-Cause=SESSION_TIMEOUT", "Termination-Cause",
			"8 (SESSION_TIMEOUT)", "1 (LOGOUT)" },
		{ "expect PTR Termination-Cause.size=8", "Termination-Cause.size", "8", "4" },
		{ "expect PTR has=Nonce", "Nonce", "present", "absent" },
		{ "expect PTR lacks=Termination-Cause", "Termination-Cause", "absent", "present" },
		{ "expect PTR Nonce.size=8", "Nonce.size", "8", "not there" },
		{ "expect PTR last=AUTH", "AUTH", "the last element", "not there" },
		{ "expect PTR from-port=1", "from-port", "1", "716" },
	};
	struct differences d;
	char why[200];
	(void)state;
	begin("EAP-PSK");
	open_both();
	assert_int_equal(compose_line(&p->pac, "send PTR session=1 seq=5", why), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool fits = matches(rows[i].line, &d);
		if (fits != !rows[i].field)
			fail_msg("%s: %s %s %s", rows[i].line, d.list[0].field, d.list[0].expected,
				d.list[0].received);
		if (fits)
			continue;
		assert_string_equal(d.list[0].field, rows[i].field);
		assert_string_equal(d.list[0].expected, rows[i].expected);
		assert_string_equal(d.list[0].received, rows[i].received);
	}
}

static void test_binding(void **state)
{
	struct differences d;
	char why[200];
	(void)state;
	begin("EAP-PSK");
	open_both();
	assert_int_equal(compose_line(&p->pac, "send PTR seq=4294967295", why), 0);
	assert_false(matches("expect PTR seq=$s has=Nonce", &d));
	assert_null(variable_find(&p->variables, "s"));
	assert_true(matches("expect PTR seq=$s", &d));
	assert_int_equal(variable_find(&p->variables, "s")->number, 4294967295u);
	assert_int_equal(compose_line(&p->pac, "send PTR seq=$s+1", why), 0);
	assert_int_equal(p->composed.packet.header[PANA_SEQUENCE] & UINT32_MAX, 0);
	assert_true(matches("expect PTR seq=$s+1", &d));
	assert_false(matches("expect PTR seq=$s", &d));
	assert_string_equal(d.list[0].expected, "4294967295");
}

/* A message that is wrong in itself never matches, whatever the line says. */
static void test_form(void **state)
{
	struct differences d;
	char why[200];
	(void)state;
	begin("EAP-PSK");
	open_both();
	assert_int_equal(compose_line(&p->pac, "send PTR lacks=Termination-Cause", why), 0);
	assert_false(matches("expect PTR", &d));
	assert_string_equal(d.list[0].field, "form");
	assert_non_null(strstr(d.list[0].received, "missing-element"));
	assert_int_equal(compose_line(&p->pac, "send PTR cut=2", why), 0);
	assert_false(matches("expect PTR", &d));
	assert_int_equal(compose_line(&p->pac, "send octets hex:00", why), 0);
	assert_false(matches("expect any", &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test_teardown(test_without_piggyback, end),
		cmocka_unit_test_teardown(test_rejected, end),
		cmocka_unit_test_teardown(test_life_of_a_session, end),
		cmocka_unit_test_teardown(test_seals, end),
		cmocka_unit_test_teardown(test_no_key, end),
		cmocka_unit_test_teardown(test_composed, end),
		cmocka_unit_test_teardown(test_cannot_be_composed, end),
		cmocka_unit_test_teardown(test_matching, end),
		cmocka_unit_test_teardown(test_binding, end),
		cmocka_unit_test_teardown(test_form, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
