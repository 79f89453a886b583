// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/wire_break.h"
#include "ref/discovery/ap_info.h"

/* The example of FAP §3.7. */
static const uint8_t example[] = {
	0xdd, 0x2b, 0x00, 0x00, 0x5e, 0x00, 0x42, 0x01, 0x01, /* header */
	0x01, 0x04, 198, 51, 100, 11,			      /* Address-IPv4 */
	0x03, 0x05, 24, 198, 51, 100, 0,		      /* Prefix-IPv4 */
	0x05, 0x06, 0x02, 0xcc, 198, 51, 100, 1,	      /* Agent-IPv4, port 716 */
	0x07, 0x0d, 'a', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'n', 'e', 't',
};

static struct endpoint address(const char *text)
{
	struct endpoint e;
	assert_int_equal(endpoint_parse(text, 0, &e), 0);
	return e;
}

static struct ap_info info_of(const char *ap, const char *agent)
{
	struct ap_info info = { 0 };
	struct endpoint a = address(ap), b = address(agent);

	assert_true(ap_info_add_address(&info, &a));
	assert_true(ap_info_add_agent(&info, &b));
	return info;
}

static enum reject_reason reason_of(struct view element)
{
	struct packet p;
	struct reject r = { 0 };

	if (ap_info_decode(element, &p, &r) == 0)
		return REJECT_NONE;
	return r.reason;
}

