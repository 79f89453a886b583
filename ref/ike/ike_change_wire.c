// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/ike/ike_change_wire.h"

#define AC "AC §"

static const struct name kinds[] = {
	{ IKE_CHANGE_ADDRESS_CHANGE, "ADDRESS-CHANGE" },
	{ IKE_CHANGE_COMPLETED, "MIGRATION-COMPLETED" },
	{ IKE_CHANGE_EXPIRED, "ADDRESS-EXPIRED" },
	{ IKE_CHANGE_COOKIE, "COOKIE" },
	{ IKE_CHANGE_REFUSED, "REFUSED" },
	{ 0, NULL },
};

const struct name ike_change_reasons[] = {
	{ IKE_CHANGE_BAD_ADDRESS, "bad-address" },
	{ IKE_CHANGE_UNKNOWN_SA, "unknown-sa" },
	{ IKE_CHANGE_BAD_PROOF, "bad-proof" },
	{ IKE_CHANGE_STALE, "stale" },
	{ IKE_CHANGE_NOT_THERE, "not-there" },
	{ IKE_CHANGE_TOO_OFTEN, "too-often" },
	{ IKE_CHANGE_PROHIBITED, "prohibited" },
	{ 0, NULL },
};

static const struct field header[] = {
	{ "Version", FIELD_UINT, 1, 1, 1, NULL, AC "4.1" },
	{ "Kind", FIELD_ENUM, 1, 1, 0, kinds, AC "4.1" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, AC "4.1" },
	{ "Sequence Number", FIELD_UINT, 4, 0, 0, NULL, AC "4.1" },
	{ "IKE SA Initiator's SPI", FIELD_UINT, 8, 1, 0, NULL, AC "4.1" },
	{ "IKE SA Responder's SPI", FIELD_UINT, 8, 1, 0, NULL, AC "4.1" },
	{ 0 },
};

static const struct element elements[] = {
	IKE_CHANGE_ELEMENT_ROWS(0, ""),
	{ 0 },
};

#define ADDRESSES                                                                                  \
	{ 0, IKE_CHANGE_OLD_IPV4, 0, 1, AC "4.2" }, { 0, IKE_CHANGE_OLD_IPV6, 0, 1, AC "4.2" },    \
		{ 0, IKE_CHANGE_NEW_IPV4, 0, 1, AC "4.2" },                                        \
		{ 0, IKE_CHANGE_NEW_IPV6, 0, 1, AC "4.2" }

static const struct occurrence in_change[] = {
	ADDRESSES,
	{ 0, IKE_CHANGE_CHILD_SPIS, 0, 1, AC "4.2" },
	{ 0, IKE_CHANGE_HOLD_TIME, 0, 1, AC "4.2" },
	{ 0, IKE_CHANGE_PATH_COOKIE, 0, 1, AC "5.3" },
	{ 0, IKE_CHANGE_PROOF, 0, 1, AC "5.4" },
	{ 0 },
};

static const struct occurrence in_completed[] = {
	ADDRESSES,
	{ 0, IKE_CHANGE_CHILD_SPIS, 0, 1, AC "4.2" },
	{ 0, IKE_CHANGE_PATH_COOKIE, 0, 1, AC "5.3" },
	{ 0 },
};

static const struct occurrence in_cookie[] = {
	{ 0, IKE_CHANGE_PATH_COOKIE, 1, 1, AC "5.3" },
	{ 0 },
};

static const struct occurrence in_refused[] = {
	{ 0, IKE_CHANGE_REASON, 1, 1, AC "4.3" },
	{ 0 },
};

static const struct occurrence in_expired[] = {
	{ 0, IKE_CHANGE_OLD_IPV4, 0, 1, AC "5.6" },
	{ 0, IKE_CHANGE_OLD_IPV6, 0, 1, AC "5.6" },
	{ 0 },
};

#define MESSAGE(name, title, kind, list)                                                           \
	{ name, title, kind, 0, 0, list, true, AC "4.1" }

