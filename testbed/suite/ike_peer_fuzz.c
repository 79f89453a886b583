// SPDX-License-Identifier: Apache-2.0
/*
 * The tester's end of IKE against any implementation: datagrams as they come, and what stands within
 * an Encrypted payload that verifies, whole and in fragments; address change among it. Each is
 * opened, taken note of and answered. What is found in a message lies within the test's memory, and
 * what is answered can be sealed.
 */
#include <stdlib.h>

#include "ref/ike/ike_change_wire.h"
#include "testbed/adapter/contract.h"
#include "testbed/suite/ike_peer.h"
#include "testbed/suite/ike_peer_inside.h"
#include "testbed/suite/tester_eap.h"

#define SPI_I 0x0102030405060708
#define SPI_R 0x1112131415161718

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	const struct peer_ops *ops;
	struct peer *peer;
	struct random random;
	struct arena *arena;
	struct tester_eap *eap;
	uint64_t sealed; /* messages, each with an IV of its own */
};

/* As in a test that sets nothing. */
static const char *setting(void *context, const char *name)
{
	(void)context;
	for (const struct contract_setting *c = contract_settings; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c->standard;
	return NULL;
}

static const char *eap_setting(void *context, const char *name)
{
	return strcmp(name, "eap") == 0 ? "EAP-PSK" : setting(context, name);
}

/* An IKE SA that is up, the tester at one of its ends. */
static void begin(struct end *e, bool serves)
{
	static const uint8_t nonce[32] = { 1 }, shared[32] = { 2 };
	const struct ike_seed seed = { VIEW_OF(nonce), VIEW_OF(nonce), VIEW_OF(shared), SPI_I,
		SPI_R };
	char why[200];

	e->ops = serves ? &ike_responder_peer : &ike_initiator_peer;
	e->random = random_seeded(1);
	e->arena = arena_new();
	e->sealed = 0;
	const struct tester_eap_options options = { .server = serves, .setting = eap_setting,
		.credentials = ".", .random = &e->random };
	e->eap = tester_eap_new(&options, why, sizeof(why));
	if (!e->eap)
		abort();
	const struct peer_config config = { .setting = setting, .random = &e->random,
		.arena = e->arena, .eap = tester_eap_end(e->eap) };
	e->peer = e->ops->create(&config);
	struct tester_sa *sa = &e->peer->sas[e->peer->sa_count++];
	*sa = (struct tester_sa){ .spi_i = SPI_I, .spi_r = SPI_R, .initiator = !serves,
		.keyed = true, .next_id = 2 };
	sa->suite = (struct ike_suite){ .encr = IKE_ENCR_AES_GCM_16, .key_bits = 128,
		.prf = IKE_PRF_HMAC_SHA2_256, .dh = IKE_DH_CURVE25519 };
	ike_keys_derive(&sa->suite, &seed, NULL, NULL, &sa->keys);
	e->peer->phase = IKE_PHASE_ESTABLISHED;
	e->peer->here.family = e->peer->there.family = e->peer->first_here.family = 2;
	e->peer->nonces[0] = e->peer->nonces[1] = VIEW_OF(nonce);
	e->peer->init[0] = e->peer->init[1] = VIEW_OF(shared);
}

static void end(struct end *e)
{
	e->ops->destroy(e->peer);
	tester_eap_free(e->eap);
	arena_free(e->arena);
}

/* The octets as the implementation would have sealed them, in the exchange and with the number that
 * the input says. */
static struct view seal(struct end *e, struct reader *in, uint32_t first, struct view inside)
{
	struct tester_sa *sa = &e->peer->sas[0];
	const struct ike_half *half = sa->initiator ? &sa->keys.responder : &sa->keys.initiator;
	struct packet header = packet_of(&ike_protocol);
	struct ike_fragment fragment = { read_u8(in) % 4, read_u8(in) % 4 };
	uint8_t kind = read_u8(in);
	struct writer w = writer_of(arena_alloc(e->arena, IKE_MESSAGE_MAX), IKE_MESSAGE_MAX);

	header.header[IKE_SPI_I] = SPI_I;
	header.header[IKE_SPI_R] = SPI_R;
	header.header[IKE_EXCHANGE_TYPE] = IKE_AUTH + kind % 3;
	header.header[IKE_FLAGS] = (kind & 0x40 ? IKE_FLAG_RESPONSE : 0) |
		(sa->initiator ? 0 : IKE_FLAG_INITIATOR);
	header.header[IKE_MESSAGE_ID] = read_u8(in) % 4;
	if (!fragment.number || fragment.number > fragment.total)
		fragment = (struct ike_fragment){ 0, 0 };
	if (ike_seal(&sa->suite, half, &header, first, inside, &fragment, ++e->sealed, &e->random,
		    &w) < 0)
		return VIEW_EMPTY;
	return writer_view(&w);
}

/* A notification of address change around the octets, its header right: what follows is reached. */
static struct view change(struct end *e, struct reader *in, struct view octets)
{
	struct writer w = writer_of(arena_alloc(e->arena, 4096), 4096);
	uint8_t kind = read_u8(in) % 5;
	uint16_t size = (uint16_t)(24 + octets.size);

	write_u8(&w, 0);
	write_u8(&w, 0);
	write_u16(&w, (uint16_t)(8 + size));
	write_u16(&w, 0);
	write_u16(&w, kind == 4 ? IKE_N_ADDRESS_CHANGE_REFUSED :
				  (uint16_t)(IKE_N_ADDRESS_CHANGE + kind));
	write_u8(&w, 1);
	write_u8(&w, read_u8(in) % 6);
	write_u16(&w, size);
	write_u32(&w, read_u8(in));
	write_u64(&w, SPI_I);
	write_u64(&w, SPI_R);
	write_view(&w, octets);
	return writer_view(&w);
}

/* What the tester would send now is composed, put together and sealed. */
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
	ike_suite_arrange(&out, set, e->arena);
	wire_encode(&out, &plain);
	if (plain.failed)
		return;
	if (e->ops->wrap(e->peer, &out, writer_view(&plain), &how, &w, sizes, &count) == 0)
		e->ops->sent(e->peer, &out, writer_view(&plain));
}

