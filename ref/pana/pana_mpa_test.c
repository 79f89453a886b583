// SPDX-License-Identifier: Apache-2.0
/* The handover AVPs: structures to octets and back, and values that contradict themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "ref/pana/pana_mpa.h"

static struct endpoint address(const char *text)
{
	struct endpoint e;
	assert_int_equal(endpoint_parse(text, 0, &e), 0);
	return e;
}

/* The element passes the tables, alone in a PNR with the P bit. */
static void assert_checks(const struct element_value *e)
{
	struct packet p = packet_named(&pana_protocol, "PNR"), back = { .element_count = 0 };
	uint8_t buffer[1024];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct reject r = { 0 };

	assert_true(packet_add(&p, e->vendor, e->code, e->value));
	wire_encode(&p, &w);
	if (pana_decode(writer_view(&w), &back, &r) < 0)
		fail_msg("%s: %s %s", e->element->name, reject_name(r.reason), r.field);
	assert_true(view_equal(back.elements[0].value, e->value));
}

static void test_address_request(void **state)
{
	struct mpa_address_request in = {
		.request_id = 7,
		.family = AF_INET,
		.mac = { 2, 0, 0, 0, 0, 9 },
		.client_id = { .data = { 1, 2, 0, 0, 0, 0, 9 }, .size = 7 },
	}, out;
	uint8_t storage[MPA_VALUE_MAX];
	static const uint8_t expected[] = { 0, 7, 4, 0, 2, 0, 0, 0, 0, 9, 0, 0, 1, 2, 0, 0, 0, 0,
		9 };

	(void)state;
	struct element_value e = mpa_encode_address_request(&in, storage);
	assert_int_equal(e.value.size, sizeof(expected));
	assert_memory_equal(e.value.data, expected, sizeof(expected));
	assert_checks(&e);
	assert_int_equal(mpa_decode_address_request(e.value, &out), 0);
	uint8_t again[MPA_VALUE_MAX];
	assert_true(view_equal(mpa_encode_address_request(&out, again).value, e.value));
	storage[2] = 5;
	assert_int_equal(mpa_decode_address_request(e.value, &out), -1);
	assert_int_equal(mpa_decode_address_request(VIEW(storage, 11), &out), -1);
}

static void test_address_context(void **state)
{
	struct mpa_address_context in = { .request_id = 7, .family = AF_INET, .prefix_length = 24 },
				   out;
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	in.address = address("198.51.100.20");
	in.router = address("198.51.100.1");
	in.dhcp_server = address("198.51.100.2");
	in.lease = 3600;
	in.router_mac[5] = 1;
	struct element_value e = mpa_encode_address_context(&in, storage);
	assert_int_equal(e.value.size, 4 + 4 * 16 + 4 + 8);
	assert_checks(&e);
	assert_int_equal(mpa_decode_address_context(e.value, &out), 0);
	assert_true(endpoint_equal(&out.address, &in.address));
	assert_int_equal(out.dns.family, AF_UNSPEC);
	assert_int_equal(out.lease, 3600);
	assert_int_equal(out.prefix_length, 24);
	/* a prefix or an address that the family cannot have */
	storage[3] = 33;
	assert_int_equal(mpa_decode_address_context(e.value, &out), -1);
	storage[3] = 24;
	storage[2] = 6;
	assert_int_equal(mpa_decode_address_context(e.value, &out), -1);
	in.family = AF_INET6;
	in.prefix_length = 64;
	in.address = address("[2001:db8::20]");
	in.router = address("[fe80::1]");
	in.dhcp_server = (struct endpoint){ .family = AF_UNSPEC };
	e = mpa_encode_address_context(&in, storage);
	assert_int_equal(mpa_decode_address_context(e.value, &out), 0);
	assert_int_equal(out.address.family, AF_INET6);
}

static void test_address_release(void **state)
{
	struct mpa_address_release in = { .request_id = 1 }, out;
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	in.address = address("198.51.100.20");
	struct element_value e = mpa_encode_address_release(&in, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_address_release(e.value, &out), 0);
	assert_true(endpoint_equal(&out.address, &in.address));
	storage[2] = 6;
	assert_int_equal(mpa_decode_address_release(e.value, &out), -1);
}

