// SPDX-License-Identifier: Apache-2.0
/* The suite language: what is read, and what is said about what cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ref/pana/pana_wire.h"
#include "testbed/suite/suite.h"

#define HEAD "suite pana/paa \"Agent\"\nsut paa\n"
#define TEST "test t\n  \"p\"\n  covers RFC5191 5.2 must\n"

static struct suite *read_suite(const char *text)
{
	struct complaints c = { .file = "f" };
	struct suite *suite = NULL;

	if (suite_parse("f", view_text(text), &suite, &c) < 0)
		complaints_print(&c, stderr);
	assert_non_null(suite);
	return suite;
}

static void test_sample(void **state)
{
	struct suite *s = read_suite("suite pana/paa \"PANA authentication agent\"\n"
		"sut   paa\nneeds netns\n\n"
		"test sequence-number-of-answer\n"
		"  \"An answer with another sequence number than its request is ignored\"\n"
		"  covers RFC5191 5.2/3 must\n"
		"  send   PCI\n"
		"  expect PAR flags=S seq=$s within 2s\n"
		"  send   PAN flags=S seq=$s+1\n"
		"  expect silence 1s\n"
		"  send   PAN flags=S seq=$s\n"
		"  expect PAR seq=$s+1 has=EAP-Payload,Nonce lacks=AUTH\n");
	(void)state;
	assert_string_equal(s->name, "pana/paa");
	assert_int_equal(s->test_count, 1);
	const struct test *t = &s->tests[0];
	assert_int_equal(t->step_count, 6);
	assert_int_equal(t->covers[0].ordinal, 3);
	assert_string_equal(t->needs.list[0].text, "netns");
	assert_int_equal(t->steps[0].kind, STEP_SEND);
	assert_string_equal(t->steps[0].pattern.message->name, "PCI");
	const struct pattern *p = &t->steps[1].pattern;
	assert_int_equal(p->count, 2);
	assert_int_equal(p->conditions[0].header, PANA_FLAGS);
	assert_int_equal(p->conditions[0].operands[0].low.terms[0].number, PANA_S);
	assert_string_equal(p->conditions[1].operands[0].low.terms[0].variable, "s");
	assert_int_equal(t->steps[1].within, 2 * BTIME_S);
	assert_int_equal(t->steps[2].pattern.conditions[1].operands[0].low.count, 2);
	assert_int_equal(t->steps[3].kind, STEP_SILENCE);
	assert_int_equal(t->steps[3].after, BTIME_S);
	assert_int_equal(t->steps[5].pattern.count, 4);
	assert_int_equal(t->steps[5].pattern.conditions[3].target, TARGET_LACKS);
	assert_int_equal(t->steps[5].pattern.conditions[3].code, PANA_AVP_AUTH);
	assert_string_equal(t->steps[2].text, "send PAN flags=S seq=$s+1");
	suite_free(s);
}

static void test_cases(void **state)
{
	char name[80];
	struct suite *s = read_suite(HEAD TEST
		"  for m in PAN PTA\n  for n in 1 2 3\n"
		"  send $m seq=$n\n");
	(void)state;
	assert_int_equal(s->test_count, 6);
	assert_string_equal(test_case_name(&s->tests[5], name, sizeof(name)), "t[m=PTA,n=3]");
	assert_string_equal(s->tests[5].steps[0].pattern.message->name, "PTA");
	assert_string_equal(s->tests[5].steps[0].text, "send PTA seq=3");
	suite_free(s);
}

static void test_values(void **state)
{
	struct suite *s = read_suite(HEAD TEST
		"  expect PAR Nonce.size=8..256 Result-Code=PANA_SUCCESS|2 flags=none seq!=7\n"
		"  send PAN Nonce=hex:0aFF avp:1000:9=\"x\" Key-Id.length=5 "
		"EAP-Payload.Code=Failure "
		"AUTH=wrong cut=3 trailing=zeros:4\n"
		"  let a=random:8\n  check $a!=hex:00\n");
	const struct pattern *p = &s->tests[0].steps[0].pattern;
	(void)state;
	assert_int_equal(p->conditions[0].part, PART_SIZE);
	assert_true(p->conditions[0].operands[0].range);
	assert_int_equal(p->conditions[0].operands[0].high.terms[0].number, 256);
	assert_int_equal(p->conditions[1].operand_count, 2);
	assert_int_equal(p->conditions[1].operands[0].low.terms[0].number, 0);
	assert_int_equal(p->conditions[2].operands[0].low.terms[0].number, 0);
	assert_int_equal(p->conditions[3].comparison, IS_NOT);
	p = &s->tests[0].steps[1].pattern;
	assert_int_equal(p->conditions[0].operands[0].octets.size, 2);
	assert_int_equal(p->conditions[0].operands[0].octets.data[1], 0xff);
	assert_int_equal(p->conditions[1].vendor, 9);
	assert_null(p->conditions[1].element);
	assert_int_equal(p->conditions[2].part, PART_LENGTH);
	assert_int_equal(p->conditions[3].part, PART_INNER);
	assert_int_equal(p->conditions[3].operands[0].low.terms[0].number, 4);
	assert_int_equal(p->conditions[4].operands[0].seal, SEAL_WRONG);
	suite_free(s);
}

/* A rotten suite and what must be said, exactly. */
struct bad {
	const char *text, *complaint;
};

