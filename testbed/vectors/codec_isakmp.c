// SPDX-License-Identifier: Apache-2.0
/* IKEv1: structures inside payloads, keys of an ISAKMP SA, what was encrypted, and its hashes. */
#include <string.h>

#include "ref/isakmp/isakmp_keys.h"
#include "testbed/vectors/codec.h"

/* What a payload holds that the tables leave to functions. */
static int check_structure(const struct element_value *e, struct reject *reject)
{
	static struct isakmp_offers offers;
	struct isakmp_id id;
	struct isakmp_notification notify;
	struct isakmp_deletion deletion;

	switch (e->code) {
	case ISAKMP_PAYLOAD_SA:
		return isakmp_decode_sa(e, &offers, reject);
	case ISAKMP_PAYLOAD_ID:
		return isakmp_decode_id(e, &id, reject);
	case ISAKMP_PAYLOAD_N:
		return isakmp_decode_notify(e, &notify, reject);
	case ISAKMP_PAYLOAD_D:
		return isakmp_decode_delete(e, &deletion, reject);
	default:
		return 0;
	}
}

static int check_structures(const struct packet *p, struct reject *reject)
{
	for (unsigned i = 0; i < p->element_count; i++)
		if (check_structure(&p->elements[i], reject) < 0)
			return -1;
	return 0;
}

static bool sealed(struct view octets)
{
	struct reader r = reader_of(octets);

	read_view(&r, 19);
	return read_u8(&r) & ISAKMP_FLAG_ENCRYPTION;
}

/* An encrypted message has a header, and octets that the file calls `sealed`. */
int codec_isakmp_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct vector_codec outside = *codec;

	if (!sealed(octets))
		return codec_wire_parse(codec, octets, d, reject);
	outside.wire = &isakmp_sealed_protocol;
	if (codec_wire_parse(&outside, octets, d, reject) < 0)
		return -1;
	decoded_octets(d, "sealed", isakmp_sealed(octets));
	return 0;
}

int codec_isakmp_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	if (isakmp_decode(octets, &d->packet, reject) < 0)
		return -1;
	d->message = d->packet.message->name;
	return check_structures(&d->packet, reject);
}

bool codec_isakmp_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w)
{
	const struct vector_field *cipher = vector_field(v, "sealed");
	struct vector_codec outside = *codec;

	if (!cipher)
		return codec_wire_encode(codec, v, w);
	size_t start = w->used;
	outside.wire = &isakmp_sealed_protocol;
	if (!codec_wire_encode(&outside, v, w))
		return false;
	write_view(w, cipher->octets);
	write_uint_at(w, start + ISAKMP_HEADER_SIZE - 4, w->used - start, 4);
	return true;
}

/* --- keys ------------------------------------------------------------------------------------- */

static uint64_t number(struct view octets)
{
	struct reader r = reader_of(octets);
	return read_u64(&r);
}

static struct ike_suite suite_of(const struct vector_isakmp *k)
{
	struct isakmp_offer offer = {.protocol = ISAKMP_PROTO_ISAKMP, .id = ISAKMP_KEY_IKE, .count = 5,
		.attributes = {{ISAKMP_OAKLEY_ENCR, 0, k->encr}, {ISAKMP_OAKLEY_HASH, 0, k->hash},
			{ISAKMP_OAKLEY_GROUP, 0, k->group}, {ISAKMP_OAKLEY_AUTH, 0, k->auth},
			{ISAKMP_OAKLEY_KEY_LENGTH, 0, k->key_bits}}};
	struct isakmp_terms terms;
	struct ike_suite suite;

	return isakmp_read_offer(&offer, &suite, &terms) ? suite : (struct ike_suite){0};
}

static struct isakmp_seed seed_of(const struct vector_isakmp *k)
{
	return (struct isakmp_seed){.psk = k->auth == ISAKMP_AUTH_PSK ? k->psk : VIEW_EMPTY,
		.nonce_i = k->nonce_i, .nonce_r = k->nonce_r, .public_i = k->public_i,
		.public_r = k->public_r, .shared = k->shared, .cky_i = number(k->cky_i),
		.cky_r = number(k->cky_r)};
}

