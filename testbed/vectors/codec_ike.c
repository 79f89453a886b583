// SPDX-License-Identifier: Apache-2.0
/* IKEv2: structures inside payloads, keys of an IKE SA, and what is in an Encrypted payload. */
#include <string.h>

#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_path.h"
#include "ref/ike/ike_keys.h"
#include "testbed/vectors/codec.h"

/* What a payload holds that the tables leave to functions. */
static int check_structure(const struct element_value *e, struct reject *reject)
{
	union {
		struct ike_proposals sa;
		struct ike_id id;
		struct ike_notification notify;
		struct ike_deletion deletion;
		struct ike_ts_list ts;
		struct ike_configuration cp;
	} u;

	switch (e->code) {
	case IKE_PAYLOAD_SA:
		return ike_decode_sa(e, &u.sa, reject);
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
		return ike_decode_id(e, &u.id, reject);
	case IKE_PAYLOAD_NOTIFY:
		return ike_decode_notify(e, &u.notify, reject);
	case IKE_PAYLOAD_DELETE:
		return ike_decode_delete(e, &u.deletion, reject);
	case IKE_PAYLOAD_TSI:
	case IKE_PAYLOAD_TSR:
		return ike_decode_ts(e, &u.ts, reject);
	case IKE_PAYLOAD_CP:
		return ike_decode_cp(e, &u.cp, reject);
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

int codec_ike_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	if (ike_decode(octets, &d->packet, reject) < 0)
		return -1;
	d->message = d->packet.message->name;
	return check_structures(&d->packet, reject);
}

int codec_path_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	if (ike_path_decode(octets, &d->packet, reject) < 0)
		return -1;
	d->message = d->packet.message->name;
	return 0;
}

int codec_change_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	(void)codec;
	if (ike_change_decode(octets, &d->packet, reject) < 0)
		return -1;
	d->message = d->packet.message->name;
	return 0;
}

static uint64_t spi(struct view octets)
{
	struct reader r = reader_of(octets);
	return read_u64(&r);
}

static struct finding same_key(const char *name, struct view expected, const uint8_t *actual)
{
	if (expected.size <= IKE_KEY_MAX && memcmp(expected.data, actual, expected.size) == 0)
		return finding_none();
	return finding_of(CHECK_DIFFERS, "%s: the derived key differs", name);
}

/* RFC 7296 §2.14: all seven are those that the reference derives. */
static struct finding check_keys(const struct vector_ike *k, const struct ike_keys *keys)
{
	const struct {
		const char *name;
		struct view expected;
		const uint8_t *actual;
	} rows[] = {
		{"sk_d", k->d, keys->d},
		{"sk_ai", k->ai, keys->initiator.integ},
		{"sk_ar", k->ar, keys->responder.integ},
		{"sk_ei", k->ei, keys->initiator.encr},
		{"sk_er", k->er, keys->responder.encr},
		{"sk_pi", k->pi, keys->initiator.prf},
		{"sk_pr", k->pr, keys->responder.prf},
	};
	struct finding f = finding_none();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && f.verdict == CHECK_AGREES; i++)
		f = same_key(rows[i].name, rows[i].expected, rows[i].actual);
	return f;
}

/* Payloads are whole in an Encrypted payload alone; a fragment holds a part of some. */
static struct finding check_inside(const struct vector *v, const struct packet *outer,
	struct view opened)
{
	const struct element_value *sk = packet_find(outer, 0, IKE_PAYLOAD_SK);
	struct packet inside;
	struct reject reject = {0};

	if (!view_equal(opened, v->inside))
		return finding_of(CHECK_DIFFERS, "inside: expected %zu octets, actual %zu, or others",
			v->inside.size, opened.size);
	if (!sk)
		return finding_none();
	if (ike_decode_inside(outer, sk->next, opened, &inside, &reject) == 0 &&
		check_structures(&inside, &reject) == 0)
		return finding_none();
	return finding_of(CHECK_DIFFERS, "inside: rejected: %s", reject_name(reject.reason));
}

struct finding verify_ike(const struct vector *v, const struct decoded *d)
{
	const struct vector_ike *k = &v->group->ike;
	struct ike_suite suite = {.encr = (uint16_t)k->encr, .key_bits = (uint16_t)k->key_bits,
		.prf = (uint16_t)k->prf, .integ = (uint16_t)k->integ};
	struct ike_seed seed = {k->nonce_i, k->nonce_r, k->shared, 0, 0};
	uint8_t out[IKE_MESSAGE_MAX];
	struct ike_keys keys;
	struct view opened;

	if (!v->has_auth || !k->encr)
		return finding_none();
	seed.spi_i = spi(k->spi_i);
	seed.spi_r = spi(k->spi_r);
	ike_keys_derive(&suite, &seed, NULL, NULL, &keys);
	struct finding f = check_keys(k, &keys);
	if (f.verdict != CHECK_AGREES)
		return f;
	bool from_i = d->packet.header[IKE_FLAGS] & IKE_FLAG_INITIATOR;
	bool good = ike_open(&suite, from_i ? &keys.initiator : &keys.responder, v->octets,
			    &d->packet, out, &opened, NULL) == 0;
	if (good != v->auth_valid)
		return finding_of(CHECK_DIFFERS, "ICV: expected %s, actual %s",
			v->auth_valid ? "right" : "wrong", good ? "right" : "wrong");
	return good && v->has_inside ? check_inside(v, &d->packet, opened) : finding_none();
}
