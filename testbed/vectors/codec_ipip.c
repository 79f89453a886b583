// SPDX-License-Identifier: Apache-2.0
/*
 * Address change in IP-in-IP (docs/address-change.md §5.1): the two headers, and a correspondent as
 * the receiver of what is in them. The mover was 192.0.2.10 and is 198.51.100.10, ports are IKE's.
 */
#include <arpa/inet.h>

#include "ref/base/ipip.h"
#include "ref/ike/ike_change_rules.h"
#include "testbed/vectors/play.h"

#define SOURCE_AT 12

static const uint16_t ports[IPIP_PORTS] = {500, 4500};

/* Names of the files' fields, outer and inner. */
static const struct names {
	const char *header_size, *service, *length, *identification, *fragment, *ttl, *protocol,
		*source, *destination;
} names[2] = {
	{"outer_header_size", "outer_service", "outer_length", "outer_identification",
		"outer_fragment", "outer_ttl", "outer_protocol", "outer_source",
		"outer_destination"},
	{"inner_header_size", "inner_service", "inner_length", "inner_identification",
		"inner_fragment", "inner_ttl", "inner_protocol", "inner_source",
		"inner_destination"},
};

static struct view address(struct decoded *d, uint32_t value)
{
	struct writer w = writer_of(d->room + d->room_used, sizeof(d->room) - d->room_used);

	write_u32(&w, value);
	d->room_used += w.used;
	return writer_view(&w);
}

static void take_header(struct decoded *d, const struct ipv4 *h, const struct names *n)
{
	decoded_number(d, n->header_size, h->header_size);
	decoded_number(d, n->service, h->service);
	decoded_number(d, n->length, h->length);
	decoded_number(d, n->identification, h->identification);
	decoded_number(d, n->fragment, h->fragment);
	decoded_number(d, n->ttl, h->ttl);
	decoded_number(d, n->protocol, h->protocol);
	decoded_octets(d, n->source, address(d, h->source));
	decoded_octets(d, n->destination, address(d, h->destination));
}

int codec_ipip_parse(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct ipip_packet p;

	(void)codec;
	if (ipip_parse(octets, &p, reject) < 0)
		return -1;
	take_header(d, &p.outer, &names[0]);
	if (p.has_inner)
		take_header(d, &p.inner, &names[1]);
	decoded_octets(d, "payload", p.has_inner ? p.inner.payload : p.outer.payload);
	return 0;
}

int codec_ipip_check(const struct vector_codec *codec, struct view octets, struct decoded *d,
	struct reject *reject)
{
	struct ipip_packet p;

	(void)codec;
	if (ipip_decode(octets, ports, &p, reject) < 0)
		return -1;
	d->message = p.inside->name;
	return 0;
}

/* It is the kernel that writes them. */
bool codec_ipip_encode(const struct vector_codec *codec, const struct vector *v, struct writer *w)
{
	(void)codec;
	(void)v;
	(void)w;
	return false;
}

/* --- the correspondent ------------------------------------------------------------------------ */

static struct endpoint endpoint_of(uint32_t address)
{
	struct endpoint e = {.family = AF_INET};
	struct writer w = writer_of(e.address, sizeof(e.address));

	write_u32(&w, address);
	return e;
}

/* AC §5.2 (5): what its rules say of the change that such a datagram asks for. */
static enum ike_change_reason judge(const struct ipv4 *inner)
{
	const struct endpoint old = endpoint_of(0xc000020a), to = endpoint_of(0xc633640a);
	const struct ike_change_case c = {.allowed = true, .tunnels = true, .peer = old,
		.local = endpoint_of(inner->destination), .from = endpoint_of(inner->source)};
	struct packet p = ike_change_header(1, 2, IKE_CHANGE_ADDRESS_CHANGE, 1);

	packet_add(&p, 0, IKE_CHANGE_OLD_IPV4, VIEW(old.address, 4));
	packet_add(&p, 0, IKE_CHANGE_NEW_IPV4, VIEW(to.address, 4));
	return ike_change_judge(&c, &p);
}

struct finding play_ipip(const struct vector *v)
{
	struct played played = {0};
	struct ipip_packet p;

	if (ipip_decode(v->octets, ports, &p, &played.reject) < 0)
		return played_compare(v, &played);
	if (!v->to_server || p.inside->port == IPIP_NO_PORT || judge(&p.inner) == 0) {
		played_add(&played, "taken", NULL, p.inner.payload);
		return played_compare(v, &played);
	}
	reject_set(&played.reject, REJECT_ADDRESS, "Source Address", "AC §5.2",
		p.outer.header_size + SOURCE_AT, p.inner.source);
	played_add(&played, "refused", NULL, VIEW_EMPTY);
	return played_compare(v, &played);
}
