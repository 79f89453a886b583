// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/base/mutant.h"
#include "ref/base/crypto.h"
#include "ref/ike/ike_change_rules.h"

/* §5.5: changes that a correspondent takes at once, and how often one more. */
#define CHANGES_AT_ONCE 8
#define CHANGE_REFILL BTIME_S

bool ike_change_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, 16) == 0;
}

bool ike_change_possible(const struct endpoint *e)
{
	static const uint8_t zero[16], loopback6[16] = { [15] = 1 };
	const uint8_t *a = e->address;

	if (e->family == AF_INET)
		return a[0] != 0 && a[0] != 127 && a[0] < 224 && !(a[0] == 169 && a[1] == 254);
	return memcmp(a, zero, 16) != 0 && memcmp(a, loopback6, 16) != 0 && a[0] != 0xff &&
		!(a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

void ike_change_move_selectors(struct ike_ts_list *list, const struct endpoint *old,
	const struct endpoint *to)
{
	size_t width = old->family == AF_INET6 ? 16 : 4;
	uint8_t type = old->family == AF_INET6 ? IKE_TS_IPV6_ADDR_RANGE : IKE_TS_IPV4_ADDR_RANGE;

	for (unsigned i = 0; i < list->count; i++) {
		struct ike_ts *ts = &list->list[i];
		if (ts->type != type || memcmp(ts->start, old->address, width) != 0 ||
			memcmp(ts->end, old->address, width) != 0)
			continue;
		memcpy(ts->start, to->address, width);
		memcpy(ts->end, to->address, width);
	}
}

struct packet ike_change_header(uint64_t spi_i, uint64_t spi_r, enum ike_change_kind kind,
	uint32_t sequence)
{
	struct packet p = packet_of(&ike_change_protocol);

	p.header[IKE_CHANGE_VERSION] = 1;
	p.header[IKE_CHANGE_KIND] = kind;
	p.header[IKE_CHANGE_SEQUENCE] = sequence;
	p.header[IKE_CHANGE_SPI_I] = spi_i;
	p.header[IKE_CHANGE_SPI_R] = spi_r;
	return p;
}

/* --- cookies -------------------------------------------------------------------------------- */

void ike_change_make_cookie(uint8_t secrets[2][32], uint8_t version,
	const struct ike_change_subject *about, uint8_t out[IKE_CHANGE_COOKIE_SIZE])
{
	uint8_t text[37], mac[DIGEST_MAX];
	struct writer w = writer_of(text, sizeof(text));

	write_u64(&w, about->spi_i);
	write_u64(&w, about->spi_r);
	write_u32(&w, MUTANT(change_cookie_of_any_number) ? 0 : about->sequence);
	write_u8(&w, about->to.family);
	write_bytes(&w, about->to.address, 16);
	struct view parts[] = { view_text("address change"), writer_view(&w) };
	hmac_parts(DIGEST_SHA256, VIEW(secrets[version & 1], 32), parts, 2, mac);
	out[0] = version;
	memcpy(out + 1, mac, IKE_CHANGE_COOKIE_SIZE - 1);
}

bool ike_change_cookie_good(uint8_t secrets[2][32], uint8_t version,
	const struct ike_change_subject *about, const struct packet *request)
{
	const struct element_value *e = packet_find(request, 0, IKE_CHANGE_PATH_COOKIE);
	uint8_t expected[IKE_CHANGE_COOKIE_SIZE];

	if (MUTANT(change_any_cookie) && e)
		return true;
	if (!e || e->value.size != IKE_CHANGE_COOKIE_SIZE)
		return false;
	if ((uint8_t)(version - e->value.data[0]) > 1)
		return false;
	ike_change_make_cookie(secrets, e->value.data[0], about, expected);
	return ct_equal(e->value, VIEW_OF(expected));
}

/* --- what is against a request -------------------------------------------------------------- */

/* A token each CHANGE_REFILL, at most CHANGES_AT_ONCE. */
bool ike_change_too_often(btime *budget, btime now)
{
	btime full = CHANGES_AT_ONCE * CHANGE_REFILL;
	btime empty_at = *budget > now ? *budget : now;

	if (!MUTANT(change_no_limit) && empty_at - now > full - CHANGE_REFILL)
		return true;
	*budget = empty_at + CHANGE_REFILL;
	return false;
}

enum ike_change_reason ike_change_judge(const struct ike_change_case *c, const struct packet *p)
{
	uint32_t sequence = (uint32_t)p->header[IKE_CHANGE_SEQUENCE];
	struct endpoint old = ike_change_address(p, false), to = ike_change_address(p, true);
	bool direct = ike_change_same(&c->from, &to) || MUTANT(change_from_anywhere);
	bool tunnelled = c->tunnels && ike_change_same(&c->from, &c->peer);

	if (!c->allowed)
		return IKE_CHANGE_PROHIBITED;
	if (sequence <= c->seen && !MUTANT(change_any_number))
		return IKE_CHANGE_STALE;
	if (!ike_change_same(&old, &c->peer) && !MUTANT(change_any_old_address))
		return IKE_CHANGE_NOT_THERE;
	/* in a tunnel it comes from the old address, else from the new one */
	if (!ike_change_possible(&to) || ike_change_same(&to, &c->local) ||
		(!direct && !tunnelled))
		return IKE_CHANGE_BAD_ADDRESS;
	return 0;
}
