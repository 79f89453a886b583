// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdio.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/pana/pana_mpa.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static void write_address(struct writer *w, const struct endpoint *e)
{
	if (e->family == AF_INET) {
		write_bytes(w, mapped, sizeof(mapped));
		write_bytes(w, e->address, 4);
	} else if (e->family == AF_INET6) {
		write_bytes(w, e->address, 16);
	} else {
		write_zero(w, 16);
	}
}

static void read_address(struct reader *r, struct endpoint *e)
{
	static const uint8_t zero[16];
	uint8_t address[16];

	*e = (struct endpoint){ .family = AF_UNSPEC };
	read_bytes(r, address, sizeof(address));
	if (memcmp(address, zero, sizeof(zero)) == 0)
		return;
	e->family = memcmp(address, mapped, sizeof(mapped)) == 0 ? AF_INET : AF_INET6;
	if (e->family == AF_INET)
		memcpy(e->address, address + sizeof(mapped), 4);
	else
		memcpy(e->address, address, 16);
}

static void write_family(struct writer *w, uint8_t family)
{
	write_u8(w, family == AF_INET6 ? 6 : 4);
}

static uint8_t read_family(struct reader *r)
{
	uint8_t family = read_u8(r);
	if (family != 4 && family != 6)
		reader_fail(r);
	return family == 6 ? AF_INET6 : AF_INET;
}

static void write_octets(struct writer *w, const struct mpa_octets *o)
{
	write_bytes(w, o->data, o->size);
}

/* What is left of the value. */
static void read_octets(struct reader *r, struct mpa_octets *o, size_t min)
{
	o->size = reader_left(r);
	if (o->size < min || o->size > sizeof(o->data)) {
		reader_fail(r);
		o->size = 0;
		return;
	}
	read_bytes(r, o->data, o->size);
}

/* An address of the family that the message is about, or none. */
static bool fits(const struct endpoint *e, uint8_t family)
{
	return e->family == AF_UNSPEC || e->family == family;
}

static struct element_value element(enum pana_vendor_avp code, const struct writer *w)
{
	return (struct element_value){
		.element = protocol_element(&pana_protocol, PANA_VENDOR, code),
		.vendor = PANA_VENDOR,
		.code = code,
		.flags = pana_protocol.format.vendor_flag,
		.value = writer_view(w),
	};
}

static int done(const struct reader *r)
{
	return r->failed || reader_left(r) ? -1 : 0;
}

struct element_value mpa_encode_address_request(const struct mpa_address_request *m,
	uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_family(&w, m->family);
	write_zero(&w, 1);
	write_bytes(&w, m->mac, 6);
	write_zero(&w, 2);
	write_octets(&w, &m->client_id);
	return element(PANA_MPA_ADDRESS_REQUEST, &w);
}

int mpa_decode_address_request(struct view value, struct mpa_address_request *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_address_request){ .request_id = read_u16(&r) };
	m->family = read_family(&r);
	read_u8(&r);
	read_bytes(&r, m->mac, 6);
	read_u16(&r);
	read_octets(&r, &m->client_id, 0);
	return done(&r);
}

struct element_value mpa_encode_address_context(const struct mpa_address_context *m,
	uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_family(&w, m->family);
	write_u8(&w, m->prefix_length);
	write_address(&w, &m->address);
	write_address(&w, &m->router);
	write_address(&w, &m->dns);
	write_address(&w, &m->dhcp_server);
	write_u32(&w, m->lease);
	write_bytes(&w, m->router_mac, 6);
	write_zero(&w, 2);
	return element(PANA_MPA_ADDRESS_CONTEXT, &w);
}