static const struct message messages[] = {
	MESSAGE("AC", "ADDRESS CHANGE", IKE_CHANGE_ADDRESS_CHANGE, in_change),
	MESSAGE("MC", "MIGRATION COMPLETED", IKE_CHANGE_COMPLETED, in_completed),
	MESSAGE("AX", "ADDRESS EXPIRED", IKE_CHANGE_EXPIRED, in_expired),
	MESSAGE("CK", "ADDRESS CHANGE COOKIE", IKE_CHANGE_COOKIE, in_cookie),
	MESSAGE("RF", "ADDRESS CHANGE REFUSED", IKE_CHANGE_REFUSED, in_refused),
	{ 0 },
};

/* §4.2: the Proof covers all before it, so nothing may follow it. */
static const struct placement placements[] = {
	{ 0, IKE_CHANGE_PROOF, POSITION_LAST, AC "5.4" },
	{ 0, 0, POSITION_ANY, NULL },
};

const struct protocol ike_change_protocol = {
	.name = "address-change",
	.specification = "Address Change for IKE",
	.header = header,
	.type_field = IKE_CHANGE_KIND,
	.flags_field = 255,
	.format = { .code_width = 2, .length_width = 2, .align = 4 },
	.elements = elements,
	.messages = messages,
	.placements = placements,
};

static const struct element_value *address(const struct packet *p, bool new_one, uint8_t *family)
{
	const struct element_value *e =
		packet_find(p, 0, new_one ? IKE_CHANGE_NEW_IPV4 : IKE_CHANGE_OLD_IPV4);

	*family = AF_INET;
	if (e)
		return e;
	*family = AF_INET6;
	return packet_find(p, 0, new_one ? IKE_CHANGE_NEW_IPV6 : IKE_CHANGE_OLD_IPV6);
}

struct endpoint ike_change_address(const struct packet *p, bool new_one)
{
	struct endpoint out = { 0 };
	const struct element_value *e = address(p, new_one, &out.family);

	if (!e || e->value.size > sizeof(out.address))
		return (struct endpoint){ 0 };
	memcpy(out.address, e->value.data, e->value.size);
	return out;
}

void ike_change_add_address(struct packet *p, bool new_one, const struct endpoint *e)
{
	bool v6 = e->family == AF_INET6;
	uint32_t code = new_one ? (v6 ? IKE_CHANGE_NEW_IPV6 : IKE_CHANGE_NEW_IPV4)
				: (v6 ? IKE_CHANGE_OLD_IPV6 : IKE_CHANGE_OLD_IPV4);

	packet_add(p, 0, code, VIEW(e->address, v6 ? 16 : 4));
}

/* §4.2: a change and its completion name both addresses, of one family; SPIs are whole. */
static int check_addresses(const struct packet *p, struct reject *reject)
{
	uint64_t kind = p->header[IKE_CHANGE_KIND];
	const struct element_value *spis = packet_find(p, 0, IKE_CHANGE_CHILD_SPIS);
	uint8_t old_family, new_family;

	if (spis && spis->value.size % 4)
		return reject_set(reject, REJECT_LENGTH, "Child-SPIs", AC "4.2", spis->offset,
			spis->value.size);
	if (kind != IKE_CHANGE_ADDRESS_CHANGE && kind != IKE_CHANGE_COMPLETED)
		return 0;
	if (!address(p, false, &old_family))
		return reject_set(reject, REJECT_MISSING, "Old-Address", AC "4.2", 0, 0);
	if (!address(p, true, &new_family))
		return reject_set(reject, REJECT_MISSING, "New-Address", AC "4.2", 0, 0);
	if (old_family != new_family)
		return reject_set(reject, REJECT_VALUE, "New-Address", AC "4.2", 0, new_family);
	return 0;
}

int ike_change_decode(struct view data, struct packet *packet, struct reject *reject)
{
	if (wire_decode(&ike_change_protocol, data, packet, reject) < 0)
		return -1;
	return check_addresses(packet, reject);
}
