// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <netinet/in.h>
#include <strings.h>

#include "ref/discovery/ap_info.h"

#define FAP "FAP §"

static size_t size_of(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static uint8_t family_of(const struct element_value *e)
{
	switch ((enum ap_info_part)e->code) {
	case AP_INFO_ADDRESS_IPV4:
	case AP_INFO_PREFIX_IPV4:
	case AP_INFO_AGENT_IPV4:
		return AF_INET;
	case AP_INFO_ADDRESS_IPV6:
	case AP_INFO_PREFIX_IPV6:
	case AP_INFO_AGENT_IPV6:
		return AF_INET6;
	case AP_INFO_DOMAIN_NAME:
		break;
	}
	return 0;
}

/* --- values ----------------------------------------------------------------------------------- */

bool ap_info_good_address(const struct endpoint *e)
{
	static const uint8_t nothing[16], loopback[16] = { [15] = 1 };
	const uint8_t *a = e->address;

	if (e->family == AF_INET)
		return a[0] != 0 && a[0] != 127 && a[0] < 224 && !(a[0] == 169 && a[1] == 254);
	if (e->family != AF_INET6)
		return false;
	return memcmp(a, nothing, 16) != 0 && memcmp(a, loopback, 16) != 0 && a[0] != 0xff &&
		!(a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

bool ap_info_good_domain(struct view text)
{
	size_t label = 0;

	if (text.size == 0 || text.size > AP_INFO_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		bool last = i + 1 == text.size || text.data[i + 1] == '.';
		if (c == '.') {
			if (label == 0 || last)
				return false;
			label = 0;
			continue;
		}
		if (++label > 63 || c >= 0x80 || (!isalnum(c) && c != '-'))
			return false;
		if (c == '-' && (label == 1 || last))
			return false;
	}
	return label > 0;
}

/* Clears what lies behind the first `length` bits; true when there was something. */
static bool clear_host(uint8_t *address, size_t size, unsigned length)
{
	bool found = false;

	for (size_t i = 0; i < size; i++) {
		unsigned before = (unsigned)i * 8;
		unsigned kept = length <= before ? 0 : length - before >= 8 ? 8 : length - before;
		uint8_t mask = (uint8_t)(0xff00 >> kept);
		found |= (address[i] & (uint8_t)~mask) != 0;
		address[i] &= mask;
	}
	return found;
}

static struct endpoint read_address(struct reader *r, uint8_t family)
{
	struct endpoint e = { .family = family };
	read_bytes(r, e.address, size_of(family));
	return e;
}

/* What a row cannot say of a value (FAP §3.3 to §3.6). NULL, or the field that is wrong. */
static const char *wrong_value(const struct element_value *e)
{
	struct reader r = reader_of(e->value);
	struct endpoint address;
	unsigned length;

	switch ((enum ap_info_part)e->code) {
	case AP_INFO_ADDRESS_IPV4:
	case AP_INFO_ADDRESS_IPV6:
		address = read_address(&r, family_of(e));
		return ap_info_good_address(&address) ? NULL : "Address";
	case AP_INFO_PREFIX_IPV4:
	case AP_INFO_PREFIX_IPV6:
		length = read_u8(&r);
		address = read_address(&r, family_of(e));
		return clear_host(address.address, size_of(address.family), length) ? "Prefix" :
										      NULL;
	case AP_INFO_AGENT_IPV4:
	case AP_INFO_AGENT_IPV6:
		read_u16(&r);
		address = read_address(&r, family_of(e));
		return ap_info_good_address(&address) ? NULL : "Address";
	case AP_INFO_DOMAIN_NAME:
		return ap_info_good_domain(e->value) ? NULL : "Name";
	}
	return NULL;
}

static int check_values(const struct packet *p, struct reject *reject)
{
	for (unsigned i = 0; i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		const char *wrong = e->element ? wrong_value(e) : NULL;
		if (wrong)
			return reject_set(reject, REJECT_VALUE, wrong, e->element->section,
				e->offset + 2, 0);
	}
	/* FAP §3.3: without an address of the access point the element says nothing */
	if (!packet_find(p, 0, AP_INFO_ADDRESS_IPV4) && !packet_find(p, 0, AP_INFO_ADDRESS_IPV6))
		return reject_set(reject, REJECT_MISSING, "Address-IPv4", FAP "3.3", 0, 0);
	return 0;
}

/* Whose element it is, before its octets are taken for anything. */
static int check_owner(struct view element, struct reject *reject)
{
	struct reader r = reader_of(element);

	for (unsigned i = 0; i <= AP_INFO_VERSION; i++) {
		const struct field *f = &ap_info_protocol.header[i];
		size_t at = r.offset;
		uint64_t n = read_uint(&r, f->width);
		if (r.failed) /* the tables say how */
			return 0;
		if (i == AP_INFO_VERSION && n != f->min)
			return reject_set(reject, REJECT_VERSION, f->name, f->section, at, n);
		if (i == AP_INFO_TYPE && n != AP_INFO_TYPE_VALUE)
			return reject_set(reject, REJECT_TYPE, f->name, f->section, at, n);
		if (f->kind == FIELD_UINT && n != f->min)
			return reject_set(reject, REJECT_VALUE, f->name, f->section, at, n);
	}
	return 0;
}

int ap_info_decode(struct view element, struct packet *packet, struct reject *reject)
{
	*packet = packet_of(&ap_info_protocol);
	if (check_owner(element, reject) < 0 ||
		wire_decode(&ap_info_protocol, element, packet, reject) < 0)
		return -1;
	return check_values(packet, reject);
}

struct view ap_info_find(struct view elements)
{
	struct reader r = reader_of(elements);

	while (reader_left(&r) >= 2) {
		const uint8_t *start = r.next;
		read_u8(&r);
		size_t size = read_u8(&r);
		read_view(&r, size);
		if (r.failed)
			break;
		struct view element = VIEW(start, size + 2);
		struct reject why = { 0 };
		if (check_owner(element, &why) == 0 && size >= 7)
			return element;
	}
	return VIEW_EMPTY;
}

/* --- as a structure --------------------------------------------------------------------------- */

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family &&
		memcmp(a->address, b->address, size_of(a->family)) == 0;
}

bool ap_info_add_address(struct ap_info *info, const struct endpoint *address)
{
	for (unsigned i = 0; i < info->address_count; i++)
		if (info->addresses[i].family == address->family)
			return same_address(&info->addresses[i], address);
	info->addresses[info->address_count] = *address;
	info->addresses[info->address_count++].port = 0;
	return true;
}

static unsigned prefixes_of(const struct ap_info *info, uint8_t family)
{
	unsigned n = 0;
	for (unsigned i = 0; i < info->prefix_count; i++)
		n += info->prefixes[i].network.family == family;
	return n;
}

static bool same_prefix(const struct ap_prefix *a, const struct ap_prefix *b)
{
	return a->length == b->length && same_address(&a->network, &b->network);
}

bool ap_info_add_prefix(struct ap_info *info, const struct endpoint *address, uint8_t length)
{
	struct ap_prefix p = { .network = *address, .length = length };

	p.network.port = 0;
	clear_host(p.network.address, size_of(p.network.family), length);
	for (unsigned i = 0; i < info->prefix_count; i++)
		if (same_prefix(&info->prefixes[i], &p))
			return true;
	if (prefixes_of(info, address->family) == AP_INFO_EACH_MAX)
		return false;
	info->prefixes[info->prefix_count++] = p;
	return true;
}

static unsigned agents_of(const struct ap_info *info, uint8_t family)
{
	unsigned n = 0;
	for (unsigned i = 0; i < info->agent_count; i++)
		n += info->agents[i].family == family;
	return n;
}

bool ap_info_add_agent(struct ap_info *info, const struct endpoint *agent)
{
	for (unsigned i = 0; i < info->agent_count; i++)
		if (endpoint_equal(&info->agents[i], agent))
			return true;
	if (agents_of(info, agent->family) == AP_INFO_EACH_MAX)
		return false;
	info->agents[info->agent_count++] = *agent;
	return true;
}

static void take_part(const struct element_value *e, struct ap_info *info)
{
	struct reader r = reader_of(e->value);
	struct endpoint address;
	uint8_t length;
	uint16_t port;

	switch ((enum ap_info_part)e->code) {
	case AP_INFO_ADDRESS_IPV4:
	case AP_INFO_ADDRESS_IPV6:
		address = read_address(&r, family_of(e));
		ap_info_add_address(info, &address);
		break;
	case AP_INFO_PREFIX_IPV4:
	case AP_INFO_PREFIX_IPV6:
		length = read_u8(&r);
		address = read_address(&r, family_of(e));
		ap_info_add_prefix(info, &address, length);
		break;
	case AP_INFO_AGENT_IPV4:
	case AP_INFO_AGENT_IPV6:
		port = read_u16(&r);
		address = read_address(&r, family_of(e));
		address.port = htons(port);
		ap_info_add_agent(info, &address);
		break;
	case AP_INFO_DOMAIN_NAME:
		memcpy(info->domain, e->value.data, e->value.size);
		break;
	}
}

void ap_info_take(const struct packet *packet, struct ap_info *info)
{
	*info = (struct ap_info){ 0 };
	for (unsigned i = 0; i < packet->element_count; i++)
		if (packet->elements[i].element)
			take_part(&packet->elements[i], info);
}

/* --- encoding --------------------------------------------------------------------------------- */

/* Adds a part whose value is what was written since `from`. */
static void add_part(struct packet *p, enum ap_info_part code, const struct writer *w, size_t from)
{
	packet_add(p, 0, code, VIEW(w->start + from, w->used - from));
}

static void add_parts(struct packet *p, const struct ap_info *info, uint8_t family,
	struct writer *values)
{
	bool six = family == AF_INET6;
	size_t size = size_of(family), from;

	for (unsigned i = 0; i < info->address_count; i++) {
		if (info->addresses[i].family != family)
			continue;
		from = values->used;
		write_bytes(values, info->addresses[i].address, size);
		add_part(p, AP_INFO_ADDRESS_IPV4 + six, values, from);
	}
	for (unsigned i = 0; i < info->prefix_count; i++) {
		if (info->prefixes[i].network.family != family)
			continue;
		from = values->used;
		write_u8(values, info->prefixes[i].length);
		write_bytes(values, info->prefixes[i].network.address, size);
		add_part(p, AP_INFO_PREFIX_IPV4 + six, values, from);
	}
	for (unsigned i = 0; i < info->agent_count; i++) {
		if (info->agents[i].family != family)
			continue;
		from = values->used;
		write_u16(values, ntohs(info->agents[i].port));
		write_bytes(values, info->agents[i].address, size);
		add_part(p, AP_INFO_AGENT_IPV4 + six, values, from);
	}
}

int ap_info_encode(const struct ap_info *info, struct writer *w)
{
	struct packet p = packet_named(&ap_info_protocol, "AP-Information"), again;
	uint8_t room[512];
	struct writer values = writer_of(room, sizeof(room));
	size_t start = w->used;

	p.header[AP_INFO_ELEMENT_ID] = AP_INFO_VENDOR_SPECIFIC;
	p.header[AP_INFO_OUI] = AP_INFO_OUI_VALUE;
	p.header[AP_INFO_PROTOCOL] = AP_INFO_PROTOCOL_VALUE;
	p.header[AP_INFO_VERSION] = AP_INFO_VERSION_VALUE;
	add_parts(&p, info, AF_INET, &values);
	add_parts(&p, info, AF_INET6, &values);
	if (info->domain[0])
		packet_add(&p, 0, AP_INFO_DOMAIN_NAME, view_text(info->domain));
	wire_encode(&p, w);
	if (values.failed || w->failed)
		return -1;
	return ap_info_decode(VIEW(w->start + start, w->used - start), &again, NULL);
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool has_address(const struct ap_info *info, const struct endpoint *a)
{
	for (unsigned i = 0; i < info->address_count; i++)
		if (same_address(&info->addresses[i], a))
			return true;
	return false;
}

static bool speaks_of_addresses(const struct ap_info *info, uint8_t family)
{
	for (unsigned i = 0; i < info->address_count; i++)
		if (info->addresses[i].family == family)
			return true;
	return false;
}

static bool has_agent(const struct ap_info *info, const struct endpoint *a)
{
	for (unsigned i = 0; i < info->agent_count; i++)
		if (endpoint_equal(&info->agents[i], a))
			return true;
	return false;
}

static bool has_prefix(const struct ap_info *info, const struct ap_prefix *p)
{
	for (unsigned i = 0; i < info->prefix_count; i++)
		if (same_prefix(&info->prefixes[i], p))
			return true;
	return false;
}

const char *ap_info_contradiction(const struct ap_info *trusted, const struct ap_info *claim)
{
	for (unsigned i = 0; i < claim->address_count; i++)
		if (speaks_of_addresses(trusted, claim->addresses[i].family) &&
			!has_address(trusted, &claim->addresses[i]))
			return "address";
	for (unsigned i = 0; i < claim->agent_count; i++)
		if (agents_of(trusted, claim->agents[i].family) &&
			!has_agent(trusted, &claim->agents[i]))
			return "agent";
	for (unsigned i = 0; i < claim->prefix_count; i++)
		if (prefixes_of(trusted, claim->prefixes[i].network.family) &&
			!has_prefix(trusted, &claim->prefixes[i]))
			return "prefix";
	if (trusted->domain[0] && claim->domain[0] &&
		strcasecmp(trusted->domain, claim->domain) != 0)
		return "domain";
	return NULL;
}

/* No list has an item twice, so equal counts and one in the other are enough. */
bool ap_info_equal(const struct ap_info *a, const struct ap_info *b)
{
	bool same = a->address_count == b->address_count && a->agent_count == b->agent_count &&
		a->prefix_count == b->prefix_count && strcasecmp(a->domain, b->domain) == 0;

	for (unsigned i = 0; same && i < a->address_count; i++)
		same = has_address(b, &a->addresses[i]);
	for (unsigned i = 0; same && i < a->agent_count; i++)
		same = has_agent(b, &a->agents[i]);
	for (unsigned i = 0; same && i < a->prefix_count; i++)
		same = has_prefix(b, &a->prefixes[i]);
	return same;
}