static void test_tunnel_request(void **state)
{
	struct mpa_tunnel_request in = { .request_id = 2, .mode = MPA_ESP, .spi = 0x1001 }, out;
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	in.outer = address("10.0.0.5");
	in.inner = address("198.51.100.20");
	in.transforms = MPA_AES_CBC_SHA256 | MPA_AES_GCM;
	in.nonce.size = 32;
	struct element_value e = mpa_encode_tunnel_request(&in, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_tunnel_request(e.value, &out), 0);
	assert_int_equal(out.spi, 0x1001);
	assert_int_equal(out.transforms, 3);
	assert_int_equal(out.nonce.size, 32);
	assert_true(endpoint_equal(&out.inner, &in.inner));
	/* RFC 4303 §2.1: a reserved SPI; a nonce that is too short */
	in.spi = 255;
	assert_int_equal(
		mpa_decode_tunnel_request(mpa_encode_tunnel_request(&in, storage).value, &out), -1);
	in.spi = 256;
	in.nonce.size = 15;
	assert_int_equal(
		mpa_decode_tunnel_request(mpa_encode_tunnel_request(&in, storage).value, &out), -1);
	in.nonce.size = 16;
	in.outer.family = AF_UNSPEC;
	assert_int_equal(
		mpa_decode_tunnel_request(mpa_encode_tunnel_request(&in, storage).value, &out), -1);
}

static void test_tunnel_parameters(void **state)
{
	struct mpa_tunnel_parameters in = { .request_id = 2, .mode = MPA_ESP, .spi = 0x2002 }, out;
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	in.outer = address("192.0.2.1");
	in.inner = address("198.51.100.20");
	in.transform = MPA_AES_GCM;
	in.lifetime = 300;
	in.nonce.size = 16;
	struct element_value e = mpa_encode_tunnel_parameters(&in, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_tunnel_parameters(e.value, &out), 0);
	assert_int_equal(out.transform, MPA_AES_GCM);
	assert_int_equal(out.lifetime, 300);
	in.transform = 8;
	assert_int_equal(mpa_decode_tunnel_parameters(
				 mpa_encode_tunnel_parameters(&in, storage).value, &out),
		-1);
}

static void test_the_small_ones(void **state)
{
	struct mpa_tunnel_delete d = { .request_id = 3, .spi = 0x1001 }, d2;
	struct mpa_buffer_control b = { 4, MPA_BUFFER_START, 50, 2000 }, b2;
	struct mpa_handover_status s = { 5, MPA_NO_ADDRESS, "the pool is empty" }, s2;
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	struct element_value e = mpa_encode_tunnel_delete(&d, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_tunnel_delete(e.value, &d2), 0);
	assert_int_equal(d2.request_id, 3);
	assert_int_equal(d2.spi, 0x1001);
	e = mpa_encode_buffer_control(&b, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_buffer_control(e.value, &b2), 0);
	assert_int_equal(b2.operation, MPA_BUFFER_START);
	assert_int_equal(b2.depth, 50);
	assert_int_equal(b2.period, 2000);
	storage[2] = 4;
	assert_int_equal(mpa_decode_buffer_control(e.value, &b2), -1);
	e = mpa_encode_handover_status(&s, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_handover_status(e.value, &s2), 0);
	assert_string_equal(s2.detail, "the pool is empty");
	assert_int_equal(s2.code, MPA_NO_ADDRESS);
	assert_string_equal(mpa_status_name(MPA_NO_ADDRESS), "no-address");
	assert_string_equal(mpa_status_name(99), "?");
}

static void test_ap_keys(void **state)
{
	struct mpa_ap_key_request q = { 7, { 2, 0, 0, 0, 0, 1 } }, q2;
	struct mpa_ap_keys k = { .request_id = 7, .lifetime = 600, .count = 2 }, k2;
	uint8_t storage[MPA_VALUE_MAX];

	(void)state;
	struct element_value e = mpa_encode_ap_key_request(&q, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_ap_key_request(e.value, &q2), 0);
	assert_memory_equal(q2.mac, q.mac, 6);
	k.aps[1].bssid[5] = 9;
	assert_int_equal(endpoint_parse("192.0.2.1", 0, &k.aps[1].address), 0);
	e = mpa_encode_ap_keys(&k, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_ap_keys(e.value, &k2), 0);
	assert_int_equal(k2.count, 2);
	assert_int_equal(k2.lifetime, 600);
	assert_int_equal(k2.aps[1].bssid[5], 9);
	assert_int_equal(k2.aps[1].address.family, AF_INET);
	for (size_t size = 0; size < e.value.size; size++)
		assert_int_equal(mpa_decode_ap_keys(VIEW(e.value.data, size), &k2),
			size == 8 + 22 ? 0 : -1);
	k.count = MPA_APS_MAX;
	e = mpa_encode_ap_keys(&k, storage);
	assert_checks(&e);
	assert_int_equal(mpa_decode_ap_keys(e.value, &k2), 0);
	assert_int_equal(k2.count, MPA_APS_MAX);
}

static struct mpa_neighbour good_neighbour(void)
{
	struct mpa_neighbour n = { { 2, 0, 0, 0, 10, 1 }, 24, .domain = "a.example" };

