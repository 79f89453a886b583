// SPDX-License-Identifier: Apache-2.0
/* The rules of address change one by one (docs/address-change.md §4, §5, §6), and its proof by hand: two ends
 * of one make agree on any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/base/crypto.h"
#include "ref/ike/ike_change_inside.h"
#include "ref/ike/ike_change_rules.h"
#include "ref/ike/ike_world.h"

/* §5.2 (5): addresses that a host can have. */
static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool possible;
	} rows[] = {
		{ "192.0.2.1", true },
		{ "10.0.0.1", true },
		{ "169.253.255.255", true },
		{ "169.254.0.1", false },
		{ "169.255.0.1", true },
		{ "0.0.0.0", false },
		{ "127.0.0.1", false },
		{ "223.255.255.1", true },
		{ "224.0.0.1", false },
		{ "255.255.255.255", false },
		{ "2001:db8::1", true },
		{ "fd00::1", true },
		{ "::", false },
		{ "::1", false },
		{ "::2", true },
		{ "ff02::1", false },
		{ "fe80::1", false },
		{ "febf::1", false },
		{ "fec0::1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct endpoint e = world_endpoint(rows[i].text, 0);
		if (ike_change_possible(&e) != rows[i].possible)
			fail_msg("%s", rows[i].text);
	}
}

/* §1: selectors that are the old address alone move; what only begins or ends there stays. */
static void test_selectors(void **state)
{
	struct endpoint old = world_endpoint("192.0.2.1", 0), to = world_endpoint("203.0.113.9", 0);
	struct endpoint next_one = world_endpoint("192.0.2.2", 0);
	struct ike_ts_list list = { .count = 3 }, was;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		list.list[i].type = IKE_TS_IPV4_ADDR_RANGE;
		memcpy(list.list[i].start, i == 2 ? to.address : old.address, 4);
		memcpy(list.list[i].end, i == 1 ? next_one.address : old.address, 4);
	}
	was = list;
	ike_change_move_selectors(&list, &old, &to);
	assert_memory_equal(list.list[0].start, to.address, 4);
	assert_memory_equal(list.list[0].end, to.address, 4);
	assert_memory_equal(&list.list[1], &was.list[1], sizeof(was.list[1]));
	assert_memory_equal(&list.list[2], &was.list[2], sizeof(was.list[2]));
}

static struct world w;

static bool taken(uint8_t secrets[2][32], uint8_t version, uint8_t made_with,
	const struct ike_change_subject *made_for, const struct ike_change_subject *about)
{
	uint8_t cookie[IKE_CHANGE_COOKIE_SIZE];
	struct packet p = ike_change_header(1, 2, IKE_CHANGE_ADDRESS_CHANGE, about->sequence);

	ike_change_make_cookie(secrets, made_with, made_for, cookie);
	packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(cookie));
	return ike_change_cookie_good(secrets, version, about, &p);
}

/* §5.3: of this secret or the one before it, and for nothing else than what it was made for. */
static void test_cookies(void **state)
{
	uint8_t secrets[2][32] = { { 1 }, { 2 } };
	const struct ike_change_subject about = { 1, 2, 3, world_endpoint("203.0.113.9", 0) };
	struct ike_change_subject other = about;

	(void)state;
	for (unsigned version = 0; version < 256; version += 85)
		for (unsigned age = 0; age < 6; age++)
			assert_int_equal(taken(secrets, (uint8_t)version, (uint8_t)(version - age), &about,
						 &about), age < 2);
	assert_false(taken(secrets, 7, 8, &about, &about)); /* of a secret that is to come */
	other.spi_i++;
	assert_false(taken(secrets, 7, 7, &other, &about));
	other = about;
	other.spi_r++;
	assert_false(taken(secrets, 7, 7, &other, &about));
	other = about;
	other.sequence++;
	assert_false(taken(secrets, 7, 7, &other, &about));
	other = about;
	other.to.address[3]++;
	assert_false(taken(secrets, 7, 7, &other, &about));
}

/* §5.4: HMAC-SHA-256(SK_p, "address change" | data before the Proof element | SPIi | SPIr). */
static void test_proof(void **state)
{
	static const uint8_t before[] = { 9, 8, 7, 6 }, spis[16] = { 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0,
		0, 6 };
	const struct ike_sa carrier = { .spi_i = 5, .spi_r = 6 };

	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
	for (int initiator = 0; initiator < 2; initiator++) {
		const struct ike_half *half = initiator ? &w.a.sa->keys.initiator : &w.a.sa->keys.responder;
		uint8_t expected[DIGEST_MAX], found[IKE_CHANGE_PROOF_SIZE];
		struct ike_sizes sizes;
		ike_suite_sizes(ike_sa_suite(w.a.sa), &sizes);
		struct view parts[] = { view_text("address change"), VIEW_OF(before), VIEW_OF(spis) };
		hmac_parts(DIGEST_SHA256, VIEW(half->prf, sizes.prf), parts, 3, expected);
		ike_change_proof(w.a.sa, &carrier, initiator, VIEW_OF(before), found);
		assert_memory_equal(found, expected, sizeof(found));
	}
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
