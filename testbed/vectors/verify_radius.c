// SPDX-License-Identifier: Apache-2.0
/* What the shared secret says of a RADIUS packet: its authenticators, and the keys in it. */
#include <stdio.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/radius/radius_message.h"
#include "testbed/vectors/codec.h"

/* The packet without the padding behind it. */
static struct view packet_octets(const struct vector *v, const struct decoded *d)
{
	return VIEW(v->octets.data, d->packet.header[RADIUS_LENGTH]);
}

static struct finding compare_seal(const char *field, bool expected, bool actual)
{
	static const char *const words[] = {"wrong", "right"};

	if (expected == actual)
		return finding_none();
	return finding_of(CHECK_DIFFERS, "%s: expected %s, actual %s", field, words[expected],
		words[actual]);
}

/*
 * The reference has one function for both authenticators of an answer: that the first is wrong or
 * right shows in which of them it complains about.
 */
static struct finding verify_answer(
	const struct vector *v, const struct decoded *d, struct view request)
{
	struct reject reject = {0};
	bool taken = radius_verify_answer(&d->packet, packet_octets(v, d), request,
			     v->group->secret, false, &reject) == 0;
	bool response = taken || !reject.field ||
			strcmp(reject.field, "Response Authenticator") != 0;

	if (reject.reason == REJECT_SEQUENCE) /* before any authenticator; play_radius judges it */
		return finding_none();
	struct finding f = finding_none();
	if (v->sealed.has_authenticator)
		f = compare_seal("Response Authenticator", v->sealed.authenticator, response);
	if (f.verdict == CHECK_AGREES && response && v->sealed.has_message_authenticator)
		f = compare_seal("Message-Authenticator", v->sealed.message_authenticator, taken);
	return f;
}

/* RFC 3579 §3.2. A server is what would verify it, and the reference has none. */
static struct finding verify_request(const struct vector *v, const struct decoded *d)
{
	const struct element_value *e = packet_find(&d->packet, 0, RADIUS_MESSAGE_AUTHENTICATOR);
	static const uint8_t zero[16];
	uint8_t expected[DIGEST_MAX];
	struct view whole = packet_octets(v, d);

	if (!v->sealed.has_message_authenticator)
		return finding_none();
	if (!e || e->value.size != sizeof(zero))
		return finding_of(CHECK_DIFFERS, "Message-Authenticator: expected one");
	size_t at = (size_t)(e->value.data - whole.data), after = at + sizeof(zero);
	struct view parts[] = {VIEW(whole.data, at), VIEW_OF(zero),
		VIEW(whole.data + after, whole.size - after)};
	hmac_parts(DIGEST_MD5, v->group->secret, parts, 3, expected);
	return compare_seal("Message-Authenticator", v->sealed.message_authenticator,
		view_equal(e->value, VIEW(expected, sizeof(zero))));
}

static struct finding verify_key(const struct vector *v, const struct decoded *d,
	struct view request, enum radius_microsoft which, struct view expected)
{
	uint8_t key[RADIUS_KEY_MAX];
	size_t size = radius_mppe_key(&d->packet, which, request, v->group->secret, key);

	if (view_equal(VIEW(key, size), expected))
		return finding_none();
	return finding_of(CHECK_DIFFERS, "%s: expected %zu octets, actual %zu, or others",
		which == MS_MPPE_RECV_KEY ? "MS-MPPE-Recv-Key" : "MS-MPPE-Send-Key", expected.size,
		size);
}

struct finding verify_radius(const struct vector *v, const struct decoded *d)
{
	uint8_t eap[RADIUS_MESSAGE_MAX];
	struct finding f;

	if (!v->sealed.there)
		return finding_none();
	struct view request = v->group->exchanges[v->sealed.exchange].request;
	f = v->to_server ? verify_request(v, d) : verify_answer(v, d, request);
	size_t size = radius_eap_message(&d->packet, eap, sizeof(eap));
	if (f.verdict == CHECK_AGREES && !view_equal(VIEW(eap, size), v->eap))
		f = finding_of(CHECK_DIFFERS,
			"EAP packet: expected %zu octets, actual %zu, or others", v->eap.size,
			size);
	if (f.verdict == CHECK_AGREES && v->has_keys)
		f = verify_key(v, d, request, MS_MPPE_RECV_KEY, v->recv_key);
	if (f.verdict == CHECK_AGREES && v->has_keys)
		f = verify_key(v, d, request, MS_MPPE_SEND_KEY, v->send_key);
	return f;
}