int mpa_decode_address_context(struct view value, struct mpa_address_context *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_address_context){ .request_id = read_u16(&r) };
	m->family = read_family(&r);
	m->prefix_length = read_u8(&r);
	read_address(&r, &m->address);
	read_address(&r, &m->router);
	read_address(&r, &m->dns);
	read_address(&r, &m->dhcp_server);
	m->lease = read_u32(&r);
	read_bytes(&r, m->router_mac, 6);
	read_u16(&r);
	if (m->address.family != m->family || !fits(&m->router, m->family) ||
		!fits(&m->dns, m->family) || !fits(&m->dhcp_server, m->family) ||
		m->prefix_length > (m->family == AF_INET ? 32 : 128))
		return -1;
	return done(&r);
}

struct element_value mpa_encode_address_release(const struct mpa_address_release *m,
	uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_family(&w, m->address.family);
	write_zero(&w, 1);
	write_address(&w, &m->address);
	return element(PANA_MPA_ADDRESS_RELEASE, &w);
}

int mpa_decode_address_release(struct view value, struct mpa_address_release *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_address_release){ .request_id = read_u16(&r) };
	uint8_t family = read_family(&r);
	read_u8(&r);
	read_address(&r, &m->address);
	return m->address.family != family ? -1 : done(&r);
}

struct element_value mpa_encode_tunnel_request(const struct mpa_tunnel_request *m, uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_u8(&w, (uint8_t)m->mode);
	write_zero(&w, 1);
	write_u32(&w, m->spi);
	write_address(&w, &m->outer);
	write_address(&w, &m->inner);
	write_u32(&w, m->transforms);
	write_octets(&w, &m->nonce);
	return element(PANA_MPA_TUNNEL_REQUEST, &w);
}

/* RFC 4303 §2.1: SPIs 0 to 255 are reserved. */
static bool good_spi(enum mpa_mode mode, uint32_t spi)
{
	return mode == MPA_IP_IN_IP || spi > 255;
}

static bool good_mode(enum mpa_mode mode)
{
	return mode == MPA_ESP || mode == MPA_IP_IN_IP;
}

int mpa_decode_tunnel_request(struct view value, struct mpa_tunnel_request *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_tunnel_request){ .request_id = read_u16(&r) };
	m->mode = read_u8(&r);
	read_u8(&r);
	m->spi = read_u32(&r);
	read_address(&r, &m->outer);
	read_address(&r, &m->inner);
	m->transforms = read_u32(&r);
	read_octets(&r, &m->nonce, MPA_NONCE_MIN);
	if (!good_mode(m->mode) || !good_spi(m->mode, m->spi) || !m->outer.family ||
		!m->inner.family)
		return -1;
	return done(&r);
}

struct element_value mpa_encode_tunnel_parameters(const struct mpa_tunnel_parameters *m,
	uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_u8(&w, (uint8_t)m->mode);
	write_zero(&w, 1);
	write_u32(&w, m->spi);
	write_address(&w, &m->outer);
	write_address(&w, &m->inner);
	write_u32(&w, m->transform);
	write_u32(&w, m->lifetime);
	write_octets(&w, &m->nonce);
	return element(PANA_MPA_TUNNEL_PARAMETERS, &w);
}

int mpa_decode_tunnel_parameters(struct view value, struct mpa_tunnel_parameters *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_tunnel_parameters){ .request_id = read_u16(&r) };
	m->mode = read_u8(&r);
	read_u8(&r);
	m->spi = read_u32(&r);
	read_address(&r, &m->outer);
	read_address(&r, &m->inner);
	m->transform = read_u32(&r);
	m->lifetime = read_u32(&r);
	read_octets(&r, &m->nonce, MPA_NONCE_MIN);
	if (!good_mode(m->mode) || !good_spi(m->mode, m->spi) || !m->outer.family ||
		!m->inner.family)
		return -1;
	if (m->mode == MPA_ESP && !mpa_choose_transform(m->transform, m->transform))
		return -1;
	return done(&r);
}

struct element_value mpa_encode_tunnel_delete(const struct mpa_tunnel_delete *m, uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_zero(&w, 2);
	write_u32(&w, m->spi);
	return element(PANA_MPA_TUNNEL_DELETE, &w);
}

