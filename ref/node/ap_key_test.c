// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/node/ap_key.h"

static const uint8_t bssid[6] = { 2, 0, 0, 0, 0xa, 1 }, other[6] = { 2, 0, 0, 0, 0xa, 2 };
static const uint8_t secret[16] = "0123456789abcde";

static const struct ap_key_message install = { .type = AP_KEY_INSTALL,
	.sequence = 7,
	.station = { 2, 0, 0, 0, 0, 1 },
	.lifetime = 600,
	.pmk = "a pairwise master key of 32 oct" };

static void both_ways(void **state)
{
	struct ap_key_channel channel;
	struct ap_key_message back, answer = { .type = AP_KEY_REFUSED, .sequence = 7 };
	uint8_t wire[AP_KEY_MESSAGE_MAX];
	size_t size;

	(void)state;
	ap_key_channel(&channel, VIEW_OF(secret), bssid);
	size = ap_key_seal(&channel, &install, wire);
	assert_null(memmem(wire, size, install.pmk, 8));
	assert_int_equal(ap_key_open(&channel, VIEW(wire, size), &back, NULL), 0);
	assert_int_equal(back.sequence, 7);
	assert_int_equal(back.lifetime, 600);
	assert_memory_equal(back.station, install.station, 6);
	assert_memory_equal(back.pmk, install.pmk, PMK_SIZE);
	size = ap_key_seal(&channel, &answer, wire);
	assert_int_equal(ap_key_open(&channel, VIEW(wire, size), &back, NULL), 0);
	assert_int_equal(back.type, AP_KEY_REFUSED);
}

/* A change of any bit, a message cut short, another access point's or another key: refused. */
static void refused(void **state)
{
	struct ap_key_channel channel, stranger;
	struct ap_key_message back;
	struct reject why = { 0 };
	uint8_t wire[AP_KEY_MESSAGE_MAX], wrong[16] = { 0 };
	size_t size;

	(void)state;
	ap_key_channel(&channel, VIEW_OF(secret), bssid);
	size = ap_key_seal(&channel, &install, wire);
	for (size_t bit = 0; bit < size * 8; bit++) {
		wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(ap_key_open(&channel, VIEW(wire, size), &back, NULL), -1);
		wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(ap_key_open(&channel, VIEW(wire, cut), &back, NULL), -1);
	ap_key_channel(&stranger, VIEW_OF(secret), other);
	assert_int_equal(ap_key_open(&stranger, VIEW(wire, size), &back, &why), -1);
	assert_int_equal(why.reason, REJECT_INTEGRITY);
	why = (struct reject){ 0 };
	ap_key_channel(&stranger, VIEW_OF(wrong), bssid);
	assert_int_equal(ap_key_open(&stranger, VIEW(wire, size), &back, &why), -1);
	assert_int_equal(why.reason, REJECT_INTEGRITY);
}

static void window(void **state)
{
	struct ap_key_window w = { 0 };

	(void)state;
	assert_int_equal(ap_key_take(&w, 1000), AP_KEY_NEW);
	assert_int_equal(ap_key_take(&w, 1000), AP_KEY_AGAIN);
	assert_int_equal(ap_key_take(&w, 1002), AP_KEY_NEW);
	assert_int_equal(ap_key_take(&w, 1001), AP_KEY_NEW);
	assert_int_equal(ap_key_take(&w, 1001), AP_KEY_AGAIN);
	assert_int_equal(ap_key_take(&w, 938), AP_KEY_OLD);
	assert_int_equal(ap_key_take(&w, 939), AP_KEY_NEW);
	assert_int_equal(ap_key_take(&w, 5000), AP_KEY_NEW);
	assert_int_equal(ap_key_take(&w, 1002), AP_KEY_OLD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(refused),
		cmocka_unit_test(window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
