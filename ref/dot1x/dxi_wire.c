// SPDX-License-Identifier: Apache-2.0
#include "ref/base/mutant.h"
#include "ref/dot1x/dxi_wire.h"

#define DXI "DXI §"

static const struct name types[] = {
	{ DXI_OPEN, "OPEN" }, { DXI_OPENED, "OPENED" }, { DXI_FRAME, "FRAME" },
	{ DXI_PROBE, "PROBE" }, { DXI_ALIVE, "ALIVE" }, { DXI_REFUSED, "REFUSED" },
	{ DXI_CLOSE, "CLOSE" }, { 0, NULL },
};

static const struct name errors[] = {
	{ DXI_ERROR_MALFORMED, "malformed" }, { DXI_ERROR_VERSION, "version" },
	{ DXI_ERROR_UNKNOWN_BSSID, "unknown-bssid" }, { DXI_ERROR_BUSY, "busy" },
	{ DXI_ERROR_LIMIT, "limit" }, { DXI_ERROR_NOT_OPEN, "not-open" },
	{ DXI_ERROR_WRONG_STATION, "wrong-station" }, { DXI_ERROR_TIMEOUT, "timeout" },
	{ DXI_ERROR_UNREACHABLE, "unreachable" }, { 0, NULL },
};

static const struct field header[] = {
	{ "Version", FIELD_UINT, 1, DXI_VERSION, DXI_VERSION, NULL, DXI "3.1" },
	{ "Type", FIELD_ENUM, 1, 1, 0, types, DXI "3.3" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, DXI "3.1" },
	{ "Station", FIELD_MAC, 6, 0, 0, NULL, DXI "3.1" },
	{ "BSSID", FIELD_MAC, 6, 0, 0, NULL, DXI "3.1" },
	{ 0 },
};

static const struct element elements[] = {
	{ 0, DXI_EAPOL, "EAPOL", DXI "3.2",
		{ { "PDU", FIELD_OCTETS, 0, EAPOL_HEADER_SIZE, EAPOL_PDU_MAX, NULL, NULL } } },
	{ 0, DXI_ERROR, "Error", DXI "3.4", { { "Error", FIELD_ENUM, 2, 1, 0, errors, NULL } } },
	{ 0, DXI_TEXT, "Text", DXI "3.2", { { "Text", FIELD_TEXT, 0, 0, 255, NULL, NULL } } },
	{ 0, DXI_KEEP_ALIVE, "Keep-Alive", DXI "3.2",
		{ { "Seconds", FIELD_UINT, 2, 5, 600, NULL, NULL } } },
	{ 0 },
};

static const struct occurrence in_open[] = { { 0, DXI_KEEP_ALIVE, 0, 1, DXI "3.3" }, { 0 } };
static const struct occurrence in_frame[] = { { 0, DXI_EAPOL, 1, 1, DXI "3.3" }, { 0 } };
static const struct occurrence in_refused[] = {
	{ 0, DXI_ERROR, 1, 1, DXI "3.3" },
	{ 0, DXI_TEXT, 0, 1, DXI "3.3" },
	{ 0 },
};
static const struct occurrence in_close[] = {
	{ 0, DXI_ERROR, 0, 1, DXI "3.3" },
	{ 0, DXI_TEXT, 0, 1, DXI "3.3" },
	{ 0 },
};
static const struct occurrence in_probe[] = { { 0 } };

static const struct message messages[] = {
	{ "OPEN", "Open", DXI_OPEN, 0, 0, in_open, false, DXI "3.3" },
	{ "OPENED", "Opened", DXI_OPENED, 0, 0, in_open, false, DXI "3.3" },
	{ "FRAME", "Frame", DXI_FRAME, 0, 0, in_frame, false, DXI "3.3" },
	{ "PROBE", "Probe", DXI_PROBE, 0, 0, in_probe, false, DXI "3.3" },
	{ "ALIVE", "Alive", DXI_ALIVE, 0, 0, in_probe, false, DXI "3.3" },
	{ "REFUSED", "Refused", DXI_REFUSED, 0, 0, in_refused, false, DXI "3.3" },
	{ "CLOSE", "Close", DXI_CLOSE, 0, 0, in_close, false, DXI "3.3" },
	{ 0 },
};

