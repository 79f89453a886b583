// SPDX-License-Identifier: Apache-2.0
/* A message in the making. */
#include "ref/ike/ike_payload.h"

void ike_draft_begin(struct ike_draft *d)
{
	d->packet = packet_of(&ike_inside_protocol);
	d->w = writer_of(d->storage, sizeof(d->storage));
}

/* What was written since `start` becomes a payload. */
static void close_payload(struct ike_draft *d, enum ike_payload code, size_t start)
{
	struct view value = VIEW(d->storage + start, d->w.used - start);

	if (!d->w.failed && !packet_add(&d->packet, 0, code, value))
		d->w.failed = true;
}

void ike_draft_octets(struct ike_draft *d, enum ike_payload code, struct view octets)
{
	size_t start = d->w.used;

	write_view(&d->w, octets);
	close_payload(d, code, start);
}

void ike_draft_sa(struct ike_draft *d, const struct ike_proposals *proposals)
{
	size_t start = d->w.used;

	ike_encode_sa(proposals, &d->w);
	close_payload(d, IKE_PAYLOAD_SA, start);
}

void ike_draft_ke(struct ike_draft *d, uint16_t group, struct view data)
{
	size_t start = d->w.used;

	write_u16(&d->w, group);
	write_u16(&d->w, 0);
	write_view(&d->w, data);
	close_payload(d, IKE_PAYLOAD_KE, start);
}

void ike_draft_id(struct ike_draft *d, enum ike_payload code, const struct ike_id *id)
{
	size_t start = d->w.used;

	ike_encode_id(id, &d->w);
	close_payload(d, code, start);
}

void ike_draft_cert(struct ike_draft *d, enum ike_payload code, struct view data)
{
	size_t start = d->w.used;

	write_u8(&d->w, IKE_CERT_X509_SIGNATURE);
	write_view(&d->w, data);
	close_payload(d, code, start);
}

void ike_draft_auth(struct ike_draft *d, uint8_t method, struct view data)
{
	size_t start = d->w.used;

	write_u8(&d->w, method);
	write_zero(&d->w, 3);
	write_view(&d->w, data);
	close_payload(d, IKE_PAYLOAD_AUTH, start);
}

void ike_draft_notify(struct ike_draft *d, uint16_t type, struct view data)
{
	size_t start = d->w.used;

	write_u16(&d->w, 0); /* protocol and SPI size: none, §3.10 */
	write_u16(&d->w, type);
	write_view(&d->w, data);
	close_payload(d, IKE_PAYLOAD_NOTIFY, start);
}

void ike_draft_notify_spi(struct ike_draft *d, uint8_t protocol, struct view spi, uint16_t type)
{
	size_t start = d->w.used;

	write_u8(&d->w, protocol);
	write_u8(&d->w, (uint8_t)spi.size);
	write_u16(&d->w, type);
	write_view(&d->w, spi);
	close_payload(d, IKE_PAYLOAD_NOTIFY, start);
}

void ike_draft_delete(struct ike_draft *d, uint8_t protocol, struct view spi)
{
	size_t start = d->w.used;

	write_u8(&d->w, protocol);
	write_u8(&d->w, (uint8_t)spi.size);
	write_u16(&d->w, spi.size ? 1 : 0);
	write_view(&d->w, spi);
	close_payload(d, IKE_PAYLOAD_DELETE, start);
}

void ike_draft_ts(struct ike_draft *d, enum ike_payload code, const struct ike_ts_list *list)
{
	size_t start = d->w.used;

	ike_encode_ts(list, &d->w);
	close_payload(d, code, start);
}

void ike_draft_cp(struct ike_draft *d, const struct ike_configuration *cp)
{
	size_t start = d->w.used;

	ike_encode_cp(cp, &d->w);
	close_payload(d, IKE_PAYLOAD_CP, start);
}
