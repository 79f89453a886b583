// SPDX-License-Identifier: Apache-2.0
/*
 * What a client puts into its messages (RFC 2131 §4.4.1, Table 5) and where it sends them:
 *
 *                  ciaddr     option 50   option 54   to
 *     DISCOVER     0          may         -           broadcast
 *     REQUEST
 *      selecting   0          must        must        broadcast
 *      rebooting   0          must        -           broadcast
 *      renewing    address    -           -           the lease's server
 *      rebinding   address    -           -           broadcast
 *     DECLINE      0          must        must        broadcast
 *     RELEASE      address    -           must        the lease's server
 *     INFORM       address    -           -           broadcast
 */
#include <arpa/inet.h>

#include "ref/dhcp/dhcp_client_inside.h"

/* Values of options live as long as the message is being built. */
struct draft {
	struct dhcp_packet packet;
	uint8_t room[64];
	size_t used;
};

static struct draft draft_of(const struct dhcp_client *c, enum dhcp_message_type type)
{
	const struct dhcp_client_config *config = &c->config;
	struct draft d = { .packet = dhcp_packet_of(type) };
	uint64_t *header = d.packet.packet.header;

	header[DHCP_HTYPE] = config->hardware_type;
	header[DHCP_HLEN] = config->hardware_size;
	header[DHCP_XID] = c->xid;
	memcpy(d.packet.chaddr, config->hardware, sizeof(d.packet.chaddr));
	if (config->relay.family == AF_INET) {
		struct reader r = reader_of(VIEW(config->relay.address, 4));
		header[DHCP_GIADDR] = read_u32(&r);
		header[DHCP_HOPS] = 1;
	}
	return d;
}

static void add_number(struct draft *d, unsigned code, uint64_t value, unsigned width)
{
	struct writer w = writer_of(d->room + d->used, sizeof(d->room) - d->used);

	write_uint(&w, value, width);
	dhcp_add(&d->packet, code, writer_view(&w));
	d->used += width;
}

static void add_client_id(const struct dhcp_client *c, struct draft *d)
{
	if (c->config.client_id_size)
		dhcp_add(&d->packet, DHCP_OPTION_CLIENT_ID,
			VIEW(c->config.client_id, c->config.client_id_size));
}

/* Options of DISCOVER, REQUEST and INFORM that say what the client would like. */
static void add_wishes(const struct dhcp_client *c, struct draft *d, bool lease)
{
	static const uint8_t usual[] = { DHCP_OPTION_SUBNET_MASK, DHCP_OPTION_ROUTER,
		DHCP_OPTION_DNS, DHCP_OPTION_DOMAIN_NAME, DHCP_OPTION_MTU, DHCP_OPTION_BROADCAST };
	const struct dhcp_client_config *config = &c->config;

	add_client_id(c, d);
	if (lease && config->lease_seconds)
		add_number(d, DHCP_OPTION_LEASE_TIME, config->lease_seconds, 4);
	add_number(d, DHCP_OPTION_MAX_SIZE, DHCP_MESSAGE_MAX + 28, 2); /* with IP and UDP */
	if (*config->host_name)
		dhcp_add(&d->packet, DHCP_OPTION_HOST_NAME, view_text(config->host_name));
	dhcp_add(&d->packet, DHCP_OPTION_PARAMETERS,
		config->parameter_count ? VIEW(config->parameters, config->parameter_count) :
					  VIEW_OF(usual));
}

static struct endpoint endpoint_of(uint32_t address, uint16_t port)
{
	struct endpoint e = { .family = AF_INET, .port = htons(port) };
	struct writer w = writer_of(e.address, 4);
	write_u32(&w, address);
	return e;
}

