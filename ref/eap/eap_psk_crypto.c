// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_psk_crypto.h"

/* One output block of the modified counter mode: AES(key, base XOR counter). */
static void counter_block(const uint8_t key[16], const uint8_t base[16], uint8_t counter,
	uint8_t out[16])
{
	uint8_t block[16];

	memcpy(block, base, sizeof(block));
	block[15] ^= counter;
	aes128_encrypt_block(key, block, out);
	wipe(block, sizeof(block));
}

void eap_psk_key_setup(const uint8_t psk[16], uint8_t ak[16], uint8_t kdk[16])
{
	const uint8_t zero[16] = { 0 };
	uint8_t base[16];

	aes128_encrypt_block(psk, zero, base);
	counter_block(psk, base, 1, ak);
	counter_block(psk, base, 2, kdk);
	wipe(base, sizeof(base));
}

void eap_psk_session_keys(const uint8_t kdk[16], const uint8_t rand_p[16], uint8_t tek[16],
	uint8_t msk[EAP_MSK_SIZE], uint8_t emsk[EAP_MSK_SIZE])
{
	uint8_t base[16], counter = 1;

	aes128_encrypt_block(kdk, rand_p, base);
	counter_block(kdk, base, counter++, tek);
	for (unsigned i = 0; i < EAP_MSK_SIZE; i += 16)
		counter_block(kdk, base, counter++, msk + i);
	for (unsigned i = 0; i < EAP_MSK_SIZE; i += 16)
		counter_block(kdk, base, counter++, emsk + i);
	wipe(base, sizeof(base));
}

/* OMAC^t of EAX: CMAC over a block that holds the number t, then the message. */
static void omac(const uint8_t key[16], uint8_t t, struct view message, uint8_t out[16])
{
	const uint8_t first[16] = { [15] = t };
	struct view parts[] = { VIEW_OF(first), message };
	aes128_cmac(key, parts, 2, out);
}

static void eax_tag(const uint8_t key[16], const uint8_t nonce[16], struct view header,
	struct view sealed, uint8_t tag[EAX_TAG_SIZE])
{
	uint8_t h[16], c[16];

	omac(key, 1, header, h);
	omac(key, 2, sealed, c);
	for (unsigned i = 0; i < EAX_TAG_SIZE; i++)
		tag[i] = nonce[i] ^ h[i] ^ c[i];
}

void eax_seal(const uint8_t key[16], struct view nonce, struct view header, struct view plain,
	uint8_t *out, uint8_t tag[EAX_TAG_SIZE])
{
	uint8_t n[16];

	omac(key, 0, nonce, n);
	aes128_ctr(key, n, plain, out);
	eax_tag(key, n, header, VIEW(out, plain.size), tag);
}

bool eax_open(const uint8_t key[16], struct view nonce, struct view header, struct view sealed,
	const uint8_t tag[EAX_TAG_SIZE], uint8_t *out)
{
	uint8_t n[16], expected[EAX_TAG_SIZE];

	omac(key, 0, nonce, n);
	eax_tag(key, n, header, sealed, expected);
	if (!ct_equal(VIEW_OF(expected), VIEW(tag, EAX_TAG_SIZE)) && !MUTANT(eap_psk_takes_any_tag))
		return false;
	aes128_ctr(key, n, sealed, out);
	return true;
}
