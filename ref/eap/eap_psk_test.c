// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/reader.h"
#include "ref/eap/eap_pair.h"
#include "ref/eap/eap_psk.h"
#include "ref/eap/eap_psk_crypto.h"

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	for (; *hex; hex += 2) {
		unsigned high = (unsigned)(strchr("0123456789ABCDEF", hex[0]) - "0123456789ABCDEF");
		unsigned low = (unsigned)(strchr("0123456789ABCDEF", hex[1]) - "0123456789ABCDEF");
		out[n++] = (uint8_t)(high << 4 | low);
	}
	return n;
}

/* Values of Bellare, Rogaway and Wagner, "The EAX Mode of Operation", appendix. */
static const struct {
	const char *message, *key, *nonce, *header, *sealed;
} eax[] = {
	{ "", "233952DEE4D5ED5F9B9C6D6FF80FF478", "62EC67F9C3A4A407FCB2A8C49031A8B3",
		"6BFB914FD07EAE6B", "E037830E8389F27B025A2D6527E79D01" },
	{ "F7FB", "91945D3F4DCBEE0BF45EF52255F095A4", "BECAF043B0A23D843194BA972C66DEBD",
		"FA3BFD4806EB53FA", "19DD5C4C9331049D0BDAB0277408F67967E5" },
	{ "1A47CB4933", "01F74AD64077F2E704C0F60ADA3DD523", "70C3DB4F0D26368400A10ED05D2BFF5E",
		"234A3463C1264AC6", "D851D5BAE03A59F238A23E39199DC9266626C40F80" },
};