int mpa_decode_tunnel_delete(struct view value, struct mpa_tunnel_delete *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_tunnel_delete){ .request_id = read_u16(&r) };
	read_u16(&r);
	m->spi = read_u32(&r);
	return done(&r);
}

struct element_value mpa_encode_buffer_control(const struct mpa_buffer_control *m, uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_u8(&w, (uint8_t)m->operation);
	write_zero(&w, 1);
	write_u32(&w, m->depth);
	write_u32(&w, m->period);
	return element(PANA_MPA_BUFFER_CONTROL, &w);
}

int mpa_decode_buffer_control(struct view value, struct mpa_buffer_control *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_buffer_control){ .request_id = read_u16(&r) };
	m->operation = read_u8(&r);
	read_u8(&r);
	m->depth = read_u32(&r);
	m->period = read_u32(&r);
	if (m->operation < MPA_BUFFER_START || m->operation > MPA_BUFFER_STOP)
		return -1;
	return done(&r);
}

struct element_value mpa_encode_ap_key_request(const struct mpa_ap_key_request *m,
	uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_bytes(&w, m->mac, 6);
	return element(PANA_MPA_AP_KEY_REQUEST, &w);
}

int mpa_decode_ap_key_request(struct view value, struct mpa_ap_key_request *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_ap_key_request){ .request_id = read_u16(&r) };
	read_bytes(&r, m->mac, 6);
	return done(&r);
}

struct element_value mpa_encode_ap_keys(const struct mpa_ap_keys *m, uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_zero(&w, 2);
	write_u32(&w, m->lifetime);
	for (unsigned i = 0; i < m->count; i++) {
		write_bytes(&w, m->aps[i].bssid, 6);
		write_address(&w, &m->aps[i].address);
	}
	return element(PANA_MPA_AP_KEYS, &w);
}

int mpa_decode_ap_keys(struct view value, struct mpa_ap_keys *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_ap_keys){ .request_id = read_u16(&r) };
	read_u16(&r);
	m->lifetime = read_u32(&r);
	while (!r.failed && reader_left(&r) && m->count < MPA_APS_MAX) {
		struct mpa_ap *ap = &m->aps[m->count++];
		read_bytes(&r, ap->bssid, 6);
		read_address(&r, &ap->address);
	}
	return m->count ? done(&r) : -1;
}

struct element_value mpa_encode_neighbour(const struct mpa_neighbour *m, uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_bytes(&w, m->bssid, 6);
	write_u8(&w, m->prefix_length);
	write_u8(&w, MUTANT(ap_info_reserved_not_zero));
	write_address(&w, &m->address);
	write_address(&w, &m->agent);
	write_u16(&w, m->agent.family ? ntohs(m->agent.port) : 0);
	write_zero(&w, 2);
	write_bytes(&w, m->domain, strnlen(m->domain, sizeof(m->domain) - 1));
	return element(PANA_MPA_NEIGHBOUR, &w);
}

/* Neither zero nor a group address. */
static bool good_bssid(const uint8_t mac[6])
{
	return MUTANT(ap_info_takes_any_bssid) ||
		(memcmp(mac, "\0\0\0\0\0\0", 6) != 0 && !(mac[0] & 1));
}

int mpa_decode_neighbour(struct view value, struct mpa_neighbour *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_neighbour){ .prefix_length = 0 };
	read_bytes(&r, m->bssid, 6);
	m->prefix_length = read_u8(&r);
	read_u8(&r);
	read_address(&r, &m->address);
	read_address(&r, &m->agent);
	m->agent.port = htons(read_u16(&r));
	read_u16(&r);
	struct view domain = read_rest(&r);
	if (r.failed || !good_bssid(m->bssid) || !ap_info_good_address(&m->address) ||
		m->prefix_length > (m->address.family == AF_INET ? 32 : 128))
		return -1;
	if (m->agent.family ? !ap_info_good_address(&m->agent) || !m->agent.port : m->agent.port)
		return -1;
	if (domain.size && !ap_info_good_domain(domain))
		return -1;
	if (domain.size)
		memcpy(m->domain, domain.data, domain.size);
	return 0;
}