	assert_int_equal(endpoint_parse("198.51.100.11", 0, &n.address), 0);
	assert_int_equal(endpoint_parse("[2001:db8::1]:716", 0, &n.agent), 0);
	return n;
}

/* The element passes the tables in the last PAR. */
static void assert_checks_in_result(const struct element_value *e)
{
	struct packet p = packet_named(&pana_protocol, "PAR"), back = { .element_count = 0 };
	uint8_t buffer[1024];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct reject r = { 0 };

	p.header[PANA_FLAGS] |= PANA_C;
	assert_true(packet_add(&p, 0, PANA_AVP_RESULT_CODE, VIEW("\0\0\0", 4)));
	assert_true(packet_add(&p, e->vendor, e->code, e->value));
	assert_true(packet_add(&p, e->vendor, e->code, e->value));
	wire_encode(&p, &w);
	if (pana_decode(writer_view(&w), &back, &r) < 0)
		fail_msg("%s: %s %s", e->element->name, reject_name(r.reason), r.field);
	assert_true(view_equal(back.elements[2].value, e->value));
}

static int again(struct mpa_neighbour *in, struct mpa_neighbour *out)
{
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value e = mpa_encode_neighbour(in, storage);

	assert_checks_in_result(&e);
	return mpa_decode_neighbour(e.value, out);
}

static void test_neighbour(void **state)
{
	struct mpa_neighbour n = good_neighbour(), m;

	(void)state;
	assert_int_equal(again(&n, &m), 0);
	assert_memory_equal(m.bssid, n.bssid, 6);
	assert_int_equal(m.prefix_length, 24);
	assert_true(endpoint_equal(&m.address, &n.address));
	assert_true(endpoint_equal(&m.agent, &n.agent));
	assert_string_equal(m.domain, "a.example");
	n.agent = (struct endpoint){ 0 };
	n.domain[0] = '\0';
	n.prefix_length = 0;
	assert_int_equal(again(&n, &m), 0);
	assert_int_equal(m.agent.family, 0);
	assert_string_equal(m.domain, "");
}

/* What contradicts itself, or can be nobody's, is not taken. */
static void test_neighbour_refused(void **state)
{
	struct mpa_neighbour n, m;

	(void)state;
	n = good_neighbour();
	n.prefix_length = 33;
	assert_int_equal(again(&n, &m), -1);
	n = good_neighbour();
	n.bssid[0] = 3;
	assert_int_equal(again(&n, &m), -1);
	n = good_neighbour();
	memset(n.bssid, 0, 6);
	assert_int_equal(again(&n, &m), -1);
	n = good_neighbour();
	n.address = (struct endpoint){ 0 };
	assert_int_equal(again(&n, &m), -1);
	n = good_neighbour();
	n.agent.port = 0;
	assert_int_equal(again(&n, &m), -1);
	n = good_neighbour();
	assert_int_equal(endpoint_parse("[ff02::1]:716", 0, &n.agent), 0);
	assert_int_equal(again(&n, &m), -1);
	n = good_neighbour();
	strcpy(n.domain, "a..example");
	assert_int_equal(again(&n, &m), -1);
	for (size_t size = 0; size < 44; size++)
		assert_int_equal(mpa_decode_neighbour(VIEW("\2\0\0\0\0\1", size < 6 ? size : 6),
					 &m), -1);
}

/* Cut short anywhere, no decoder reads on. */
static void test_cut_short(void **state)
{
	static const uint8_t zero[MPA_VALUE_MAX];
	struct mpa_address_context a;
	struct mpa_tunnel_request q;
	struct mpa_tunnel_parameters p;

	(void)state;
	for (size_t size = 0; size < 80; size++) {
		assert_int_equal(mpa_decode_address_context(VIEW(zero, size), &a), -1);
		assert_int_equal(mpa_decode_tunnel_request(VIEW(zero, size), &q), -1);
		assert_int_equal(mpa_decode_tunnel_parameters(VIEW(zero, size), &p), -1);
	}
}

static void test_choice_of_transform(void **state)
{
	(void)state;
	assert_int_equal(mpa_choose_transform(7, 7), MPA_AES_GCM);
	assert_int_equal(mpa_choose_transform(5, 7), MPA_AES_CBC_SHA256);
	assert_int_equal(mpa_choose_transform(4, 7), MPA_NULL_SHA256);
	assert_int_equal(mpa_choose_transform(4, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_request),
		cmocka_unit_test(test_address_context),
		cmocka_unit_test(test_address_release),
		cmocka_unit_test(test_tunnel_request),
		cmocka_unit_test(test_tunnel_parameters),
		cmocka_unit_test(test_the_small_ones),
		cmocka_unit_test(test_ap_keys),
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_neighbour_refused),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_choice_of_transform),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
