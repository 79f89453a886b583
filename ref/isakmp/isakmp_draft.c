// SPDX-License-Identifier: Apache-2.0
/* A message in the making. */
#include "ref/isakmp/isakmp_payload.h"

void isakmp_draft_begin(struct isakmp_draft *d, enum isakmp_exchange exchange, bool sealed)
{
	d->packet = packet_of(&isakmp_protocol);
	d->packet.header[ISAKMP_VERSIONS] = ISAKMP_VERSION;
	d->packet.header[ISAKMP_EXCHANGE_TYPE] = exchange;
	d->packet.header[ISAKMP_FLAGS] = sealed ? ISAKMP_FLAG_ENCRYPTION : 0;
	d->w = writer_of(d->storage, sizeof(d->storage));
}

/* What was written since `start` becomes a payload. */
static void close_payload(struct isakmp_draft *d, enum isakmp_payload code, size_t start)
{
	struct view value = VIEW(d->storage + start, d->w.used - start);

	if (!d->w.failed && !packet_add(&d->packet, 0, code, value))
		d->w.failed = true;
}

void isakmp_draft_octets(struct isakmp_draft *d, enum isakmp_payload code, struct view octets)
{
	size_t start = d->w.used;

	write_view(&d->w, octets);
	close_payload(d, code, start);
}

void isakmp_draft_sa(struct isakmp_draft *d, const struct isakmp_offers *offers)
{
	size_t start = d->w.used;

	isakmp_encode_sa(offers, &d->w);
	close_payload(d, ISAKMP_PAYLOAD_SA, start);
}

void isakmp_draft_identity(struct isakmp_draft *d, const struct ike_id *id)
{
	size_t start = d->w.used;

	isakmp_encode_identity(id, &d->w);
	close_payload(d, ISAKMP_PAYLOAD_ID, start);
}

void isakmp_draft_selector(struct isakmp_draft *d, const struct ike_ts *ts)
{
	size_t start = d->w.used;

	isakmp_encode_selector(ts, &d->w);
	close_payload(d, ISAKMP_PAYLOAD_ID, start);
}

void isakmp_draft_cert(struct isakmp_draft *d, enum isakmp_payload code, struct view data)
{
	size_t start = d->w.used;

	write_u8(&d->w, ISAKMP_CERT_X509_SIGNATURE);
	write_view(&d->w, data);
	close_payload(d, code, start);
}

void isakmp_draft_notify(struct isakmp_draft *d, enum isakmp_security_protocol protocol,
	struct view spi, uint16_t type, struct view data)
{
	size_t start = d->w.used;

	write_u32(&d->w, ISAKMP_DOI_IPSEC);
	write_u8(&d->w, (uint8_t)protocol);
	write_u8(&d->w, (uint8_t)spi.size);
	write_u16(&d->w, type);
	write_view(&d->w, spi);
	write_view(&d->w, data);
	close_payload(d, ISAKMP_PAYLOAD_N, start);
}

void isakmp_draft_delete(struct isakmp_draft *d, enum isakmp_security_protocol protocol,
	struct view spi)
{
	size_t start = d->w.used;

	write_u32(&d->w, ISAKMP_DOI_IPSEC);
	write_u8(&d->w, (uint8_t)protocol);
	write_u8(&d->w, (uint8_t)spi.size);
	write_u16(&d->w, 1);
	write_view(&d->w, spi);
	close_payload(d, ISAKMP_PAYLOAD_D, start);
}

void isakmp_draft_vendor(struct isakmp_draft *d, enum isakmp_vendor vendor)
{
	isakmp_draft_octets(d, ISAKMP_PAYLOAD_VID, isakmp_vendor_id(vendor));
}