struct element_value mpa_encode_handover_status(const struct mpa_handover_status *m,
	uint8_t *storage)
{
	struct writer w = writer_of(storage, MPA_VALUE_MAX);

	write_u16(&w, m->request_id);
	write_u16(&w, (uint16_t)m->code);
	write_bytes(&w, m->detail, strnlen(m->detail, sizeof(m->detail) - 1));
	return element(PANA_MPA_HANDOVER_STATUS, &w);
}

int mpa_decode_handover_status(struct view value, struct mpa_handover_status *m)
{
	struct reader r = reader_of(value);

	*m = (struct mpa_handover_status){ .request_id = read_u16(&r) };
	m->code = read_u16(&r);
	struct view detail = read_rest(&r);
	size_t size = detail.size < sizeof(m->detail) ? detail.size : sizeof(m->detail) - 1;
	if (size)
		memcpy(m->detail, detail.data, size);
	return r.failed ? -1 : 0;
}

uint32_t mpa_choose_transform(uint32_t offered, uint32_t allowed)
{
	static const uint32_t best_first[] = { MPA_AES_GCM, MPA_AES_CBC_SHA256, MPA_NULL_SHA256 };

	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++)
		if (offered & allowed & best_first[i])
			return best_first[i];
	return 0;
}

const char *mpa_status_name(enum mpa_status code)
{
	const struct element *e =
		protocol_element(&pana_protocol, PANA_VENDOR, PANA_MPA_HANDOVER_STATUS);
	const char *name = field_value_name(&e->value[1], code);
	return name ? name : "?";
}

static void key_sizes(enum mpa_transform transform, struct mpa_esp_keys *keys)
{
	switch (transform) {
	case MPA_AES_CBC_SHA256:
		keys->encryption_size = 16; /* RFC 3602 */
		keys->integrity_size = 32;  /* RFC 4868 §2.1.1 */
		break;
	case MPA_AES_GCM:
		keys->encryption_size = 36; /* RFC 4106 §8.1: key and salt */
		break;
	case MPA_NULL_SHA256:
		keys->integrity_size = 32;
		break;
	}
}

void mpa_esp_keys(const uint8_t mn_ar[MPA_KEY_SIZE], const struct mpa_tunnel_request *request,
	const struct mpa_tunnel_parameters *parameters, struct mpa_esp_keys *keys)
{
	uint8_t seed[32 + 2 * MPA_NONCE_MAX + 12 + 32], out[2 * (ESP_KEY_MAX + MPA_KEY_SIZE)];
	struct writer w = writer_of(seed, sizeof(seed));

	*keys = (struct mpa_esp_keys){ 0 };
	key_sizes(parameters->transform, keys);
	write_view(&w, view_text("MPA ESP tunnel"));
	write_u8(&w, 0);
	write_octets(&w, &request->nonce);
	write_octets(&w, &parameters->nonce);
	write_u32(&w, request->spi);
	write_u32(&w, parameters->spi);
	write_address(&w, &request->outer);
	write_address(&w, &parameters->outer);
	write_u32(&w, parameters->transform);

	size_t size = 2 * (keys->encryption_size + keys->integrity_size);
	prf_plus(DIGEST_SHA256, VIEW(mn_ar, MPA_KEY_SIZE), writer_view(&w), out, size);
	struct reader r = reader_of(VIEW(out, size));
	read_bytes(&r, keys->mn_to_ar_encryption, keys->encryption_size);
	read_bytes(&r, keys->mn_to_ar_integrity, keys->integrity_size);
	read_bytes(&r, keys->ar_to_mn_encryption, keys->encryption_size);
	read_bytes(&r, keys->ar_to_mn_integrity, keys->integrity_size);
	wipe(out, sizeof(out));
}