static const struct bad bad[] = {
	{ "", "f:1:1: no suite; a file begins with suite NAME \"TITLE\"" },
	{ HEAD, "f: no test; a suite has at least one" },
	{ "suite a \"A\"\nsut pab\n", "f:2:5: there is no role pab; right are paa, pac, ..." },
	{ "suite a \"A\nsut paa\n", "f:1:9: the string has no end; close it with \" on the same "
		"line" },
	{ HEAD TEST "  send PRA\n", "f:6:8: PRA is no message of pana; a message is one of PCI, "
		"PAR, PAN, PTR, PTA, PNR, PNA, PRY" },
	{ HEAD TEST "  send PAN nonsense=3\n", "f:6:12: nonsense is no field or element of pana; "
		"right are seq, session, flags, type, length, reserved, AUTH, EAP-Payload, "
		"Integrity-Algorithm, Key-Id, Nonce, PRF-Algorithm, Result-Code, Session-Lifetime, "
		"Termination-Cause, PaC-Information, Relayed-Message, Encryption-Encap, "
		"Encryption-Algorithm, avp:NUMBER, and has=, lacks=" },
	{ HEAD TEST "  send PAN flags=X\n", "f:6:18: X is not a set of flags; a flag is one of the "
		"letters in the field Flags, or none" },
	{ HEAD TEST "  send PAN seq=$x\n", "f:6:16: $x has no value here; an earlier expect gives "
		"it one (seq=$x), or let, or for" },
	{ HEAD TEST "  expect PAR within 2\n", "f:6:21: 2 is no time; a time is a number and its "
		"unit, such as 2s, 1.5s or 500ms, at most a day" },
	{ HEAD TEST "  send PAN seq=1 nonsense\n", "f:6:18: nonsense is too much on this line; a "
		"line is one statement" },
	{ HEAD TEST "  hope for the best\n", "f:6:3: hope begins no line of a test; right are "
		"send, expect, auto, forge, wait, drop, delay, duplicate, reorder, alter, verb, "
		"let, check, connect, close, session, use, repeat, end and then" },
	{ HEAD "test t\n  covers RFC5191 5.2 must\n  send PCI\n", "f:3:1: test t has no purpose; "
		"say in \"quotes\" below its name what it shows" },
	{ HEAD "test t\n  \"p\"\n  send PCI\n", "f:3:1: test t covers nothing; name the clause, as "
		"in covers RFC5191 5.2 must" },
	{ HEAD "test t\n  \"p\"\n  covers RFC5191 5.2 ought\n  send PCI\n", "f:5:22: ought is no "
		"level; right are must, must-not, should, should-not and may" },
	{ HEAD TEST "  auto until nirvana\n", "f:6:14: nirvana is no point of the exchange; right "
		"are started, authenticating, completing, authenticated, rejected, "
		"reauthenticated, terminated, "
		"or a message of the implementation under test" },
	{ HEAD TEST "  drop next PAN\n", "f:6:16: to sut or from sut is missing; say which way the "
		"message goes" },
	{ HEAD TEST "  alter seq=1 of next PAR from sut\n", "f:6:3: what the sut sent is evidence "
		"and stays as it is; only messages to sut can be altered" },
	{ HEAD TEST "  verb explode\n", "f:6:8: no adapter knows the verb explode; "
		"docs/adapters.md "
		"lists them: connect, reauth, ping, terminate, move, neighbours, state" },
	{ HEAD TEST "  given lifetime=soon\n  send PCI\n", "f:6:9: lifetime=soon does not fit; "
		"right is a number of at most nine digits" },
	{ HEAD TEST "  given colour=red\n  send PCI\n", "f:6:9: there is no setting colour; "
		"docs/adapters.md lists them" },
	{ HEAD TEST "  needs wings\n  send PCI\n", "f:6:9: nothing is called wings that can be "
		"needed; docs/adapters.md lists the features" },
	{ HEAD TEST "  repeat 3 times\n  send PCI\n", "f:6:1: repeat is not closed; put end behind "
		"its last line" },
	{ HEAD TEST "  send PCI\n  end\n", "f:7:3: end closes nothing; it belongs to a repeat "
		"above it" },
	{ HEAD TEST "  expect PAR AUTH=wrong\n", "f:6:19: AUTH=wrong is not for this line; send "
		"knows correct, wrong, kept, old and usual, expect knows valid and invalid" },
	{ HEAD TEST "  send PAN cut>3\n", "f:6:16: > compares, but here a value is set; use =" },
	{ HEAD TEST "  expect PAR after 2s within 1s\n", "f:6:3: after is not before within; the "
		"message could never be in time" },
	{ HEAD TEST "  send octets 12\n", "f:6:17: send octets needs hex:..." },
	{ HEAD TEST "  send PAN Nonce=hex:0\n", "f:6:18: hex:0 has an odd number of digits; an "
		"octet has two" },
	{ HEAD TEST "  send PCI\n" TEST "  send PCI\n", "f:7:6: a test t is there already; names "
		"are unique in a suite" },
	{ HEAD TEST "  send PCI ;\n", "f:6:12: ';' has no meaning here; text goes in \"quotes\"" },
	{ HEAD TEST "  for x in\n  send PCI\n", "f:6:11: the list is empty; as in for flag in S C "
		"A" },
	{ HEAD TEST "  for m in PAN PXX\n  send $m\n", "f:7:8: PXX is no message of pana; a "
		"message is one of PCI, PAR, PAN, PTR, PTA, PNR, PNA, PRY" },
	{ "test t\n  \"p\"\n", "f:1:1: the first test comes before sut; say above it which role is "
		"tested, as in sut paa" },
};

