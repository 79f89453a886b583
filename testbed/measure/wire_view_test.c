// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <pcap/pcap.h>

#include "ref/base/writer.h"
#include "testbed/measure/wire_view.h"

#define SPI 0xc0ffee01u
#define PAYLOAD 200

struct packet {
	uint8_t octets[1500];
	size_t size;
};

static void put(struct packet *p, struct writer *w)
{
	p->size = writer_view(w).size;
}

/* A segment of PAYLOAD octets with time stamps, from the mobile node's port 40000. */
static struct packet segment(bool up)
{
	struct packet p;
	struct writer w = writer_of(p.octets, sizeof(p.octets));

	write_u16(&w, up ? 40000 : 49718);
	write_u16(&w, up ? 49718 : 40000);
	write_zero(&w, 8);
	write_u8(&w, 8 << 4);
	write_zero(&w, 19 + PAYLOAD);
	put(&p, &w);
	return p;
}

static struct packet in_ip(struct packet inner, uint8_t protocol)
{
	struct packet p;
	struct writer w = writer_of(p.octets, sizeof(p.octets));

	write_u8(&w, 0x45);
	write_u8(&w, 0);
	write_u16(&w, (uint16_t)(20 + inner.size));
	write_zero(&w, 5);
	write_u8(&w, protocol);
	write_zero(&w, 10);
	write_bytes(&w, inner.octets, inner.size);
	put(&p, &w);
	return p;
}

static struct packet in_udp(struct packet inner, uint16_t from, uint16_t to)
{
	struct packet p;
	struct writer w = writer_of(p.octets, sizeof(p.octets));

	write_u16(&w, from);
	write_u16(&w, to);
	write_zero(&w, 4);
	write_bytes(&w, inner.octets, inner.size);
	put(&p, &w);
	return p;
}

/* RFC 4106 with 256 bits of key: zeros and the octet `key` first. */
static struct packet in_esp(struct packet inner, uint8_t next, uint8_t key)
{
	struct packet p;
	uint8_t secret[32] = { key }, nonce[12] = { 0 }, pad = (uint8_t)((4 - (inner.size + 2) % 4) % 4);
	struct writer w = writer_of(p.octets, sizeof(p.octets));
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	write_u32(&w, SPI);
	write_u32(&w, 1);
	write_zero(&w, 8);
	put(&p, &w);
	memset(inner.octets + inner.size, 0, pad);
	inner.size += pad;
	inner.octets[inner.size++] = pad;
	inner.octets[inner.size++] = next;
	assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, secret, nonce), 1);
	EVP_EncryptUpdate(c, NULL, &n, p.octets, 8);
	EVP_EncryptUpdate(c, p.octets + p.size, &n, inner.octets, (int)inner.size);
	p.size += inner.size;
	EVP_EncryptFinal_ex(c, p.octets + p.size, &n);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, p.octets + p.size);
	p.size += 16;
	EVP_CIPHER_CTX_free(c);
	return p;
}

static struct esp_keys keys_of(uint8_t first)
{
	struct esp_keys keys = { 0 };
	char said[512] = "src 192.0.2.2 dst 203.0.113.2\n\tproto esp spi 0xc0ffee01 reqid 1 mode "
			 "transport\n\treplay-window 32\n\taead rfc4106(gcm(aes)) 0x";
	size_t n = strlen(said);

	snprintf(said + n, sizeof(said) - n, "%02x%070x 128\n", first, 0);
	assert_int_equal(esp_keys_read(&keys, said), 1);
	assert_int_equal(keys.list[0].size, 36);
	assert_int_equal(esp_keys_read(&keys, said), 0);
	return keys;
}

static bool find(struct packet p, const struct esp_keys *keys, struct wire *wire, struct segment *s)
{
	*wire = (struct wire){ 0 };
	*s = (struct segment){ 0 };
	return wire_find(DLT_RAW, VIEW(p.octets, p.size), keys, 49718, wire, s);
}

static void expect(struct packet p, bool up, unsigned headers, uint8_t outer)
{
	struct esp_keys keys = keys_of(7);
	struct wire wire;
	struct segment s;

	assert_true(find(p, &keys, &wire, &s));
	assert_int_equal(s.up, up);
	assert_int_equal(s.port, 40000);
	assert_int_equal(s.payload, PAYLOAD);
	assert_int_equal(s.wire - s.payload, headers);
	assert_int_equal(s.outer, outer);
	assert_int_equal(wire.unopened, 0);
}