static void test_eax(void **state)
{
	uint8_t message[32], key[16], nonce[16], header[8], sealed[48], out[48];

	(void)state;
	for (size_t i = 0; i < sizeof(eax) / sizeof(*eax); i++) {
		size_t n = from_hex(eax[i].message, message);
		from_hex(eax[i].key, key);
		from_hex(eax[i].nonce, nonce);
		from_hex(eax[i].header, header);
		assert_int_equal(from_hex(eax[i].sealed, sealed), n + EAX_TAG_SIZE);
		eax_seal(key, VIEW_OF(nonce), VIEW_OF(header), VIEW(message, n), out, out + n);
		assert_memory_equal(out, sealed, n + EAX_TAG_SIZE);
		assert_true(eax_open(key, VIEW_OF(nonce), VIEW_OF(header), VIEW(sealed, n),
			sealed + n, out));
		if (n)
			assert_memory_equal(out, message, n);
		for (size_t bit = 0; bit < 8 * (n + EAX_TAG_SIZE); bit++) {
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(eax_open(key, VIEW_OF(nonce), VIEW_OF(header),
				VIEW(sealed, n), sealed + n, out));
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* RFC 4764 §3.1 and §3.2 say: each block is AES(key, AES(key, x) XOR n). Here by the letter. */
static void test_keys(void **state)
{
	const uint8_t psk[16] = "0123456789abcdef", rand_p[16] = "RRRRRRRRRRRRRRRR";
	uint8_t ak[16], kdk[16], tek[16], msk[EAP_MSK_SIZE], emsk[EAP_MSK_SIZE];
	uint8_t base[16], block[16], all[144];
	const uint8_t zero[16] = { 0 };

	(void)state;
	eap_psk_key_setup(psk, ak, kdk);
	aes128_encrypt_block(psk, zero, base);
	for (uint8_t n = 1; n <= 2; n++) {
		memcpy(block, base, sizeof(block));
		block[15] ^= n;
		aes128_encrypt_block(psk, block, block);
		assert_memory_equal(block, n == 1 ? ak : kdk, 16);
	}
	eap_psk_session_keys(kdk, rand_p, tek, msk, emsk);
	memcpy(all, tek, 16);
	memcpy(all + 16, msk, 64);
	memcpy(all + 80, emsk, 64);
	aes128_encrypt_block(kdk, rand_p, base);
	for (uint8_t n = 1; n <= 9; n++) {
		memcpy(block, base, sizeof(block));
		block[15] ^= n;
		aes128_encrypt_block(kdk, block, block);
		assert_memory_equal(block, all + 16 * (n - 1), 16);
	}
}

static void test_decode(void **state)
{
	static const struct {
		unsigned expected;
		uint8_t flags;
		size_t size;
		enum reject_reason reason;
	} cases[] = {
		{ 0, 0x00, 0, REJECT_TRUNCATED },  { 0, 0x00, 16, REJECT_TRUNCATED },
		{ 0, 0x00, 17, REJECT_LENGTH },	   { 0, 0x00, 18, REJECT_NONE },
		{ 0, 0x40, 18, REJECT_STATE },	   { 0, 0x00, 17 + 966, REJECT_NONE },
		{ 0, 0x00, 18 + 966, REJECT_LENGTH }, { 1, 0x40, 48, REJECT_TRUNCATED },
		{ 1, 0x40, 49, REJECT_LENGTH },	   { 1, 0x40, 50, REJECT_NONE },
		{ 2, 0x80, 32, REJECT_TRUNCATED }, { 2, 0x80, 53, REJECT_TRUNCATED },
		{ 2, 0x80, 54, REJECT_NONE },	   { 3, 0xc0, 37, REJECT_TRUNCATED },
		{ 3, 0xc0, 38, REJECT_NONE },	   { 3, 0x80, 38, REJECT_STATE },
	};
	uint8_t data[1024] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct psk_message message;
		struct reject reject = { 0 };
		data[0] = cases[i].flags;
		int result = psk_decode(VIEW(data, cases[i].size), cases[i].expected, &message,
			&reject);
		if (reject.reason != cases[i].reason)
			print_error("case %zu: expected %s, was %s\n", i,
				reject_name(cases[i].reason), reject_name(reject.reason));
		assert_int_equal(reject.reason, cases[i].reason);
		assert_int_equal(result, cases[i].reason ? -1 : 0);
	}
}

static bool only_user(void *context, const char *identity, struct eap_user *user)
{
	if (strcmp(identity, "psk@example") != 0)
		return false;
	user->methods[0] = EAP_TYPE_PSK;
	user->has_psk = true;
	memcpy(user->psk, context, EAP_PSK_SIZE);
	return true;
}

static struct pair begin(struct random *random, uint8_t key[EAP_PSK_SIZE])
{
	struct eap_peer_config peer = { .identity = "psk@example", .psk = key, .random = random };
	struct eap_server_config server = { .lookup = only_user, .lookup_context = key,
		.server_id = "server.example", .random = random };
	struct pair p = { .peer = eap_peer_new(&peer), .server = eap_server_new(&server) };

	p.server->ops->start(p.server);
	return p;
}

static const struct {
	size_t at;
	enum reject_reason reason;
} server_checks[] = {
	/* second message: RAND_S, RAND_P, MAC_P, ID_P */
	{ 6, REJECT_SESSION }, { 22, REJECT_INTEGRITY }, { 38, REJECT_INTEGRITY },
	{ 54, REJECT_IDENTITY },
}, peer_checks[] = {
	/* third message: RAND_S, MAC_S, nonce, tag, R */
	{ 6, REJECT_SESSION }, { 22, REJECT_INTEGRITY }, { 38, REJECT_REPLAY },
	{ 42, REJECT_INTEGRITY }, { 58, REJECT_INTEGRITY },
};

static enum reject_reason changed(struct eap_end *to, struct view packet, size_t at)
{
	uint8_t octets[512];
	struct reject reject = { 0 };

	memcpy(octets, packet.data, packet.size);
	octets[at] ^= 1;
	to->ops->input(to, VIEW(octets, packet.size), &reject);
	return reject.reason;
}

/* Both ends up to the second message, which is the peer's output. */
static struct pair after_second(struct random *random, uint8_t key[EAP_PSK_SIZE])
{
	struct pair p = begin(random, key);

	p.peer->ops->input(p.peer, p.server->output, NULL);
	p.server->ops->input(p.server, p.peer->output, NULL);
	p.peer->ops->input(p.peer, p.server->output, NULL);
	assert_int_equal(p.peer->output.data[5], 0x40);
	return p;
}

/* From the second message to the end. */
static void finish_after(struct pair *p)
{
	for (int n = 0; n < 2; n++) {
		p->server->ops->input(p->server, p->peer->output, NULL);
		p->peer->ops->input(p->peer, p->server->output, NULL);
	}
	assert_same_keys(p);
	assert_null(p->server->failure);
}

/* RFC 4764 §3.2: whatever is changed in the second or third message is noticed. */
static void test_changed_messages(void **state)
{
	uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef";
	struct random random = random_seeded(3);

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		struct pair p = after_second(&random, key);
		if (i < 4) {
			assert_int_equal(changed(p.server, p.peer->output, server_checks[i].at),
				server_checks[i].reason);
			/* Silently discarded (RFC 4764 §4.1), and the right one still counts. Not
			 * so when nobody is known by the name. */
			assert_int_equal(p.server->status, i == 3 ? EAP_FAILURE : EAP_OUTPUT);
			if (i < 3)
				finish_after(&p);
		} else {
			p.server->ops->input(p.server, p.peer->output, NULL);
			assert_int_equal(changed(p.peer, p.server->output, peer_checks[i - 4].at),
				peer_checks[i - 4].reason);
			/* the right one still counts */
			p.peer->ops->input(p.peer, p.server->output, NULL);
			assert_int_equal(p.peer->output.data[5], 0xc0);
			assert_int_equal(changed(p.server, p.peer->output, 22), REJECT_REPLAY);
			assert_int_equal(changed(p.server, p.peer->output, 26), REJECT_INTEGRITY);
			p.server->ops->input(p.server, p.peer->output, NULL);
			p.peer->ops->input(p.peer, p.server->output, NULL);
			assert_same_keys(&p);
		}
		pair_free(&p);
	}
}

struct keys {
	uint8_t ak[16], kdk[16], tek[16], msk[EAP_MSK_SIZE], emsk[EAP_MSK_SIZE];
};

/* The third message, as the server of `p` would send it, with that in its channel. */
static size_t third_message(const struct pair *p, const uint8_t key[EAP_PSK_SIZE],
	const struct psk_channel *channel, struct keys *k, uint8_t *room, size_t size)
{
	const uint8_t *second = p->peer->output.data; /* RAND_S at 6, RAND_P at 22 */
	uint8_t mac[PSK_MAC_SIZE], data[128], identifier = (uint8_t)(second[1] + 1);
	struct writer inner = writer_of(data, sizeof(data)), w = writer_of(room, size);

	eap_psk_key_setup(key, k->ak, k->kdk);
	eap_psk_session_keys(k->kdk, second + 22, k->tek, k->msk, k->emsk);
	psk_mac_s(k->ak, view_text("server.example"), second + 22, mac);
	psk_channel_seal(EAP_CODE_REQUEST, identifier, 2, second + 6, VIEW_OF(mac), k->tek, channel,
		&inner);
	struct eap_packet third = { .code = EAP_CODE_REQUEST, .identifier = identifier,
		.type = EAP_TYPE_PSK, .data = writer_view(&inner) };
	eap_encode(&third, &w);
	return writer_view(&w).size;
}

/* RFC 4764 §6.2: who does not know an extension says so by its type with nothing behind it; §6.1.3:
 * DONE_FAILURE is answered by DONE_FAILURE. */
static void test_refusals(void **state)
{
	static const struct psk_channel offers[] = {
		{ .result = PSK_DONE_SUCCESS, .extended = true, .extension = 255 },
		{ .result = PSK_CONT, .extended = true, .extension = 1 },
		{ .result = PSK_DONE_FAILURE },
	};
	uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef", room[256];
	struct random random = random_seeded(4);

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(*offers); i++) {
		struct pair p = after_second(&random, key);
		struct reject reject = { 0 };
		struct psk_channel answer;
		struct psk_message fourth;
		struct eap_packet packet;
		struct keys k;

		size_t size = third_message(&p, key, &offers[i], &k, room, sizeof(room));
		p.peer->ops->input(p.peer, VIEW(room, size), &reject);
		assert_int_equal(reject.reason, REJECT_NONE);
		assert_int_equal(eap_decode(p.peer->output, &packet, &reject), 0);
		assert_int_equal(psk_decode(packet.data, 3, &fourth, &reject), 0);
		assert_int_equal(psk_channel_open(&packet, &fourth, 1, k.tek, &answer, &reject), 0);
		assert_int_equal(answer.result, PSK_DONE_FAILURE);
		assert_int_equal(answer.extended, offers[i].extended);
		assert_int_equal(answer.extension, offers[i].extension);
		assert_false(p.peer->has_key);
		assert_non_null(p.peer->failure);
		pair_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eax),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_changed_messages),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
