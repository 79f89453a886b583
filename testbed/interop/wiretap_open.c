// SPDX-License-Identifier: Apache-2.0
/*
 * The keys that the ends give away, and what they open. Which keys belong to which IKE SA is found by
 * trying: an integrity value that is right proves it, and so no log has to name SPIs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ike/ike_key_log.h"
#include "testbed/interop/wiretap.h"

#define KEYS_MAX 64

/* Hexadecimal digits; -1: something else, or too many. */
static int from_hex(const char *text, uint8_t *out, size_t room)
{
	size_t n = strlen(text);

	if (n % 2 || n / 2 > room)
		return -1;
	for (size_t i = 0; i < n / 2; i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], 0 }, *end;
		out[i] = (uint8_t)strtoul(digits, &end, 16);
		if (*end)
			return -1;
	}
	return 0;
}

/* SPI, SPI, SK_ei, SK_er, algorithm, SK_ai, SK_ar, algorithm. */
static bool take_line(struct wiretap_keys *k, char *line)
{
	char *fields[8] = { NULL };
	unsigned n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *p = line; n < 8; n++) {
		fields[n] = p;
		p = strchr(p, ',');
		if (!p) {
			n++;
			break;
		}
		*p++ = '\0';
	}
	*k = (struct wiretap_keys){ 0 };
	return n >= 7 && *fields[2] && from_hex(fields[2], k->half[0].encr, IKE_KEY_MAX) == 0 &&
		from_hex(fields[3], k->half[1].encr, IKE_KEY_MAX) == 0 &&
		from_hex(fields[5], k->half[0].integ, IKE_KEY_MAX) == 0 &&
		from_hex(fields[6], k->half[1].integ, IKE_KEY_MAX) == 0;
}

/* Initiator's cookie, which may be missing, and the cipher's key. */
static bool take_old_line(struct wiretap_old_keys *k, char *line)
{
	char *key = strchr(line, ','), *end;

	*k = (struct wiretap_old_keys){ 0 };
	line[strcspn(line, "\r\n")] = '\0';
	if (!key || strchr(key + 1, ',') || strspn(line, "0123456789abcdef") != (size_t)(key - line))
		return false;
	*key++ = '\0';
	k->cky_i = strtoull(line, &end, 16);
	k->size = strlen(key) / 2;
	return k->size && from_hex(key, k->cipher, sizeof(k->cipher)) == 0;
}

static bool take_old(struct wiretap *w, char *line)
{
	struct wiretap_old_keys k;

	if (w->old_key_count == KEYS_MAX || !take_old_line(&k, line))
		return false;
	for (size_t i = 0; i < w->old_key_count; i++)
		if (memcmp(w->old_keys[i].cipher, k.cipher, sizeof(k.cipher)) == 0)
			return false;
	w->old_keys[w->old_key_count++] = k;
	return true;
}

static bool known(const struct wiretap *w, const struct wiretap_keys *k)
{
	for (size_t i = 0; i < w->key_count; i++)
		if (memcmp(w->keys[i].half, k->half, sizeof(k->half)) == 0)
			return true;
	return false;
}

unsigned wiretap_take_keys(struct wiretap *w, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[2048];
	unsigned taken = 0;

	if (!w->keys) {
		w->keys = calloc(KEYS_MAX, sizeof(*w->keys));
		w->old_keys = calloc(KEYS_MAX, sizeof(*w->old_keys));
	}
	if (!w->keys || !w->old_keys)
		abort();
	while (f && w->key_count < KEYS_MAX && fgets(line, sizeof(line), f)) {
		struct wiretap_keys k;
		if (take_old(w, line)) {
			taken++;
		} else if (take_line(&k, line) && !known(w, &k)) {
			w->keys[w->key_count++] = k;
			taken++;
		}
	}
	wipe(line, sizeof(line));
	if (f)
		fclose(f);
	return taken;
}

/* What the responder chose for the first IKE SA; those that take its place keep it. */
static void find_suite(struct wiretap *w)
{
	struct ike_proposals chosen;

	for (size_t i = 0; i < w->count && !w->suite.encr; i++) {
		const struct wiretap_message *m = &w->messages[i];
		const struct element_value *sa = m->outer ? packet_find(m->outer, 0, IKE_PAYLOAD_SA) :
							    NULL;
		if (m->version != 2 || m->exchange != IKE_SA_INIT || !m->response || !sa ||
			ike_decode_sa(sa, &chosen, NULL) < 0 || chosen.count != 1)
			continue;
		for (unsigned t = 0; t < chosen.list[0].count; t++) {
			const struct ike_transform *x = &chosen.list[0].transforms[t];
			if (x->type == IKE_TRANSFORM_ENCR) {
				w->suite.encr = x->id;
				w->suite.key_bits = x->key_bits;
			} else if (x->type == IKE_TRANSFORM_PRF) {
				w->suite.prf = x->id;
			} else if (x->type == IKE_TRANSFORM_INTEG) {
				w->suite.integ = x->id;
			}
		}
	}
}

