// SPDX-License-Identifier: Apache-2.0
#include "ref/pana/pana_keys.h"

#include "ref/base/mutant.h"
#include "ref/pana/pana_encap.h"

static const struct {
	uint32_t number;
	enum digest digest;
	uint8_t key, value; /* octets */
} integrities[] = {
	/* RFC 5191 §8.3: everybody MUST have AUTH_HMAC_SHA1_160 */
	{ PANA_AUTH_HMAC_SHA1_160, DIGEST_SHA1, 20, 20 },
	{ PANA_AUTH_HMAC_SHA2_256_128, DIGEST_SHA256, 32, 16 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int integrity_index(uint32_t integrity)
{
	for (size_t i = 0; i < COUNT(integrities); i++)
		if (integrities[i].number == integrity)
			return (int)i;
	return -1;
}

bool pana_integrity_known(uint32_t integrity)
{
	return integrity_index(integrity) >= 0;
}

/* RFC 5191 §8.6: everybody MUST have PRF_HMAC_SHA1. */
bool pana_prf_known(uint32_t prf)
{
	return prf == PANA_PRF_HMAC_SHA1 || prf == PANA_PRF_HMAC_SHA2_256;
}

size_t pana_auth_size(enum pana_integrity integrity)
{
	int i = integrity_index(integrity);
	return i < 0 ? 0 : integrities[i].value;
}

size_t pana_auth_key_size(enum pana_integrity integrity)
{
	int i = integrity_index(integrity);
	return i < 0 ? 0 : integrities[i].key;
}

static void write_key_id(struct writer *w, const struct pana_key_input *in)
{
	write_u32(w, in->key_id);
}

void pana_prf_plus(const struct pana_key_input *in, const char *label, uint8_t *out, size_t size)
{
	uint8_t seed[32 + 2 * PANA_MESSAGE_MAX + 2 * PANA_NONCE_MAX + 4];
	struct writer w = writer_of(seed, sizeof(seed));
	enum digest digest = in->prf == PANA_PRF_HMAC_SHA1 ? DIGEST_SHA1 : DIGEST_SHA256;

	write_view(&w, view_text(label));
	write_view(&w, in->i_par);
	write_view(&w, in->i_pan);
	if (MUTANT(pana_nonces_swapped)) {
		write_view(&w, in->paa_nonce);
		write_view(&w, in->pac_nonce);
	} else {
		write_view(&w, in->pac_nonce);
		write_view(&w, in->paa_nonce);
	}
	if (!MUTANT(pana_key_without_key_id))
		write_key_id(&w, in);
	prf_plus(digest, in->msk, writer_view(&w), out, size);
}

void pana_auth_key(const struct pana_key_input *in, uint8_t *out)
{
	pana_prf_plus(in, "IETF PANA", out, pana_auth_key_size(in->integrity));
}

void mpa_derive(const struct pana_key_input *in, const char *label, uint8_t *out, size_t size)
{
	uint8_t seed[64 + 2 * PANA_NONCE_MAX + 8];
	struct writer w = writer_of(seed, sizeof(seed));

	write_view(&w, view_text(label));
	write_u8(&w, 0);
	write_view(&w, in->pac_nonce);
	write_view(&w, in->paa_nonce);
	write_u32(&w, in->session_id);
	write_key_id(&w, in);
	prf_plus(DIGEST_SHA256, in->msk, writer_view(&w), out, size);
}

void pana_sa_derive(const struct pana_key_input *in, struct pana_sa *sa)
{
	*sa = (struct pana_sa){ .live = true, .integrity = (uint8_t)in->integrity };
	sa->keys.key_id = in->key_id;
	sa->agent = in->agent;
	sa->encryption = (uint8_t)in->encryption;
	if (sa->encryption) {
		pana_encr_key(in, false, sa->pac_encr);
		pana_encr_key(in, true, sa->paa_encr);
	}
	pana_auth_key(in, sa->auth_key);
	mpa_derive(in, "MPA MN-CA key", sa->keys.mn_ca, MPA_KEY_SIZE);
	mpa_derive(in, "MPA MN-AR key", sa->keys.mn_ar, MPA_KEY_SIZE);
	mpa_derive(in, "MPA AP root key", sa->root, MPA_KEY_SIZE);
}

void mpa_ap_key(const struct pana_sa *sa, const uint8_t bssid[6], uint8_t out[MPA_KEY_SIZE])
{
	uint8_t seed[16 + 6];
	struct writer w = writer_of(seed, sizeof(seed));

	write_view(&w, view_text("MPA AP PMK"));
	write_u8(&w, 0);
	write_bytes(&w, bssid, 6);
	prf_plus(DIGEST_SHA256, VIEW_OF(sa->root), writer_view(&w), out, MPA_KEY_SIZE);
}

void pana_auth_value(enum pana_integrity integrity, struct view key, struct view message, size_t at,
	uint8_t *out)
{
	static const uint8_t zero[DIGEST_MAX];
	size_t size = pana_auth_size(integrity), after = at + size;
	uint8_t full[DIGEST_MAX];
	/* RFC 5191 §5.4: the whole message, header included, with the value zero */
	struct view parts[] = {
		VIEW(message.data, at),
		VIEW(zero, size),
		VIEW(message.data + after, message.size - after),
	};

	if (MUTANT(pana_auth_over_wrong_octets)) {
		parts[0].data += PANA_HEADER_SIZE;
		parts[0].size -= PANA_HEADER_SIZE;
	}
	hmac_parts(integrities[integrity_index(integrity)].digest, key, parts, COUNT(parts), full);
	memcpy(out, full, size);
	wipe(full, sizeof(full));
}

static size_t value_offset(struct view message, const struct element_value *auth)
{
	return (size_t)(auth->value.data - message.data);
}

int pana_verify(const struct pana_sa *sa, struct view message, const struct packet *packet,
	struct reject *reject)
{
	const struct element_value *auth = packet_find(packet, 0, PANA_AVP_AUTH);
	const char *section = "RFC 5191 §5.4, §5.5";
	size_t size = pana_auth_size(sa->integrity);
	uint8_t right[DIGEST_MAX];

	if (!auth)
		return reject_set(reject, REJECT_NO_INTEGRITY, "AUTH", section, message.size, 0);
	/* another length is another algorithm than the one negotiated */
	if (auth->value.size != size)
		return reject_set(reject, REJECT_INTEGRITY, "AUTH", section, auth->offset,
			auth->value.size);
	pana_auth_value(sa->integrity, VIEW(sa->auth_key, pana_auth_key_size(sa->integrity)),
		message, value_offset(message, auth), right);
	if (!ct_equal(VIEW(right, size), auth->value))
		return reject_set(reject, REJECT_INTEGRITY, "AUTH", section, auth->offset, 0);
	return 0;
}

struct view pana_seal(const struct pana_sa *sa, struct packet *packet, struct writer *w)
{
	static const uint8_t zero[DIGEST_MAX];
	size_t start = w->used, size = sa && sa->live ? pana_auth_size(sa->integrity) : 0;
	uint8_t hidden[PANA_MESSAGE_MAX];
	struct writer room = writer_of(hidden, sizeof(hidden));

	if (size && sa->encryption && !pana_encap(sa, packet, &room))
		return VIEW_EMPTY;
	if (size && !packet_add(packet, 0, PANA_AVP_AUTH, VIEW(zero, size)))
		return VIEW_EMPTY;
	wire_encode(packet, w);
	if (w->failed)
		return VIEW_EMPTY;
	struct view message = VIEW(w->start + start, w->used - start);
	if (size) {
		/* the value ends the message: both sizes are multiples of four */
		size_t at = message.size - size;
		pana_auth_value(sa->integrity,
			VIEW(sa->auth_key, pana_auth_key_size(sa->integrity)), message, at,
			w->start + start + at);
	}
	return message;
}