const struct protocol dxi_protocol = {
	.name = "dot1x-over-ip",
	.specification = "IEEE 802.1X over IP",
	.header = header,
	.type_field = DXI_TYPE,
	.flags_field = 255,
	.format = { .code_width = 2, .length_width = 2, .align = 4 },
	.elements = elements,
	.messages = messages,
};

/* Neither zero nor a group address. */
static bool is_single(uint64_t mac)
{
	return mac != 0 && (mac >> 40 & 1) == 0;
}

static int check_address(const struct packet *p, enum dxi_header field, size_t offset,
	struct reject *reject)
{
	if (is_single(p->header[field]) || MUTANT(dxi_takes_group_addresses))
		return 0;
	return reject_set(reject, REJECT_VALUE, header[field].name, DXI "3.1", offset,
		p->header[field]);
}

int dxi_decode(struct view message, struct packet *p, struct reject *reject)
{
	struct reader r = reader_of(message);
	uint8_t version = read_u8(&r);

	if (!r.failed && version != DXI_VERSION)
		return reject_set(reject, REJECT_VERSION, "Version", DXI "3.1", 0, version);
	if (wire_decode(&dxi_protocol, message, p, reject) < 0)
		return -1;
	switch ((enum dxi_type)p->header[DXI_TYPE]) {
	case DXI_OPEN:
	case DXI_OPENED:
	case DXI_FRAME:
	case DXI_REFUSED:
		return check_address(p, DXI_STATION, 4, reject) < 0 ?
			-1 : check_address(p, DXI_BSSID, 10, reject);
	case DXI_PROBE:
	case DXI_ALIVE:
	case DXI_CLOSE:
		break;
	}
	return 0;
}

enum dxi_error dxi_error_of(const struct reject *reject)
{
	return reject->reason == REJECT_VERSION ? DXI_ERROR_VERSION : DXI_ERROR_MALFORMED;
}

const char *dxi_error_name(uint64_t error)
{
	return field_value_name(&elements[1].value[0], error);
}

uint64_t dxi_mac(const uint8_t mac[MAC_SIZE])
{
	struct reader r = reader_of(VIEW(mac, MAC_SIZE));
	return read_uint(&r, MAC_SIZE);
}

void dxi_mac_octets(uint64_t mac, uint8_t out[MAC_SIZE])
{
	struct writer w = writer_of(out, MAC_SIZE);
	write_uint(&w, mac, MAC_SIZE);
}

/* Moves octets from the input until `size` of the message are there. */
static bool fill_to(struct dxi_stream *s, struct view *input, size_t size)
{
	size_t want = size > s->used ? size - s->used : 0;
	size_t take = want < input->size ? want : input->size;

	if (take)
		memcpy(s->octets + s->used, input->data, take);
	s->used += take;
	input->data += take;
	input->size -= take;
	return s->used >= size;
}

int dxi_stream_next(struct dxi_stream *s, struct view *input, struct view *message,
	struct reject *reject)
{
	if (!fill_to(s, input, DXI_HEADER_SIZE))
		return 0;
	struct reader r = reader_of(VIEW(s->octets, DXI_HEADER_SIZE));
	uint8_t version = read_u8(&r);
	read_u8(&r);
	size_t length = read_u16(&r), limit = s->limit ? s->limit : DXI_MESSAGE_MAX;

	/* A stream that is not ours is told by its first octets, before anything is kept for it. */
	if (version != DXI_VERSION)
		return reject_set(reject, REJECT_VERSION, "Version", DXI "3.1", 0, version);
	if (length < DXI_HEADER_SIZE || length > limit)
		return reject_set(reject, REJECT_LENGTH, "Length", DXI "3.1", 2, length);
	if (!fill_to(s, input, length))
		return 0;
	*message = VIEW(s->octets, length);
	s->used = 0;
	return 1;
}