/* `from`, `to`: the client's and the server's address when they may be used, else 0. */
static void post(struct dhcp_client *c, struct draft *d, uint32_t from, uint32_t to)
{
	const struct dhcp_client_config *config = &c->config;
	struct endpoint local = endpoint_of(from, DHCP_CLIENT_PORT);
	struct endpoint peer = endpoint_of(to ? to : UINT32_MAX, DHCP_SERVER_PORT);
	uint8_t room[DHCP_MESSAGE_MAX];
	struct writer w = writer_of(room, sizeof(room));

	if (config->relay.family == AF_INET) {
		local = config->relay;
		local.port = htons(DHCP_SERVER_PORT);
	} else if (config->local.family == AF_INET && !from) {
		local = config->local;
		local.port = htons(DHCP_CLIENT_PORT);
	}
	if (config->server.family == AF_INET && !to) {
		peer = config->server;
		peer.port = config->server.port ? config->server.port : htons(DHCP_SERVER_PORT);
	}
	dhcp_encode(&d->packet, &w);
	actions_send(c->actions, &local, &peer, writer_view(&w));
}

static void set_flags(const struct dhcp_client *c, struct draft *d)
{
	if (c->config.broadcast)
		d->packet.packet.header[DHCP_FLAGS] = DHCP_FLAG_BROADCAST;
}

void send_discover_message(struct dhcp_client *c)
{
	struct draft d = draft_of(c, DHCP_DISCOVER);
	btime seconds = (c->now - c->started) / BTIME_S;

	c->secs = (uint16_t)(seconds < UINT16_MAX ? seconds : UINT16_MAX);
	d.packet.packet.header[DHCP_SECS] = c->secs;
	set_flags(c, &d);
	if (c->wanted)
		add_number(&d, DHCP_OPTION_REQUESTED_ADDRESS, c->wanted, 4);
	add_wishes(c, &d, true);
	post(c, &d, 0, 0);
}

void send_request_message(struct dhcp_client *c)
{
	struct draft d = draft_of(c, DHCP_REQUEST);
	bool selecting = c->state == DHCP_STATE_REQUESTING;
	bool rebooting = c->state == DHCP_STATE_REBOOTING;
	uint32_t address = c->lease.address;

	if (c->tries == 0)
		c->requested = c->now;
	if (selecting || rebooting) {
		set_flags(c, &d);
		add_number(&d, DHCP_OPTION_REQUESTED_ADDRESS,
			selecting ? c->offer.address : c->wanted, 4);
		address = 0;
	} else {
		d.packet.packet.header[DHCP_CIADDR] = address;
	}
	if (selecting) {
		d.packet.packet.header[DHCP_SECS] = c->secs;
		add_number(&d, DHCP_OPTION_SERVER_ID, c->offer.server, 4);
	}
	add_wishes(c, &d, true);
	post(c, &d, address, c->state == DHCP_STATE_RENEWING ? c->lease.server : 0);
}

void send_decline_message(struct dhcp_client *c)
{
	static const char why[] = "address in use";
	struct draft d = draft_of(c, DHCP_DECLINE);

	add_number(&d, DHCP_OPTION_REQUESTED_ADDRESS, c->lease.address, 4);
	add_number(&d, DHCP_OPTION_SERVER_ID, c->lease.server, 4);
	dhcp_add(&d.packet, DHCP_OPTION_MESSAGE, VIEW(why, sizeof(why) - 1));
	add_client_id(c, &d);
	post(c, &d, 0, 0);
}

void send_release_message(struct dhcp_client *c)
{
	struct draft d = draft_of(c, DHCP_RELEASE);

	d.packet.packet.header[DHCP_CIADDR] = c->lease.address;
	add_number(&d, DHCP_OPTION_SERVER_ID, c->lease.server, 4);
	add_client_id(c, &d);
	post(c, &d, c->lease.address, c->lease.server);
}

void send_inform_message(struct dhcp_client *c)
{
	struct draft d = draft_of(c, DHCP_INFORM);

	d.packet.packet.header[DHCP_CIADDR] = c->wanted;
	add_wishes(c, &d, false);
	post(c, &d, c->wanted, 0);
}