static void segments_in_every_wrapping(void **state)
{
	struct packet plain = in_ip(segment(true), IPPROTO_TCP);

	(void)state;
	expect(plain, true, 52, IPPROTO_TCP);
	expect(in_ip(segment(false), IPPROTO_TCP), false, 52, IPPROTO_TCP);
	expect(in_ip(plain, IPPROTO_IPIP), true, 72, IPPROTO_IPIP);
	/* 8 of ESP, 8 of IV, 2 of padding, 2 of trailer, 16 of ICV */
	expect(in_ip(in_esp(segment(true), IPPROTO_TCP, 7), IPPROTO_ESP), true, 52 + 36, IPPROTO_ESP);
	expect(in_ip(in_esp(plain, IPPROTO_IPIP, 7), IPPROTO_ESP), true, 72 + 36, IPPROTO_ESP);
	expect(in_ip(in_udp(in_esp(plain, IPPROTO_IPIP, 7), 4500, 4500), IPPROTO_UDP), true, 80 + 36,
		IPPROTO_UDP);
}

static void esp_of_other_keys_is_told(void **state)
{
	struct esp_keys keys = keys_of(8);
	struct wire wire;
	struct segment s;

	(void)state;
	assert_false(find(in_ip(in_esp(segment(true), IPPROTO_TCP, 7), IPPROTO_ESP), &keys, &wire, &s));
	assert_int_equal(wire.unopened, 1);
	keys.count = 0;
	assert_false(find(in_ip(in_esp(segment(true), IPPROTO_TCP, 7), IPPROTO_ESP), &keys, &wire, &s));
	assert_int_equal(wire.unopened, 1);
}

static void ike_is_counted(void **state)
{
	struct packet marker = { .size = 28 };
	struct esp_keys keys = { 0 };
	struct wire wire;
	struct segment s;

	(void)state;
	assert_false(find(in_ip(in_udp(marker, 4500, 4500), IPPROTO_UDP), &keys, &wire, &s));
	assert_int_equal(wire.control, 1);
	assert_false(find(in_ip(in_udp(segment(true), 500, 500), IPPROTO_UDP), &keys, &wire, &s));
	assert_int_equal(wire.control, 1);
	assert_false(find(in_ip(in_udp(segment(true), 53, 5353), IPPROTO_UDP), &keys, &wire, &s));
	assert_int_equal(wire.control, 0);
}

static void fragments_are_counted(void **state)
{
	struct packet p = in_ip(segment(true), IPPROTO_TCP);
	struct esp_keys keys = { 0 };
	struct wire wire;
	struct segment s;

	(void)state;
	p.octets[6] = 0x40; /* may not be fragmented */
	assert_true(find(p, &keys, &wire, &s));
	assert_int_equal(wire.fragments, 0);
	p.octets[6] = 0x20; /* more of them follow */
	assert_false(find(p, &keys, &wire, &s));
	assert_int_equal(wire.fragments, 1);
	p.octets[6] = 0;
	p.octets[7] = 185;
	assert_false(find(p, &keys, &wire, &s));
	assert_int_equal(wire.fragments, 1);
}

/* A key of a cipher that is not opened here, and one without a key line of its own. */
static void other_keys_are_left(void **state)
{
	struct esp_keys keys = { 0 };

	(void)state;
	assert_int_equal(esp_keys_read(&keys, "proto esp spi 0x1 \n auth-trunc hmac(sha256) 0x5a\n"
		"proto esp spi 0x2 \n aead rfc4106(gcm(aes)) 0x00112233445566778899aabbccddeeff01020304 "
		"128\nproto esp spi 0x3\n aead rfc4106(gcm(aes)) 0x0011 128\n"), 1);
	assert_int_equal(keys.list[0].spi, 2);
	assert_int_equal(keys.list[0].size, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_in_every_wrapping),
		cmocka_unit_test(esp_of_other_keys_is_told),
		cmocka_unit_test(ike_is_counted),
		cmocka_unit_test(fragments_are_counted),
		cmocka_unit_test(other_keys_are_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
