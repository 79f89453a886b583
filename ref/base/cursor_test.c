// SPDX-License-Identifier: Apache-2.0
/* Readers and writers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/base/reader.h"
#include "ref/base/writer.h"

static const uint8_t octets[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void test_reads_in_network_order(void **state)
{
	struct reader r = reader_of(VIEW_OF(octets));

	(void)state;
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u24(&r), 0x040506);
	assert_int_equal(read_u32(&r), 0x0708090a);
	assert_int_equal(r.offset, 10);
	assert_int_equal(reader_left(&r), 0);
	assert_false(r.failed);
	r = reader_of(VIEW_OF(octets));
	assert_true(read_u64(&r) == UINT64_C(0x0102030405060708));
}

static void test_failure_sticks(void **state)
{
	struct reader r = reader_of(VIEW_OF(octets));

	(void)state;
	read_view(&r, 8);
	assert_int_equal(read_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(r.at, 8);
	/* even what would fit is not read any more */
	assert_int_equal(read_u8(&r), 0);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(r.at, 8);
}

static void test_bytes_of_a_short_packet_are_zero(void **state)
{
	struct reader r = reader_of(VIEW(octets, 2));
	uint8_t to[4] = { 9, 9, 9, 9 };
	static const uint8_t zero[4];

	(void)state;
	read_bytes(&r, to, sizeof(to));
	assert_true(r.failed);
	assert_memory_equal(to, zero, 4);
}

static void test_child_is_bounded_and_counts_on(void **state)
{
	struct reader r = reader_of(VIEW_OF(octets));

	(void)state;
	read_u16(&r);
	struct reader child = read_child(&r, 3);
	assert_int_equal(read_u24(&child), 0x030405);
	assert_int_equal(child.offset, 5);
	assert_int_equal(read_u8(&child), 0);
	assert_true(child.failed);
	assert_int_equal(child.at, 5);
	/* the child's failure is its own */
	assert_false(r.failed);
	assert_int_equal(read_u8(&r), 6);
	child = read_child(&r, 100);
	assert_true(child.failed);
	assert_true(r.failed);
	assert_int_equal(child.at, 6);
}

static void test_sizes_that_would_wrap(void **state)
{
	struct reader r = reader_of(VIEW_OF(octets));

	(void)state;
	assert_int_equal(read_view(&r, SIZE_MAX).size, 0);
	assert_true(r.failed);
	r = reader_of(VIEW_EMPTY);
	assert_int_equal(read_rest(&r).size, 0);
	assert_false(r.failed);
}

static void test_writes_in_network_order(void **state)
{
	uint8_t buffer[16];
	struct writer w = writer_of(buffer, sizeof(buffer));
	static const uint8_t expected[] = { 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 8, 9 };

	(void)state;
	write_u8(&w, 1);
	write_u16(&w, 0x0203);
	write_u32(&w, 0x04050607);
	write_u64(&w, 8);
	write_uint(&w, 0xff09, 1);
	assert_false(w.failed);
	assert_int_equal(w.used, 16);
	assert_memory_equal(buffer, expected, 16);
}

static void test_writer_stops_at_the_first_that_does_not_fit(void **state)
{
	uint8_t buffer[4] = { 0xee, 0xee, 0xee, 0xee };
	struct writer w = writer_of(buffer, 3);

	(void)state;
	write_u16(&w, 0x0102);
	write_u16(&w, 0x0304);
	write_u8(&w, 5);
	assert_true(w.failed);
	assert_int_equal(writer_view(&w).size, 0);
	assert_int_equal(buffer[2], 0xee);
	assert_int_equal(buffer[3], 0xee);
	assert_null(write_room(&w, 0));
}

static void test_overwrites_only_what_is_written(void **state)
{
	uint8_t buffer[8] = { 0 };
	struct writer w = writer_of(buffer, sizeof(buffer));

	(void)state;
	write_zero(&w, 4);
	write_uint_at(&w, 1, 0x0203, 2);
	assert_int_equal(buffer[1], 2);
	assert_int_equal(buffer[2], 3);
	write_uint_at(&w, 3, 0x0405, 2);
	assert_true(w.failed);
	assert_int_equal(buffer[3], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_in_network_order),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_bytes_of_a_short_packet_are_zero),
		cmocka_unit_test(test_child_is_bounded_and_counts_on),
		cmocka_unit_test(test_sizes_that_would_wrap),
		cmocka_unit_test(test_writes_in_network_order),
		cmocka_unit_test(test_writer_stops_at_the_first_that_does_not_fit),
		cmocka_unit_test(test_overwrites_only_what_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