static void look_at(const struct packet *p)
{
	volatile uint8_t last;

	for (unsigned i = 0; i < p->element_count; i++)
		if (p->elements[i].value.size) {
			last = p->elements[i].value.data[p->elements[i].value.size - 1];
			(void)last;
		}
}

static void take(struct end *e, struct view octets)
{
	struct packet p = packet_of(&ike_suite_protocol);
	struct reject reject = { 0 };

	if (ike_suite_decode(octets, &p, &reject) < 0)
		return;
	int done = e->ops->unwrap(e->peer, octets, &p, &reject);
	if (done < 0 && reject.reason == REJECT_NONE)
		abort();
	if (done <= 0)
		return;
	look_at(&p);
	if (e->ops->acceptable(e->peer, &p, false, &reject))
		e->ops->received(e->peer, &p, octets, false);
	e->ops->verify(e->peer, &p, octets);
	const struct message *m = e->ops->next(e->peer);
	if (m)
		answer(e, m);
}

/* Requests of the tester's that an answer is to be about. */
static void ask(struct end *e, uint8_t which)
{
	static const char *const names[] = { "CHANGE_ADDRESS-REQUEST", "EXPIRE_ADDRESS-REQUEST",
		"REKEY_IKE-REQUEST", "REKEY_CHILD-REQUEST", "DELETE_IKE-REQUEST",
		"CHANGE_COOKIE-RESPONSE", "CHANGE_REFUSED-RESPONSE" };

	answer(e, protocol_message_named(&ike_suite_protocol, names[which % 7]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(VIEW(data, size));
	struct end e;

	begin(&e, read_u8(&in) & 1);
	for (unsigned n = 0; reader_left(&in) && n < 16; n++) {
		uint8_t what = read_u8(&in);
		size_t room = read_u8(&in) << (what & 0x80 ? 2 : 0);
		size_t left = reader_left(&in);
		struct reader how = reader_of(read_view(&in, left < 6 ? left : 6));
		left = reader_left(&in);
		struct view octets = read_view(&in, left < room ? left : room);
		octets = ike_peer_keep(e.peer, octets);
		if (what % 4 == 0)
			ask(&e, read_u8(&how));
		else if (what % 4 == 1)
			take(&e, octets);
		else if (what % 4 == 2)
			take(&e, seal(&e, &how, read_u8(&how), octets));
		else
			take(&e, seal(&e, &how, IKE_PAYLOAD_NOTIFY, change(&e, &how, octets)));
	}
	end(&e);
	return 0;
}
