// SPDX-License-Identifier: Apache-2.0
#include "ref/base/mutant.h"
#include "ref/dhcp/dhcp_client_inside.h"

/* What must agree with the exchange under way (RFC 2131 §4.4.1), in that order. */
int check_reply(const struct dhcp_client *c, const struct dhcp_packet *p,
	struct reject *reject)
{
	const uint64_t *header = p->packet.header;
	uint8_t id[DHCP_CLIENT_ID_MAX];
	unsigned type = dhcp_type(p);
	uint32_t server = dhcp_option_address(p, DHCP_OPTION_SERVER_ID);

	if (header[DHCP_OP] != DHCP_BOOTREPLY)
		return reject_set(reject, REJECT_TYPE, "op", "RFC 2131 §2", 0, header[DHCP_OP]);
	if (header[DHCP_XID] != c->xid && !MUTANT(dhcp_client_takes_any_xid))
		return reject_set(reject, REJECT_SESSION, "xid", "RFC 2131 §4.4.1", 4,
			header[DHCP_XID]);
	if (header[DHCP_HLEN] != c->config.hardware_size ||
		memcmp(p->chaddr, c->config.hardware, c->config.hardware_size) != 0)
		return reject_set(reject, REJECT_ADDRESS, "chaddr", "RFC 2131 §4.1", 28, 0);
	int size = dhcp_option_copy(p, DHCP_OPTION_CLIENT_ID, id, sizeof(id));
	if (size >= 0 && ((size_t)size != c->config.client_id_size ||
				 memcmp(id, c->config.client_id, (size_t)size) != 0))
		return reject_set(reject, REJECT_IDENTITY, "Client-identifier",
			"RFC 6842 §3", 0, 0);
	if (c->state == DHCP_STATE_REQUESTING && type != DHCP_OFFER && server != c->offer.server)
		return reject_set(reject, REJECT_ADDRESS, "Server Identifier",
			"RFC 2131 §4.3.2", 0, server);
	return 0;
}

/* A DHCPACK must hold what it acknowledges. */
int check_ack(const struct dhcp_client *c, const struct dhcp_packet *p,
	struct reject *reject)
{
	uint32_t address = (uint32_t)p->packet.header[DHCP_YIADDR], expected = 0;

	if (c->state == DHCP_STATE_INFORMING)
		return 0;
	if (!packet_find(&p->packet, 0, DHCP_OPTION_LEASE_TIME))
		return reject_set(reject, REJECT_MISSING, "IP Address Lease Time",
			"RFC 2131 Table 3", 0, 0);
	if (c->state == DHCP_STATE_RENEWING || c->state == DHCP_STATE_REBINDING)
		expected = c->lease.address;
	else if (c->state == DHCP_STATE_REBOOTING)
		expected = c->wanted;
	if (address == 0 || (expected && address != expected))
		return reject_set(reject, REJECT_VALUE, "yiaddr", "RFC 2131 Table 3", 16, address);
	return 0;
}

/* The whole addresses of an option, at most DHCP_ADDRESSES_MAX. */
static void copy_addresses(const struct dhcp_packet *p, unsigned code,
	uint32_t out[DHCP_ADDRESSES_MAX])
{
	uint8_t octets[4 * DHCP_ADDRESSES_MAX];
	int size = dhcp_option_copy(p, code, octets, sizeof(octets));
	size_t have = size < 0 ? 0 : (size_t)size < sizeof(octets) ? (size_t)size : sizeof(octets);
	struct reader r = reader_of(VIEW(octets, have));

	for (unsigned i = 0; i < DHCP_ADDRESSES_MAX; i++)
		out[i] = read_u32(&r);
}

static btime after(btime start, uint32_t seconds)
{
	return seconds == UINT32_MAX ? BTIME_NEVER : btime_add(start, seconds * BTIME_S);
}

/* RFC 2131 §4.4.5: T1 is half of the lease and T2 seven eighths, unless the server says another
 * T1 < T2 < lease. */
static void set_times(const struct dhcp_packet *ack, btime requested, struct dhcp_lease *lease)
{
	uint32_t all = dhcp_option_address(ack, DHCP_OPTION_LEASE_TIME);
	uint32_t t1 = dhcp_option_address(ack, DHCP_OPTION_RENEWAL_TIME);
	uint32_t t2 = dhcp_option_address(ack, DHCP_OPTION_REBINDING_TIME);

	lease->seconds = all;
	if (all == UINT32_MAX) {
		t1 = t2 = UINT32_MAX;
	} else {
		if (t2 == 0 || t2 >= all)
			t2 = (uint32_t)((uint64_t)all * 7 / 8);
		if (t1 == 0 || t1 > t2)
			t1 = all / 2 < t2 ? all / 2 : t2;
	}
	lease->renewal_seconds = t1;
	lease->rebinding_seconds = t2;
	lease->renews = after(requested, t1);
	lease->rebinds = after(requested, t2);
	lease->expires = after(requested, all);
}

void lease_of_ack(const struct dhcp_packet *ack, btime requested, btime now,
	struct dhcp_lease *lease)
{
	*lease = (struct dhcp_lease){
		.address = (uint32_t)ack->packet.header[DHCP_YIADDR],
		.mask = dhcp_option_address(ack, DHCP_OPTION_SUBNET_MASK),
		.server = dhcp_option_address(ack, DHCP_OPTION_SERVER_ID),
		.broadcast = dhcp_option_address(ack, DHCP_OPTION_BROADCAST),
		.mtu = (uint16_t)packet_uint(&ack->packet, 0, DHCP_OPTION_MTU, 0),
		.acquired = now,
	};
	copy_addresses(ack, DHCP_OPTION_ROUTER, lease->routers);
	copy_addresses(ack, DHCP_OPTION_DNS, lease->dns);
	if (dhcp_option_copy(ack, DHCP_OPTION_DOMAIN_NAME, lease->domain, DHCP_NAME_MAX) < 0)
		*lease->domain = '\0';
	set_times(ack, requested, lease);
}