static struct finding check_keys(const struct vector_isakmp *k, const struct isakmp_keys *keys)
{
	const struct {
		const char *name;
		struct view expected, actual;
	} rows[] = {
		{"skeyid", k->skeyid, VIEW(keys->skeyid, keys->size)},
		{"skeyid_d", k->d, VIEW(keys->d, keys->size)},
		{"skeyid_a", k->a, VIEW(keys->a, keys->size)},
		{"skeyid_e", k->e, VIEW(keys->e, keys->size)},
		{"key", k->key, VIEW(keys->cipher, keys->cipher_size)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!view_equal(rows[i].expected, rows[i].actual))
			return finding_of(CHECK_DIFFERS, "%s: the derived key differs", rows[i].name);
	return finding_none();
}

/* --- what was encrypted ------------------------------------------------------------------------ */

/* The IV of a first message of an exchange follows from what was before it, RFC 2409 §B. */
static struct finding check_iv(const struct vector *v, const struct ike_suite *suite,
	const struct packet *p)
{
	const struct vector_isakmp *k = &v->group->isakmp;
	bool from_i = strcmp(v->direction, "initiator->responder") == 0;
	uint8_t iv[ISAKMP_BLOCK_MAX];

	if (p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION)
		isakmp_first_iv(suite, k->public_i, k->public_r, iv);
	else
		isakmp_exchange_iv(suite, k->last_block.data,
			(uint32_t)p->header[ISAKMP_MESSAGE_ID], iv);
	bool first = p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_INFORMATIONAL ||
		(from_i && p->header[ISAKMP_NEXT_PAYLOAD] != 0 &&
			(p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION ||
				v->inside.size > 100));
	if (!first || view_equal(v->iv, VIEW(iv, isakmp_block(suite))))
		return finding_none();
	return finding_of(CHECK_DIFFERS, "iv: the derived one differs");
}

/* HASH_I, HASH_R and HASH(1) to HASH(3), by what stands in the message and who sent it. */
static bool hash_good(const struct vector *v, const struct ike_suite *suite,
	const struct isakmp_keys *keys, const struct packet *p)
{
	const struct vector_isakmp *k = &v->group->isakmp;
	bool from_i = strcmp(v->direction, "initiator->responder") == 0;
	const struct element_value *hash = packet_find(p, 0, ISAKMP_PAYLOAD_HASH);
	const struct element_value *id = packet_find(p, 0, ISAKMP_PAYLOAD_ID);
	struct isakmp_seed seed = seed_of(k);
	uint8_t out[DIGEST_MAX], number_octets[4];
	static const uint8_t zero[1];
	struct writer w = writer_of(number_octets, sizeof(number_octets));
	size_t size;

	if (!hash)
		return false;
	write_u32(&w, (uint32_t)p->header[ISAKMP_MESSAGE_ID]);
	if (p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_IDENTITY_PROTECTION) {
		size = isakmp_auth_hash(suite, keys, &seed, from_i, k->sa_body, id->value, out);
	} else {
		size_t head = 4 + hash->value.size;
		bool quick = p->header[ISAKMP_EXCHANGE_TYPE] == ISAKMP_QUICK_MODE;
		bool third = quick && p->element_count == 1, second = quick && !third && !from_i;
		struct view rest = VIEW(v->inside.data + head, v->inside.size - head);
		struct view parts[] = {third ? VIEW_OF(zero) : VIEW_EMPTY, VIEW_OF(number_octets),
			second || third ? k->quick_nonce_i : VIEW_EMPTY,
			third ? k->quick_nonce_r : rest};
		size = isakmp_hash(suite, keys, parts, 4, out);
	}
	return view_equal(hash->value, VIEW(out, size));
}

static struct finding check_inside(const struct vector *v, const struct ike_suite *suite,
	const struct isakmp_keys *keys, const struct packet *outer)
{
	uint8_t iv[ISAKMP_BLOCK_MAX] = {0}, out[ISAKMP_MESSAGE_MAX];
	struct reject reject = {0};
	struct packet inside;
	struct view opened;
	size_t size;

	memcpy(iv, v->iv.data, v->iv.size < sizeof(iv) ? v->iv.size : sizeof(iv));
	if (isakmp_open(suite, keys, v->octets, iv, out, &opened, NULL) < 0 ||
		isakmp_decode_inside(outer, opened, isakmp_block(suite), &inside, &size, &reject) <
			0 ||
		check_structures(&inside, &reject) < 0)
		return finding_of(CHECK_DIFFERS, "inside: rejected: %s", reject_name(reject.reason));
	if (!view_equal(VIEW(opened.data, size), v->inside))
		return finding_of(CHECK_DIFFERS, "inside: expected %zu octets, actual %zu, or others",
			v->inside.size, size);
	if (v->has_auth && hash_good(v, suite, keys, &inside) != v->auth_valid)
		return finding_of(CHECK_DIFFERS, "HASH: expected %s, actual %s",
			v->auth_valid ? "right" : "wrong", v->auth_valid ? "wrong" : "right");
	return check_iv(v, suite, outer);
}

struct finding verify_isakmp(const struct vector *v, const struct decoded *d)
{
	const struct vector_isakmp *k = &v->group->isakmp;
	struct ike_suite suite = suite_of(k);
	struct isakmp_seed seed = seed_of(k);
	struct isakmp_keys keys;

	if (!v->has_inside || !k->encr)
		return finding_none();
	if (!isakmp_suite_usable(&suite))
		return finding_of(CHECK_DIFFERS, "encr: a suite that is not known");
	isakmp_keys_derive(&suite, &seed, &keys);
	struct finding f = check_keys(k, &keys);
	return f.verdict == CHECK_AGREES ? check_inside(v, &suite, &keys, &d->packet) : f;
}
