// SPDX-License-Identifier: Apache-2.0
/*
 * The tester's end of IKEv1 against any implementation: datagrams as they come, and payloads that were
 * encrypted with the right key, in main mode, quick modes and informational exchanges. Each is opened,
 * taken note of and answered. What is found in a message lies within the test's memory.
 */
#include <stdlib.h>

#include "testbed/adapter/contract.h"
#include "testbed/suite/isakmp_peer.h"
#include "testbed/suite/isakmp_peer_inside.h"
#include "testbed/suite/tester_eap.h"

#define CKY_I 0x0102030405060708
#define CKY_R 0x1112131415161718

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	const struct peer_ops *ops;
	struct peer *peer;
	struct random random;
	struct arena *arena;
	struct tester_eap *eap;
	bool serves;
};

/* As in a test that sets nothing but a method of EAP, which there has to be. */
static const char *setting(void *context, const char *name)
{
	(void)context;
	if (strcmp(name, "eap") == 0)
		return "EAP-PSK";
	for (const struct contract_setting *c = contract_settings; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c->standard;
	return NULL;
}

/* Both ends have keys; main mode is over or not. */
static void begin(struct end *e, bool serves, bool authenticated)
{
	static const uint8_t octets[32] = { 1 };
	char why[200];

	*e = (struct end){ .ops = serves ? &isakmp_responder_peer : &isakmp_initiator_peer,
		.random = random_seeded(1), .arena = arena_new(), .serves = serves };
	const struct tester_eap_options options = { .server = serves, .setting = setting,
		.credentials = ".", .random = &e->random };
	e->eap = tester_eap_new(&options, why, sizeof(why));
	if (!e->eap)
		abort();
	const struct peer_config config = { .setting = setting, .random = &e->random,
		.arena = e->arena, .eap = tester_eap_end(e->eap) };
	e->peer = e->ops->create(&config);
	struct peer *p = e->peer;
	p->cky_i = CKY_I;
	p->cky_r = CKY_R;
	p->suite = (struct ike_suite){ .encr = IKE_ENCR_AES_CBC, .key_bits = 128,
		.prf = IKE_PRF_HMAC_SHA2_256, .dh = IKE_DH_ECP_256 };
	p->nonces[0] = p->nonces[1] = p->publics[0] = p->publics[1] = VIEW_OF(octets);
	p->sa_body = VIEW_OF(octets);
	const struct isakmp_seed seed = isakmp_peer_seed(p, VIEW_OF(octets));
	isakmp_keys_derive(&p->suite, &seed, &p->keys);
	p->keyed = true;
	p->phase = authenticated ? ISAKMP_PHASE_AUTHENTICATED : ISAKMP_PHASE_KEYED;
	p->due = ISAKMP_SUITE_INFO;
	p->here.family = p->there.family = 2;
}

static void end(struct end *e)
{
	e->ops->destroy(e->peer);
	tester_eap_free(e->eap);
	arena_free(e->arena);
}

/* The octets as the implementation would have encrypted them, in the exchange that the input says. */
static struct view seal(struct end *e, struct reader *in, struct view inside)
{
	static const enum isakmp_exchange exchanges[] = { ISAKMP_IDENTITY_PROTECTION,
		ISAKMP_QUICK_MODE, ISAKMP_INFORMATIONAL };
	struct packet header = packet_of(&isakmp_protocol);
	struct writer w = writer_of(arena_alloc(e->arena, ISAKMP_MESSAGE_MAX), ISAKMP_MESSAGE_MAX);
	uint8_t kind = read_u8(in), iv[ISAKMP_BLOCK_MAX];
	uint32_t id = kind % 3 ? 1 + (kind >> 4) : 0, first = read_u8(in);
	struct tester_quick *q = isakmp_peer_quick(e->peer, id);

	header.header[ISAKMP_CKY_I] = CKY_I;
	header.header[ISAKMP_CKY_R] = CKY_R;
	header.header[ISAKMP_VERSIONS] = ISAKMP_VERSION;
	header.header[ISAKMP_EXCHANGE_TYPE] = exchanges[kind % 3];
	header.header[ISAKMP_FLAGS] = ISAKMP_FLAG_ENCRYPTION;
	header.header[ISAKMP_MESSAGE_ID] = id;
	if (kind % 3 == 0)
		memcpy(iv, e->peer->main.iv, sizeof(iv));
	else if (kind % 3 == 1 && q)
		memcpy(iv, q->chain.iv, sizeof(iv));
	else
		isakmp_exchange_iv(&e->peer->suite, e->peer->main.iv, id, iv);
	if (isakmp_seal_octets(&e->peer->suite, &e->peer->keys, &header, first, inside, iv, &w) < 0)
		return VIEW_EMPTY;
	return writer_view(&w);
}

/* What the tester would send now is composed, put together and encrypted. */
static void answer(struct end *e, const struct message *m)
{
	const struct peer_wrapping how = { .clear = false };
	bool set[WIRE_ELEMENTS_MAX] = { false };
	uint8_t *room = arena_alloc(e->arena, 2 * 65536);
	struct writer plain = writer_of(room, 65536), w = writer_of(room + 65536, 65536);
	size_t sizes[WRAPPED_MAX];
	struct packet out;
	unsigned count;

	e->ops->compose(e->peer, m, &out);
	out.message = m;
	isakmp_suite_arrange(&out, set, e->arena);
	wire_encode(&out, &plain);
	if (!plain.failed &&
		e->ops->wrap(e->peer, &out, writer_view(&plain), &how, &w, sizes, &count) == 0)
		e->ops->sent(e->peer, &out, writer_view(&plain));
}

static void take(struct end *e, struct view octets)
{
	struct reject reject = { 0 };
	struct packet p;
	int result = (e->serves ? isakmp_suite_decode_initiator
				: isakmp_suite_decode_responder)(octets, &p, &reject);

	if (result < 0 || e->ops->unwrap(e->peer, octets, &p, &reject) <= 0)
		return;
	for (unsigned i = 0; i < p.element_count; i++)
		if (p.elements[i].value.size > ISAKMP_MESSAGE_MAX)
			abort();
	e->ops->received(e->peer, &p, octets, false);
	e->ops->verify(e->peer, &p, octets);
	const struct message *m = e->ops->next(e->peer);
	if (m)
		answer(e, m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(VIEW(data, size));
	uint8_t kind = read_u8(&in);
	struct end e;

	begin(&e, kind & 1, kind & 2);
	while (reader_left(&in)) {
		uint8_t how = read_u8(&in);
		size_t length = read_u16(&in);
		size_t left = reader_left(&in);
		struct view octets = read_view(&in, length < left ? length : left);
		octets = VIEW(arena_copy(e.arena, (const char *)octets.data, octets.size),
			octets.size);
		if (how & 1)
			octets = seal(&e, &in, octets);
		take(&e, octets);
		if (how & 2)
			answer(&e, &isakmp_suite_protocol.messages[(how >> 2) % 16]);
	}
	end(&e);
	return 0;
}
