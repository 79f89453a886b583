// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/subnet.h"

#include <string.h>

#include "testbed/topology/arena.h"

bool topology_address_equal(const struct topology_address *a, const struct topology_address *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return !memcmp(a, b, whole) && (!rest || !((a[whole] ^ b[whole]) >> (8 - rest)));
}

bool subnet_contains(const struct topology_address *subnet, const struct topology_address *a)
{
	return subnet->family == a->family && same_bits(subnet->bytes, a->bytes, subnet->prefix);
}

bool subnets_overlap(const struct topology_address *a, const struct topology_address *b)
{
	return a->family == b->family &&
		same_bits(a->bytes, b->bytes, a->prefix < b->prefix ? a->prefix : b->prefix);
}

struct topology_end *topology_end_at(const struct topology *t, size_t i)
{
	if (i < 2 * t->n_links)
		return &t->links[i / 2].end[i % 2];
	i -= 2 * t->n_links;
	return i < t->n_radios ? &t->radios[i].end : NULL;
}

/* The attachment to which the i-th end belongs. */
static size_t attachment_of_end(const struct topology *t, size_t i)
{
	return i < 2 * t->n_links ? i / 2 : i - t->n_links;
}

static bool joins(const struct topology *t, size_t end)
{
	size_t attachment = attachment_of_end(t, end);

	if (t->nodes[topology_end_at(t, end)->node].kind != NODE_BRIDGE)
		return false;
	return attachment < t->n_links || t->radios[attachment - t->n_links].mode == RADIO_AP;
}

struct segments segments_of(const struct topology *t)
{
	struct segments s = { .t = t, .count = t->n_links + t->n_radios };

	s.segment = arena_alloc(t->arena, s.count * sizeof(*s.segment));
	for (size_t i = 0; i < s.count; i++)
		s.segment[i] = i;
	for (size_t i = 0; topology_end_at(t, i); i++) {
		for (size_t j = 0; j < i; j++) {
			size_t from = s.segment[attachment_of_end(t, i)];
			size_t to = s.segment[attachment_of_end(t, j)];

			if (topology_end_at(t, i)->node != topology_end_at(t, j)->node ||
				!joins(t, i) || !joins(t, j) || from == to)
				continue;
			for (size_t k = 0; k < s.count; k++)
				if (s.segment[k] == from)
					s.segment[k] = to;
		}
	}
	return s;
}

const struct topology_addresses *attachment_subnets(const struct topology *t, size_t attachment)
{
	return attachment < t->n_links ? &t->links[attachment].subnets
				       : &t->radios[attachment - t->n_links].subnets;
}

const struct topology_address *segment_subnet(const struct segments *s, size_t segment,
	const struct topology_address *a)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct topology_addresses *subnets = attachment_subnets(s->t, i);

		for (size_t j = 0; s->segment[i] == segment && j < subnets->count; j++)
			if (subnet_contains(&subnets->list[j], a))
				return &subnets->list[j];
	}
	return NULL;
}

bool access_point_offers(const struct topology_radio *r, const struct topology_wlan *wlan)
{
	return r->mode == RADIO_AP && r->offered.ssid && wlan->ssid &&
		!strcmp(r->offered.ssid, wlan->ssid) &&
		(!wlan->bssid.given ||
			!memcmp(wlan->bssid.bytes, r->end.mac.bytes, sizeof(r->end.mac.bytes)));
}

const struct topology_radio *access_point_of(const struct topology *t,
	const struct topology_wlan *wlan)
{
	for (size_t i = 0; i < t->n_radios; i++)
		if (access_point_offers(&t->radios[i], wlan))
			return &t->radios[i];
	return NULL;
}

size_t segment_of_radio(const struct segments *s, const struct topology_radio *radio)
{
	if (radio->mode == RADIO_AP)
		return s->segment[s->t->n_links + (radio - s->t->radios)];
	for (size_t i = 0; i < radio->n_known; i++) {
		const struct topology_radio *ap = access_point_of(s->t, &radio->known[i]);

		if (radio->known[i].enabled && ap)
			return s->segment[s->t->n_links + (ap - s->t->radios)];
	}
	return SIZE_MAX;
}
