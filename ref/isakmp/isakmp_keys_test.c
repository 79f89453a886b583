// SPDX-License-Identifier: Apache-2.0
/* What two ends of one make cannot tell each other: keys computed here from the words of the RFC, and
 * secrets that are gone when they have served. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/isakmp/isakmp_inside.h"
#include "ref/isakmp/isakmp_world.h"

#define KEYMAT 96

static struct old_world o;

/* Child SAs of AES-CBC with HMAC-SHA-256: 64 octets of keys, two blocks of the prf. */
static void open_world(uint16_t group)
{
	old_init(&o, 1);
	for (int b = 0; b < 2; b++) {
		struct ike_connection *c = b ? &o.w.b.connection : &o.w.a.connection;
		c->esp.list[0] = c->esp.list[1];
		c->esp.count = 1;
		if (group)
			isakmp_connection_pfs(c, group);
	}
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	old_settle(&o);
	assert_true(old_up(&o));
	assert_int_equal(o.w.a.child_count, 1);
}

/*
 * RFC 2409 §5.5: K1 = prf(SKEYID_d, [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b), and each further
 * block has the one before it in front.
 */
static void keymat_by_hand(const struct isakmp_sa *sa, struct view shared, uint32_t spi,
	struct view nonce_i, struct view nonce_r, uint8_t out[KEYMAT])
{
	const struct isakmp_keys *keys = isakmp_sa_keys(sa);
	enum digest d = isakmp_digest(isakmp_sa_suite(sa));
	uint8_t text[1024];

	for (size_t have = 0; have < KEYMAT; have += keys->size) {
		struct writer w = writer_of(text, sizeof(text));
		if (have)
			write_bytes(&w, out + have - keys->size, keys->size);
		write_view(&w, shared);
		write_u8(&w, 3); /* PROTO_IPSEC_ESP */
		write_u32(&w, spi);
		write_view(&w, nonce_i);
		write_view(&w, nonce_r);
		assert_false(w.failed);
		struct view all = writer_view(&w);
		hmac_parts(d, VIEW(keys->d, keys->size), &all, 1, out + have);
	}
}

/* The SPI in the keys of a direction is the one that its receiver has chosen, and encryption comes
 * before integrity (RFC 2409 §5.5, RFC 2407 §4.5). */
static void test_keys_of_each_direction(void **state)
{
	uint8_t expected[KEYMAT];

	(void)state;
	open_world(0);
	for (int b = 0; b < 2; b++) {
		const struct isakmp_sa *sa = old_sa(b ? &o.w.b : &o.w.a);
		const struct ike_child_info *c = (b ? &o.w.b : &o.w.a)->children;
		const struct isakmp_quick *q = sa->quicks;
		assert_non_null(q);
		assert_int_equal(c->sizes.encr, 32);
		assert_int_equal(c->sizes.integ, 32);
		for (int out = 0; out < 2; out++) {
			keymat_by_hand(sa, VIEW_EMPTY, out ? c->spi_out : c->spi_in,
				ike_octets_view(&q->nonce_i), ike_octets_view(&q->nonce_r),
				expected);
			assert_memory_equal(out ? c->encr_out : c->encr_in, expected, 32);
			assert_memory_equal(out ? c->integ_out : c->integ_in, expected + 32, 32);
		}
	}
	old_end(&o);
}

/* With perfect forward secrecy g(qm)^xy comes first; three blocks. */
static void test_keymat_with_shared_secret(void **state)
{
	static const uint8_t shared[256] = { 0, 1, 2 }, nonce[2][16] = { { 3 }, { 4 } },
		spi[4] = { 0xca, 0xfe, 0, 1 };
	uint8_t expected[KEYMAT], found[KEYMAT];

	(void)state;
	open_world(0);
	const struct isakmp_sa *sa = old_sa(&o.w.a);
	keymat_by_hand(sa, VIEW_OF(shared), 0xcafe0001, VIEW_OF(nonce[0]), VIEW_OF(nonce[1]), expected);
	isakmp_keymat(isakmp_sa_suite(sa), isakmp_sa_keys(sa), VIEW_OF(shared), ISAKMP_PROTO_ESP, spi,
		VIEW_OF(nonce[0]), VIEW_OF(nonce[1]), found, sizeof(found));
	assert_memory_equal(found, expected, KEYMAT);
	old_end(&o);
}

/* RFC 3947 §3.2: HASH = HASH(CKY-I | CKY-R | IP | Port). */
static void test_nat_digest(void **state)
{
	static const uint8_t text[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 192, 0,
		2, 1, 0x11, 0x94 };
	const struct ike_suite suite = { .prf = IKE_PRF_HMAC_SHA1 };
	struct endpoint e = world_endpoint("192.0.2.1", 4500);
	uint8_t expected[DIGEST_MAX], found[DIGEST_MAX];
	struct view all = VIEW_OF(text);

	(void)state;
	digest_parts(DIGEST_SHA1, &all, 1, expected);
	assert_int_equal(isakmp_nat_digest(&suite, 0x0102030405060708, 0x090a0b0c0d0e0f10, &e, found),
		20);
	assert_memory_equal(found, expected, 20);
}

static void assert_wiped(const void *octets, size_t size)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < size; i++)
		assert_int_equal(at[i], 0);
}

/* What the keys were made of is gone when they are there, though the exchange lingers. */
static void test_secrets_are_wiped(void **state)
{
	(void)state;
	open_world(IKE_DH_MODP_2048);
	for (int b = 0; b < 2; b++) {
		const struct isakmp_sa *sa = old_sa(b ? &o.w.b : &o.w.a);
		assert_wiped(sa->shared, sizeof(sa->shared));
		assert_wiped(&sa->dh, sizeof(sa->dh));
		assert_non_null(sa->quicks);
		assert_int_not_equal(sa->quicks->group, 0);
		assert_wiped(sa->quicks->shared, sizeof(sa->quicks->shared));
		assert_wiped(&sa->quicks->dh, sizeof(sa->quicks->dh));
	}
	old_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_each_direction),
		cmocka_unit_test(test_keymat_with_shared_secret),
		cmocka_unit_test(test_nat_digest),
		cmocka_unit_test(test_secrets_are_wiped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