/* The keys of that IKE SA; those that fit no SA yet are tried. */
static bool open_with(struct wiretap *w, struct wiretap_message *m, uint8_t *out, struct view *opened)
{
	unsigned half = m->outer->header[IKE_FLAGS] & IKE_FLAG_INITIATOR ? 0 : 1;

	for (size_t i = 0; i < w->key_count; i++) {
		struct wiretap_keys *k = &w->keys[i];
		bool its = k->spi_i == m->spi_i && k->spi_r == m->spi_r;
		if (k->spi_i && !its)
			continue;
		if (ike_open(&w->suite, &k->half[half], m->octets, m->outer, out, opened, NULL) < 0)
			continue;
		k->spi_i = m->spi_i;
		k->spi_r = m->spi_r;
		return true;
	}
	return false;
}

/* What was inside, with the payload that it begins with. */
static void decode_inside(struct wiretap *w, struct wiretap_message *m, uint32_t first, struct view opened)
{
	struct packet *p = arena_alloc(w->arena, sizeof(*p));
	uint8_t *copy = arena_alloc(w->arena, opened.size + 1);
	struct reject reject = { 0 };

	memcpy(copy, opened.data, opened.size);
	if (ike_decode_inside(m->outer, first, VIEW(copy, opened.size), p, &reject) == 0)
		m->inside = p;
	else
		m->trouble = reject_name(reject.reason);
}

struct assembly {
	uint8_t octets[IKE_MESSAGE_MAX];
	size_t size;
	unsigned next; /* fragment that has to come; 0: none begun */
	uint32_t id, first;
	bool from_initiator, response;
};

/* RFC 7383 section 2.5. On a wire that neither loses nor swaps they come in order. */
static void add_fragment(struct wiretap *w, struct wiretap_message *m, struct assembly *a,
	struct view opened)
{
	const struct element_value *skf = packet_find(m->outer, 0, IKE_PAYLOAD_SKF);

	if (m->fragment == 1) {
		*a = (struct assembly){ .next = 1, .id = m->id, .first = skf->next,
			.from_initiator = m->from_initiator, .response = m->response };
	}
	if (a->next != m->fragment || a->id != m->id || a->from_initiator != m->from_initiator ||
		a->response != m->response || a->size + opened.size > sizeof(a->octets))
		return;
	memcpy(a->octets + a->size, opened.data, opened.size);
	a->size += opened.size;
	a->next++;
	if (m->fragment == m->fragments)
		decode_inside(w, m, a->first, VIEW(a->octets, a->size));
}

void wiretap_open(struct wiretap *w)
{
	static _Thread_local uint8_t out[IKE_MESSAGE_MAX];
	struct assembly *assembly = calloc(1, sizeof(*assembly));
	struct view opened;

	if (!assembly)
		abort();
	find_suite(w);
	wiretap_open_old(w);
	for (size_t i = 0; i < w->count && w->suite.encr; i++) {
		struct wiretap_message *m = &w->messages[i];
		if (m->version != 2 || !m->encrypted || !m->outer || m->inside ||
			!open_with(w, m, out, &opened))
			continue;
		const struct element_value *sk = packet_find(m->outer, 0, IKE_PAYLOAD_SK);
		if (sk)
			decode_inside(w, m, sk->next, opened);
		else
			add_fragment(w, m, assembly, opened);
	}
	free(assembly);
}

/* Those of IKEv1, a line each. */
static void write_old(const struct wiretap *w, FILE *f)
{
	for (size_t i = 0; i < w->old_key_count; i++) {
		const struct wiretap_old_keys *k = &w->old_keys[i];
		if (!k->used)
			continue;
		fprintf(f, "%016llx,", (unsigned long long)k->cky_i);
		for (size_t n = 0; n < k->size; n++)
			fprintf(f, "%02x", k->cipher[n]);
		fputc('\n', f);
	}
}

static bool opened_anything(const struct wiretap *w)
{
	for (size_t i = 0; i < w->key_count; i++)
		if (w->keys[i].spi_i)
			return true;
	for (size_t i = 0; i < w->old_key_count; i++)
		if (w->old_keys[i].used)
			return true;
	return false;
}

bool wiretap_write_keys(const struct wiretap *w, const char *path)
{
	FILE *f = opened_anything(w) ? fopen(path, "we") : NULL;
	char line[IKE_KEY_LOG_MAX];

	for (size_t i = 0; i < w->key_count && f; i++) {
		const struct wiretap_keys *k = &w->keys[i];
		struct ike_keys keys = { .initiator = k->half[0], .responder = k->half[1] };
		if (k->spi_i)
			fprintf(f, "%s\n", ike_key_log(&w->suite, &keys, k->spi_i, k->spi_r, line));
	}
	if (f)
		write_old(w, f);
	wipe(line, sizeof(line));
	return f && fclose(f) == 0;
}