static bool has_line(char *text, const char *line)
{
	size_t n = strlen(line);
	bool open = n > 3 && strcmp(line + n - 3, "...") == 0; /* a list that grows with roles */

	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		if (open ? strncmp(at, line, n - 3) == 0 : strcmp(at, line) == 0)
			return true;
	return false;
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct complaints c = { .file = "f" };
		struct suite *suite;
		char *text, *copy;
		size_t size;
		assert_int_equal(suite_parse("f", view_text(bad[i].text), &suite, &c), -1);
		assert_null(suite);
		FILE *f = open_memstream(&text, &size);
		complaints_print(&c, f);
		fclose(f);
		copy = strdup(text);
		if (!has_line(copy, bad[i].complaint))
			fail_msg("for:\n%s\nexpected: %s\nreceived: %s", bad[i].text,
				bad[i].complaint, text);
		free(copy);
		free(text);
	}
}

/* No prefix of a right suite makes the reader stumble over its own feet. */
static void test_prefixes(void **state)
{
	static const char whole[] = HEAD TEST "  for a in 1 2\n  needs eap-psk\n"
		"  given eap=EAP-PSK\n  repeat 2 times\n  send PAN seq=$a Nonce=hex:00 has=AUTH\n"
		"  end\n  alter seq=3 of next 2 PAN to sut\n  expect PAR seq=$s+1|3..4 within 1s\n";
	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		struct complaints c = { .file = "f" };
		struct suite *suite;
		char *exact = malloc(n + 1);
		memcpy(exact, whole, n);
		if (suite_parse("f", VIEW(exact, n), &suite, &c) == 0)
			suite_free(suite);
		else
			assert_true(c.count > 0);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_prefixes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
