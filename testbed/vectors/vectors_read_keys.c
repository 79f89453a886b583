// SPDX-License-Identifier: Apache-2.0
/* Keys of a group, and the lists that several parts of a file have. */
#include <string.h>

#include "testbed/vectors/vectors_read.h"

bool read_list(struct source *s, json_t *array, size_t size,
	bool (*one)(struct source *s, json_t *object, void *to), const void **list, size_t *count)
{
	size_t n = json_array_size(array);
	char *room = source_keep(s, n, size);

	for (size_t i = 0; i < n; i++)
		if (!one(s, json_array_get(array, i), room + i * size))
			return false;
	*list = room;
	*count = n;
	return true;
}

bool read_octets_list(struct source *s, json_t *array, const char *what,
	const struct view **list, size_t *count)
{
	size_t n = json_array_size(array);
	struct view *room = source_keep(s, n, sizeof(*room));

	for (size_t i = 0; i < n; i++)
		if (!source_octets(s, json_array_get(array, i), &room[i]))
			return source_wrong(
				s, "%s is wrong; it would be octets in hexadecimal", what);
	*list = room;
	*count = n;
	return true;
}

static bool read_association(struct source *s, json_t *object, void *to)
{
	struct vector_association *a = to;
	const struct member rows[] = {
		{"key_id", MEMBER_U32, true, &a->key_id, NULL},
		{"msk", MEMBER_HEX, true, &a->msk, NULL},
		{"prf", MEMBER_U32, true, &a->prf, NULL},
		{"integrity", MEMBER_U32, true, &a->integrity, NULL},
		{"i_par", MEMBER_HEX, true, &a->i_par, NULL},
		{"i_pan", MEMBER_HEX, true, &a->i_pan, NULL},
		{"pac_nonce", MEMBER_HEX, true, &a->pac_nonce, NULL},
		{"paa_nonce", MEMBER_HEX, true, &a->paa_nonce, NULL},
		{"auth_key", MEMBER_HEX, true, &a->auth_key, NULL},
		{"encryption", MEMBER_U32, false, &a->encryption, NULL},
		{"pac_encr_key", MEMBER_HEX, false, &a->pac_encr_key, NULL},
		{"paa_encr_key", MEMBER_HEX, false, &a->paa_encr_key, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	return source_members(s, object, "an association", rows);
}

static bool read_eap(struct source *s, json_t *object, void *to)
{
	struct vector_eap *e = to;
	const struct member rows[] = {
		{"method", MEMBER_TEXT, true, &e->method, NULL},
		{"id_s", MEMBER_TEXT, true, &e->id_s, NULL},
		{"id_p", MEMBER_TEXT, true, &e->id_p, NULL},
		{"password", MEMBER_TEXT, false, &e->password, NULL},
		{"challenge", MEMBER_HEX, false, &e->challenge, NULL},
		{"psk", MEMBER_HEX, false, &e->psk, NULL},
		{"rand_s", MEMBER_HEX, false, &e->rand_s, NULL},
		{"rand_p", MEMBER_HEX, false, &e->rand_p, NULL},
		{"msk", MEMBER_HEX, false, &e->msk, NULL},
		{"emsk", MEMBER_HEX, false, &e->emsk, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "an EAP conversation", rows))
		return false;
	bool psk = e->psk.size == 16 && e->rand_s.size == 16 && e->rand_p.size == 16 &&
		   e->msk.size == 64 && e->emsk.size == 64;
	if (strcmp(e->method, "EAP-PSK") == 0 && !psk)
		return source_wrong(s, "EAP-PSK without all its values; it would have psk, rand_s "
				       "and rand_p of 16 octets, msk and emsk of 64");
	return true;
}

static bool read_exchange(struct source *s, json_t *object, void *to)
{
	struct vector_exchange *e = to;
	const struct member rows[] = {
		{"request", MEMBER_HEX, true, &e->request, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "an exchange", rows))
		return false;
	return e->request.size >= 20 ||
	       source_wrong(s, "a request of %zu octets; it would be a whole Access-Request",
		       e->request.size);
}

static bool read_pmk(struct source *s, json_t *object, void *to)
{
	struct vector_pmk *p = to;
	const struct member rows[] = {
		{"pmk", MEMBER_HEX, true, &p->pmk, NULL},
		{"bssid", MEMBER_HEX, true, &p->bssid, NULL},
		{"station", MEMBER_HEX, true, &p->station, NULL},
		{"pmkid", MEMBER_HEX, true, &p->pmkid, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "a PMK", rows))
		return false;
	return (p->pmk.size == 32 && p->bssid.size == 6 && p->station.size == 6) ||
	       source_wrong(s, "a PMK of a wrong size; it would have 32 octets, and MAC addresses "
			       "of 6");
}

static bool read_ike(struct source *s, json_t *object, struct vector_ike *k)
{
	const struct member rows[] = {
		{"encr", MEMBER_U16, true, &k->encr, NULL},
		{"key_bits", MEMBER_U16, true, &k->key_bits, NULL},
		{"prf", MEMBER_U16, true, &k->prf, NULL},
		{"integ", MEMBER_U16, true, &k->integ, NULL},
		{"spi_i", MEMBER_HEX, true, &k->spi_i, NULL},
		{"spi_r", MEMBER_HEX, true, &k->spi_r, NULL},
		{"nonce_i", MEMBER_HEX, true, &k->nonce_i, NULL},
		{"nonce_r", MEMBER_HEX, true, &k->nonce_r, NULL},
		{"shared", MEMBER_HEX, true, &k->shared, NULL},
		{"sk_d", MEMBER_HEX, true, &k->d, NULL},
		{"sk_ai", MEMBER_HEX, true, &k->ai, NULL},
		{"sk_ar", MEMBER_HEX, true, &k->ar, NULL},
		{"sk_ei", MEMBER_HEX, true, &k->ei, NULL},
		{"sk_er", MEMBER_HEX, true, &k->er, NULL},
		{"sk_pi", MEMBER_HEX, true, &k->pi, NULL},
		{"sk_pr", MEMBER_HEX, true, &k->pr, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "an IKE SA", rows))
		return false;
	return (k->encr != 0 && k->spi_i.size == 8 && k->spi_r.size == 8) ||
	       source_wrong(s, "an IKE SA without encryption or with SPIs of a wrong size; they "
			       "would have 8 octets");
}

static bool read_isakmp(struct source *s, json_t *object, struct vector_isakmp *k)
{
	const struct member rows[] = {
		{"encr", MEMBER_U16, true, &k->encr, NULL},
		{"key_bits", MEMBER_U16, true, &k->key_bits, NULL},
		{"hash", MEMBER_U16, true, &k->hash, NULL},
		{"group", MEMBER_U16, true, &k->group, NULL},
		{"auth", MEMBER_U16, true, &k->auth, NULL},
		{"psk", MEMBER_HEX, true, &k->psk, NULL},
		{"cky_i", MEMBER_HEX, true, &k->cky_i, NULL},
		{"cky_r", MEMBER_HEX, true, &k->cky_r, NULL},
		{"nonce_i", MEMBER_HEX, true, &k->nonce_i, NULL},
		{"nonce_r", MEMBER_HEX, true, &k->nonce_r, NULL},
		{"public_i", MEMBER_HEX, true, &k->public_i, NULL},
		{"public_r", MEMBER_HEX, true, &k->public_r, NULL},
		{"shared", MEMBER_HEX, true, &k->shared, NULL},
		{"sa_body", MEMBER_HEX, true, &k->sa_body, NULL},
		{"quick_nonce_i", MEMBER_HEX, true, &k->quick_nonce_i, NULL},
		{"quick_nonce_r", MEMBER_HEX, true, &k->quick_nonce_r, NULL},
		{"last_block", MEMBER_HEX, true, &k->last_block, NULL},
		{"skeyid", MEMBER_HEX, true, &k->skeyid, NULL},
		{"skeyid_d", MEMBER_HEX, true, &k->d, NULL},
		{"skeyid_a", MEMBER_HEX, true, &k->a, NULL},
		{"skeyid_e", MEMBER_HEX, true, &k->e, NULL},
		{"key", MEMBER_HEX, true, &k->key, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "an ISAKMP SA", rows))
		return false;
	return (k->encr != 0 && k->cky_i.size == 8 && k->cky_r.size == 8 &&
		       (k->last_block.size == 8 || k->last_block.size == 16)) ||
	       source_wrong(s, "an ISAKMP SA without encryption, or with cookies or a block of a "
			       "wrong size");
}

bool read_keys(struct source *s, json_t *object, struct vector_group *g)
{
	json_t *associations = NULL, *eap = NULL, *exchanges = NULL, *pmks = NULL;
	json_t *ike = NULL, *isakmp = NULL;
	bool pana = strcmp(s->file->protocol, "pana") == 0;
	const struct member rows[] = {
		{"eap", MEMBER_ARRAY, pana, &eap, NULL},
		{"associations", MEMBER_ARRAY, pana, &associations, NULL},
		{"key", MEMBER_HEX, false, &g->key, NULL},
		{"secret", MEMBER_HEX, false, &g->secret, NULL},
		{"exchanges", MEMBER_ARRAY, false, &exchanges, NULL},
		{"pmks", MEMBER_ARRAY, false, &pmks, NULL},
		{"ike", MEMBER_OBJECT, false, &ike, NULL},
		{"isakmp", MEMBER_OBJECT, false, &isakmp, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	return source_members(s, object, "keys", rows) &&
	       (!ike || read_ike(s, ike, &g->ike)) &&
	       (!isakmp || read_isakmp(s, isakmp, &g->isakmp)) &&
	       read_list(s, eap, sizeof(*g->eap), read_eap, (const void **)&g->eap,
		       &g->eap_count) &&
	       read_list(s, associations, sizeof(*g->associations), read_association,
		       (const void **)&g->associations, &g->association_count) &&
	       read_list(s, exchanges, sizeof(*g->exchanges), read_exchange,
		       (const void **)&g->exchanges, &g->exchange_count) &&
	       read_list(s, pmks, sizeof(*g->pmks), read_pmk, (const void **)&g->pmks,
		       &g->pmk_count);
}