static void test_example(void **state)
{
	struct packet p;
	struct ap_info info;
	struct reject r = { 0 };
	uint8_t octets[AP_INFO_ELEMENT_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	char text[64];

	(void)state;
	assert_int_equal(ap_info_decode(VIEW_OF(example), &p, &r), 0);
	ap_info_take(&p, &info);
	assert_int_equal(info.address_count, 1);
	assert_string_equal(endpoint_text(&info.agents[0], text, sizeof(text)),
		"198.51.100.1:716");
	assert_int_equal(info.prefixes[0].length, 24);
	assert_string_equal(info.domain, "a.example.net");
	assert_int_equal(ap_info_encode(&info, &w), 0);
	assert_int_equal(w.used, sizeof(example));
	assert_memory_equal(octets, example, sizeof(example));
}

static void test_ipv6_and_lists(void **state)
{
	struct ap_info info = info_of("2001:db8::b", "[2001:db8::1]:716"), again;
	struct endpoint more = address("[2001:db8::2]:717"), four = address("192.0.2.1:716"),
			ap = address("192.0.2.11");
	uint8_t octets[AP_INFO_ELEMENT_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	struct packet p;

	(void)state;
	assert_true(ap_info_add_agent(&info, &more));
	assert_true(ap_info_add_agent(&info, &more)); /* is there already */
	assert_true(ap_info_add_agent(&info, &four));
	assert_true(ap_info_add_address(&info, &ap));
	assert_true(ap_info_add_prefix(&info, &info.addresses[0], 61));
	assert_int_equal(info.agent_count, 3);
	assert_int_equal(ap_info_encode(&info, &w), 0);
	assert_int_equal(ap_info_decode(writer_view(&w), &p, NULL), 0);
	ap_info_take(&p, &again);
	assert_true(ap_info_equal(&info, &again));
	/* one of a family only */
	struct endpoint other = address("192.0.2.12");
	assert_false(ap_info_add_address(&info, &other));
	for (unsigned i = 0; i < 4; i++) {
		more.port++;
		assert_int_equal(ap_info_add_agent(&info, &more), i < 2);
	}
}

/* Every packet that breaks one rule of the tables is rejected. */
static void test_broken(void **state)
{
	static struct wire_breaker breaker;
	static uint8_t values[4096];
	struct writer v = writer_of(values, sizeof(values));
	struct packet good;
	struct wire_broken broken;
	unsigned count = 0;

	(void)state;
	assert_int_equal(ap_info_decode(VIEW_OF(example), &good, NULL), 0);
	assert_int_equal(wire_break_begin(&breaker, &good), 0);
	while (wire_break_next(&breaker, &broken)) {
		if (reason_of(broken.octets) == REJECT_NONE)
			fail_msg("taken: %s", broken.label);
		count++;
	}
	assert_true(count > 25);
	struct packet sample = wire_sample(&ap_info_protocol, ap_info_protocol.messages, true, &v);
	assert_int_equal(wire_break_begin(&breaker, &sample), 0);
	while (wire_break_next(&breaker, &broken)) {
		struct packet p;
		struct reject r = { 0 };
		assert_int_equal(wire_decode(&ap_info_protocol, broken.octets, &p, &r), -1);
		if (r.reason != broken.reason)
			fail_msg("%s: %s", broken.label, reject_name(r.reason));
	}
}

/* The example with one octet of it changed. */
static enum reject_reason with(size_t at, uint8_t value)
{
	uint8_t octets[sizeof(example)];

	memcpy(octets, example, sizeof(example));
	octets[at] = value;
	return reason_of(VIEW_OF(octets));
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(with(0, 220), REJECT_VALUE);
	assert_int_equal(with(4, 0x5f), REJECT_VALUE);
	assert_int_equal(with(6, 0x43), REJECT_VALUE);
	assert_int_equal(with(7, 2), REJECT_TYPE);
	assert_int_equal(with(8, 0), REJECT_VERSION);
	assert_int_equal(with(8, 2), REJECT_VERSION);
	assert_int_equal(with(1, 0x2a), REJECT_LENGTH);
	assert_int_equal(with(11, 0), REJECT_VALUE);   /* 0.51.100.11 */
	assert_int_equal(with(11, 127), REJECT_VALUE); /* loopback */
	assert_int_equal(with(11, 224), REJECT_VALUE); /* multicast */
	assert_int_equal(with(17, 0), REJECT_VALUE);   /* prefix of no bits */
	assert_int_equal(with(17, 33), REJECT_VALUE);
	assert_int_equal(with(17, 25), REJECT_NONE);
	assert_int_equal(with(17, 16), REJECT_VALUE); /* host bits */
	assert_int_equal(with(26, 255), REJECT_VALUE); /* the agent */
	assert_int_equal(with(9, 99), REJECT_MISSING); /* an unknown part, and no address */
	assert_int_equal(with(34, '.'), REJECT_VALUE);
	assert_int_equal(with(34, 0xc3), REJECT_VALUE);
	assert_int_equal(with(22, 99), REJECT_NONE); /* an unknown part is passed over */
}

static void test_domains(void **state)
{
	static const char *good[] = { "a", "a.example", "xn--bcher-kva.example", "1.2.3", "a-b.c" };
	static const char *bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a-.b", "a_b",
		"a b", "\x01" };
	char label[80], name[300] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(ap_info_good_domain(view_text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ap_info_good_domain(view_text(bad[i])));
	memset(label, 'x', sizeof(label));
	assert_true(ap_info_good_domain(VIEW(label, 63)));
	assert_false(ap_info_good_domain(VIEW(label, 64)));
	for (unsigned i = 0; i < 127; i++)
		strcat(name, i ? ".a" : "a");
	assert_int_equal(strlen(name), 253);
	assert_true(ap_info_good_domain(view_text(name)));
	assert_false(ap_info_good_domain(view_text(strcat(name, "b"))));
}

static void test_too_long(void **state)
{
	struct ap_info info = info_of("192.0.2.11", "192.0.2.1:716");
	uint8_t octets[AP_INFO_ELEMENT_MAX + 64];
	struct writer w = writer_of(octets, sizeof(octets));

	(void)state;
	for (unsigned i = 0; i < 115; i++)
		strcat(info.domain, i ? ".a" : "a");
	assert_int_equal(ap_info_encode(&info, &w), 0);
	assert_int_equal(w.used, 9 + 6 + 8 + 2 + 229);
	strcat(info.domain, "bcd");
	w = writer_of(octets, sizeof(octets));
	assert_int_equal(ap_info_encode(&info, &w), 0);
	assert_int_equal(w.used, AP_INFO_ELEMENT_MAX);
	strcat(info.domain, "e");
	w = writer_of(octets, sizeof(octets));
	assert_int_equal(ap_info_encode(&info, &w), -1);
	/* and what a decoder would not take is not written */
	info = info_of("192.0.2.11", "127.0.0.1:716");
	w = writer_of(octets, sizeof(octets));
	assert_int_equal(ap_info_encode(&info, &w), -1);
	info = (struct ap_info){ 0 };
	w = writer_of(octets, sizeof(octets));
	assert_int_equal(ap_info_encode(&info, &w), -1);
}

static void test_find(void **state)
{
	uint8_t body[200] = { 0, 3, 'f', 'o', 'o', 0xdd, 4, 0x00, 0x50, 0xf2, 1, 0xdd, 0xff };
	struct view found;

	(void)state;
	assert_int_equal(ap_info_find(VIEW_EMPTY).size, 0);
	assert_int_equal(ap_info_find(VIEW(body, 13)).size, 0);
	memcpy(body + 11, example, sizeof(example));
	found = ap_info_find(VIEW(body, 11 + sizeof(example)));
	assert_int_equal(found.size, sizeof(example));
	assert_ptr_equal(found.data, body + 11);
	/* cut off: not there */
	assert_int_equal(ap_info_find(VIEW(body, 10 + sizeof(example))).size, 0);
	/* one of a later version before it is passed over */
	memcpy(body, example, sizeof(example));
	body[8] = 2;
	memcpy(body + sizeof(example), example, sizeof(example));
	found = ap_info_find(VIEW(body, 2 * sizeof(example)));
	assert_ptr_equal(found.data, body + sizeof(example));
}

static void test_contradictions(void **state)
{
	struct ap_info trusted = info_of("192.0.2.11", "192.0.2.1:716");
	struct ap_info claim = trusted;
	struct endpoint six = address("[2001:db8::1]:716"), net = address("192.0.2.0");

	(void)state;
	assert_null(ap_info_contradiction(&trusted, &claim));
	assert_true(ap_info_add_agent(&claim, &six)); /* nothing is known of IPv6 */
	assert_null(ap_info_contradiction(&trusted, &claim));
	assert_false(ap_info_equal(&trusted, &claim));
	claim = info_of("192.0.2.11", "203.0.113.1:716");
	assert_string_equal(ap_info_contradiction(&trusted, &claim), "agent");
	assert_false(ap_info_equal(&trusted, &claim));
	claim = info_of("192.0.2.11", "192.0.2.1:717"); /* another port is another agent */
	assert_string_equal(ap_info_contradiction(&trusted, &claim), "agent");
	claim = info_of("192.0.2.12", "192.0.2.1:716");
	assert_string_equal(ap_info_contradiction(&trusted, &claim), "address");
	claim = trusted;
	ap_info_add_prefix(&trusted, &net, 24);
	assert_null(ap_info_contradiction(&trusted, &claim));
	ap_info_add_prefix(&claim, &net, 25);
	assert_string_equal(ap_info_contradiction(&trusted, &claim), "prefix");
	claim = trusted;
	strcpy(trusted.domain, "a.example");
	assert_null(ap_info_contradiction(&trusted, &claim));
	strcpy(claim.domain, "A.Example");
	assert_null(ap_info_contradiction(&trusted, &claim));
	strcpy(claim.domain, "b.example");
	assert_string_equal(ap_info_contradiction(&trusted, &claim), "domain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_ipv6_and_lists),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_contradictions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
