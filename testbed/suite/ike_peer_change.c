// SPDX-License-Identifier: Apache-2.0
/* Address change (docs/address-change.md) in the tester's end of IKE. */
#include "ref/ike/ike_change_wire.h"
#include "testbed/suite/ike_peer_inside.h"

static void begin(
	const struct tester_sa *sa, enum ike_change_kind kind, uint32_t number, struct packet *out)
{
	*out = packet_of(&ike_change_protocol);
	out->header[IKE_CHANGE_VERSION] = 1;
	out->header[IKE_CHANGE_KIND] = kind;
	out->header[IKE_CHANGE_SEQUENCE] = number;
	out->header[IKE_CHANGE_SPI_I] = sa->spi_i;
	out->header[IKE_CHANGE_SPI_R] = sa->spi_r;
}

static void draft(struct ike_draft *d, uint16_t type, const struct packet *packet)
{
	uint8_t data[IKE_CHANGE_DATA_MAX];
	struct writer w = writer_of(data, sizeof(data));

	wire_encode(packet, &w);
	ike_draft_notify(d, type, writer_view(&w));
}

/* The data of that notification; false: none, or not well formed. */
static bool read_data(const struct packet *packet, uint16_t type, struct packet *out)
{
	const struct element_value *e = packet_find(packet, type, IKE_PAYLOAD_NOTIFY);

	return e && e->value.size > 4 &&
	       ike_change_decode(VIEW(e->value.data + 4, e->value.size - 4), out, NULL) == 0;
}

static void keep_cookie(struct peer *peer, const struct packet *data)
{
	const struct element_value *cookie = packet_find(data, 0, IKE_CHANGE_PATH_COOKIE);

	peer->change.cookie = cookie ? ike_peer_keep(peer, cookie->value) : VIEW_EMPTY;
}

/* --- the tester moves ------------------------------------------------------------------------- */

/* A change once more, to add a cookie or to confirm, repeats what was asked, §4.1 and §5.3. */
void ike_peer_draft_change(struct peer *peer, struct ike_draft *d)
{
	struct tester_change *c = &peer->change;
	const struct tester_sa *sa = ike_peer_newest(peer);
	struct packet p;

	if (!sa)
		return;
	if (!c->cookie.size) {
		c->number = c->made + 1;
		c->old = c->agreed.family ? c->agreed : peer->first_here;
		c->new = peer->here;
	}
	begin(sa, IKE_CHANGE_ADDRESS_CHANGE, c->number, &p);
	ike_change_add_address(&p, false, &c->old);
	ike_change_add_address(&p, true, &c->new);
	if (c->cookie.size)
		packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, c->cookie);
	draft(d, IKE_N_ADDRESS_CHANGE, &p);
}

/* §5.6. */
void ike_peer_draft_expired(struct peer *peer, struct ike_draft *d)
{
	const struct tester_sa *sa = ike_peer_newest(peer);
	const struct tester_change *c = &peer->change;
	struct packet p;

	if (!sa)
		return;
	begin(sa, IKE_CHANGE_EXPIRED, c->made, &p);
	ike_change_add_address(&p, false, c->agreed.family ? &c->agreed : &peer->first_here);
	draft(d, IKE_N_ADDRESS_EXPIRED, &p);
	ike_draft_delete(d, IKE_PROTOCOL_IKE, VIEW_EMPTY);
}

/* The answer to a change of the tester's. */
void ike_peer_take_change(struct peer *peer, const struct packet *packet)
{
	struct tester_change *c = &peer->change;
	struct packet data;

	if (read_data(packet, IKE_N_ADDRESS_CHANGE_COOKIE, &data)) {
		keep_cookie(peer, &data);
	} else if (read_data(packet, IKE_N_MIGRATION_COMPLETED, &data)) {
		c->made = c->number;
		c->agreed = c->new;
		keep_cookie(peer, &data);
	} else {
		c->cookie = VIEW_EMPTY;
	}
}

/* --- the implementation moves ----------------------------------------------------------------- */

static const uint8_t some_cookie[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};

void ike_peer_draft_change_answer(struct peer *peer, struct ike_draft *d, enum ike_purpose purpose)
{
	static const uint8_t reason[] = {0, 0, 0, IKE_CHANGE_PROHIBITED};
	struct packet request, p;

	if (!read_data(&peer->request, IKE_N_ADDRESS_CHANGE, &request))
		return;
	const struct tester_sa named = {.spi_i = request.header[IKE_CHANGE_SPI_I],
		.spi_r = request.header[IKE_CHANGE_SPI_R]};
	uint32_t number = (uint32_t)request.header[IKE_CHANGE_SEQUENCE];
	struct endpoint old = ike_change_address(&request, false);
	struct endpoint new = ike_change_address(&request, true);

	if (purpose == IKE_PURPOSE_CHANGE_COOKIE) {
		begin(&named, IKE_CHANGE_COOKIE, number, &p);
		packet_add(&p, 0, IKE_CHANGE_PATH_COOKIE, VIEW_OF(some_cookie));
		draft(d, IKE_N_ADDRESS_CHANGE_COOKIE, &p);
	} else if (purpose == IKE_PURPOSE_CHANGE_REFUSED) {
		begin(&named, IKE_CHANGE_REFUSED, number, &p);
		packet_add(&p, 0, IKE_CHANGE_REASON, VIEW_OF(reason));
		draft(d, IKE_N_ADDRESS_CHANGE_REFUSED, &p);
	} else {
		begin(&named, IKE_CHANGE_COMPLETED, number, &p);
		ike_change_add_address(&p, false, &old);
		ike_change_add_address(&p, true, &new);
		draft(d, IKE_N_MIGRATION_COMPLETED, &p);
	}
}
