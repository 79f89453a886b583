// SPDX-License-Identifier: Apache-2.0
/*
 * An address for a mobile node that is still elsewhere (RFC 6252 §7.3.1): the DHCP client beside
 * the agent acquires it with the node's own hardware address and client identifier, looks that
 * nobody has it (RFC 5227; RFC 6252 Appendix A), and the agent hands it over.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "ref/ar/access_inside.h"
#include "ref/dhcp/dhcp_frame.h"
#include "ref/host/carry.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define ETHERTYPE_OF_IPV4 0x0800
#define CHADDR_OFFSET 28
#define DATAGRAM_MAX 1500

static struct log *log_of(const struct client *c)
{
	return c->access->ar->node->log;
}

/* --- handing over ----------------------------------------------------------------------------- */

static struct endpoint endpoint_of(uint32_t address)
{
	struct prefix p = prefix_ipv4(htonl(address), 32);

	return address ? endpoint_of_prefix(&p, 0) : (struct endpoint){ 0 };
}

static uint8_t length_of(uint32_t mask)
{
	uint8_t length = 0;

	for (; mask & 0x80000000u; mask <<= 1)
		length++;
	return length;
}

static void send_context(struct client *c)
{
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;
	char address[PREFIX_TEXT];

	c->asking = false;
	timer_set(c->patience, BTIME_NEVER);
	c->context.request_id = c->address_request;
	element = mpa_encode_address_context(&c->context, storage);
	log_event(log_of(c), "address_context_sent", "{s:I,s:s}", "session", (json_int_t)c->session,
		"address", prefix_text(&c->address, address));
	agent_notify(c->access->ar, c->session, &element, 1);
}

static void take_lease(struct client *c, const struct dhcp_lease *lease)
{
	struct access *a = c->access;
	uint8_t length = lease->mask ? length_of(lease->mask) : a->own.length;

	c->address = prefix_ipv4(htonl(lease->address), length);
	c->context = (struct mpa_address_context){ .family = AF_INET,
		.prefix_length = length,
		.address = endpoint_of(lease->address),
		.router = lease->routers[0] ? endpoint_of(lease->routers[0]) :
					      endpoint_of_prefix(&a->own, 0),
		.dns = endpoint_of(lease->dns[0]),
		.dhcp_server = endpoint_of(lease->server),
		.lease = lease->seconds };
	memcpy(c->context.router_mac, a->link.mac, 6);
	c->reusable_until = btime_add(loop_now(), (btime)lease->seconds * BTIME_S / 2);
}

static void give_up(struct client *c, enum mpa_status status, const char *detail)
{
	uint16_t id = c->address_request;
	bool asking = c->asking;

	address_end(c, false);
	if (asking)
		client_status(c, id, status, detail);
}

static void timer_patience_over(void *context)
{
	give_up(context, MPA_TIMED_OUT, "no address was to be had in time");
}

/* --- engines ---------------------------------------------------------------------------------- */

static void dhcp_do(struct client *c, enum dhcp_event_kind kind, uint32_t address);

static void set_timer(struct client *c)
{
	btime due = c->dhcp ? dhcp_client_due(c->dhcp) : BTIME_NEVER;

	timer_set(c->address_timer, c->checking ? btime_min(due, acd_due(&c->acd)) : due);
}

static void send_frame(struct client *c, struct view message, const struct endpoint *local,
	const struct endpoint *peer)
{
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t buffer[DATAGRAM_MAX + DHCP_FRAME_OVERHEAD];
	struct writer w = writer_of(buffer, sizeof(buffer));

	dhcp_frame_encode(c->access->link.mac, everybody, local, peer, message, &w);
	if (!w.failed)
		frames_send(c->access->dhcp, writer_view(&w));
}

static void acd_carry(struct client *c, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_SEND) {
			frames_send(c->access->arp, a->data);
			continue;
		}
		c->checking = false;
		log_event(log_of(c), "dad_done", "{s:I,s:b}", "session", (json_int_t)c->session,
			"free", a->event == ACD_REPORT_FREE);
		dhcp_do(c, a->event == ACD_REPORT_FREE ? DHCP_EVENT_ADDRESS_FREE :
							 DHCP_EVENT_ADDRESS_IN_USE,
			0);
	}
}

static void check_address(struct client *c)
{
	const struct access_settings *s = c->access->settings;
	const struct dhcp_lease *lease = dhcp_client_lease(c->dhcp);
	struct acd_config config = acd_config_default(c->access->link.mac,
		&c->access->ar->node->random);
	struct acd_event event = { .kind = ACD_EVENT_CHECK, .address = lease->address };
	struct prefix address = prefix_ipv4(htonl(lease->address), 32);
	struct actions actions;
	char text[PREFIX_TEXT];

	config.probe_wait = s->probe_wait;
	config.probe_num = s->probes;
	config.probe_min = s->probe_interval;
	config.probe_max = 2 * s->probe_interval;
	config.announce_wait = s->announce_wait;
	acd_init(&c->acd, &config);
	c->checking = true;
	log_event(log_of(c), "dad_started", "{s:I,s:s}", "session", (json_int_t)c->session,
		"address", address_text(&address, text));
	actions_clear(&actions);
	acd_event(&c->acd, &event, loop_now(), &actions);
	acd_carry(c, &actions);
}

static void dhcp_reported(struct client *c, const struct action *a)
{
	switch ((enum dhcp_report)a->event) {
	case DHCP_REPORT_CHECK:
		check_address(c);
		break;
	case DHCP_REPORT_BOUND:
		take_lease(c, dhcp_client_lease(c->dhcp));
		log_event(log_of(c), "dhcp_bound", "{s:I,s:i}", "session", (json_int_t)c->session,
			"lease_s", (int)c->context.lease);
		send_context(c);
		break;
	case DHCP_REPORT_FAILED:
		give_up(c, MPA_NO_ADDRESS, "the DHCP server does not answer");
		break;
	case DHCP_REPORT_EXPIRED:
	case DHCP_REPORT_NAK:
		log_event(log_of(c), a->name, "{s:I}", "session", (json_int_t)c->session);
		break;
	case DHCP_REPORT_REJECTED:
		log_reject(c->access->ar->node->log, "dhcp_rejected", NULL, &a->reject);
		break;
	case DHCP_REPORT_RENEWED:
	case DHCP_REPORT_INFORMED:
	case DHCP_REPORT_DECLINED:
	case DHCP_REPORT_RELEASED:
		log_event(log_of(c), a->name, "{s:I}", "session", (json_int_t)c->session);
		break;
	}
}

static void dhcp_carry(struct client *c, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_REPORT)
			dhcp_reported(c, a);
		else if (c->access->relay)
			udp_send(c->access->relay, &a->local, &a->peer, a->data);
		else
			send_frame(c, a->data, &a->local, &a->peer);
		if (!c->dhcp) /* given up meanwhile */
			return;
	}
	set_timer(c);
}

static void dhcp_do(struct client *c, enum dhcp_event_kind kind, uint32_t address)
{
	struct dhcp_event event = { .kind = kind, .address = address };
	struct actions actions;

	if (!c->dhcp)
		return;
	actions_clear(&actions);
	dhcp_client_event(c->dhcp, &event, loop_now(), &actions);
	dhcp_carry(c, &actions);
}

static void timer_engines_due(void *context)
{
	struct client *c = context;
	struct actions actions;

	if (c->checking && acd_due(&c->acd) <= loop_now()) {
		actions_clear(&actions);
		acd_tick(&c->acd, loop_now(), &actions);
		acd_carry(c, &actions);
	}
	if (c->dhcp && dhcp_client_due(c->dhcp) <= loop_now()) {
		actions_clear(&actions);
		dhcp_client_tick(c->dhcp, loop_now(), &actions);
		dhcp_carry(c, &actions);
	}
	set_timer(c);
}

void address_arp(struct client *c, struct view frame)
{
	struct actions actions;

	if (!c->checking)
		return;
	actions_clear(&actions);
	acd_input(&c->acd, frame, loop_now(), &actions);
	acd_carry(c, &actions);
	set_timer(c);
}

/* --- requests --------------------------------------------------------------------------------- */

static struct dhcp_client *make_dhcp(struct client *c, const struct mpa_address_request *request)
{
	const struct access *a = c->access;
	struct dhcp_client_config config = { .broadcast = true,
		.client_id_size = request->client_id.size,
		.lease_seconds = a->settings->dhcp.lease,
		.check_address = a->settings->check_address,
		.start_delay_max = -1, /* one client asks for one node: nothing to spread out */
		.random = &a->ar->node->random };

	memcpy(config.hardware, request->mac, 6);
	memcpy(config.client_id, request->client_id.data, request->client_id.size);
	if (a->relay) {
		config.relay = endpoint_of_prefix(&a->own, DHCP_SERVER_PORT);
		config.server = a->settings->dhcp.server;
	}
	return dhcp_client_new(&config);
}

void address_request(struct client *c, const struct mpa_address_request *request)
{
	struct node *node = c->access->ar->node;
	uint32_t before; /* the server may have it still */
	char mac[MAC_TEXT];

	c->address_request = request->request_id;
	if (request->family != AF_INET) {
		client_status(c, request->request_id, MPA_NO_ADDRESS, "only IPv4 is given out here");
		return;
	}
	/* Asked before, and the lease still has half its time: the same again (RFC 6252 C.1). */
	if (c->address.family && loop_now() < c->reusable_until) {
		send_context(c);
		return;
	}
	if (!c->address_timer) {
		c->address_timer = timer_new(node->loop, timer_engines_due, c);
		c->patience = timer_new(node->loop, timer_patience_over, c);
	}
	before = ntohl(prefix_u32(&c->address));
	address_end(c, false);
	memcpy(c->mac, request->mac, 6);
	c->asking = true;
	timer_set(c->patience, loop_now() + c->access->settings->dhcp.timeout +
			(c->access->settings->check_address ?
					c->access->settings->probe_wait +
						2 * c->access->settings->probes *
							c->access->settings->probe_interval +
						c->access->settings->announce_wait :
					0));
	log_event(node->log, "dhcp_started", "{s:I,s:s}", "session", (json_int_t)c->session, "mac",
		mac_text(c->mac, mac));
	c->dhcp = make_dhcp(c, request);
	if (!c->dhcp)
		give_up(c, MPA_NO_ADDRESS, "the request cannot be made into one of DHCP");
	else
		dhcp_do(c, DHCP_EVENT_START, before);
}

void address_release(struct client *c, const struct mpa_address_release *release)
{
	uint16_t id = release->request_id;
	struct prefix named = prefix_of_endpoint(&release->address);

	if (!c->address.family || !address_equal(&named, &c->address)) {
		client_status(c, id, MPA_REFUSED, "that address is not yours");
		return;
	}
	client_status(c, id, MPA_DONE, NULL);
	client_free(c);
}

void address_end(struct client *c, bool give_back)
{
	struct dhcp_client *dhcp = c->dhcp;

	if (!dhcp)
		return;
	if (give_back)
		dhcp_do(c, DHCP_EVENT_RELEASE, 0);
	c->dhcp = NULL;
	c->checking = c->asking = false;
	dhcp_client_free(dhcp);
	timer_set(c->address_timer, BTIME_NEVER);
	timer_set(c->patience, BTIME_NEVER);
}

/* --- sockets ---------------------------------------------------------------------------------- */

/* Whose message it is: the one whose hardware address it names. */
static void take_message(struct access *a, struct view message)
{
	struct reader r = reader_of(message);
	struct actions actions;
	uint8_t mac[6];

	read_view(&r, CHADDR_OFFSET);
	read_bytes(&r, mac, sizeof(mac));
	for (struct client *c = a->clients; c && !r.failed; c = c->next) {
		if (!c->dhcp || memcmp(mac, c->mac, 6) != 0)
			continue;
		actions_clear(&actions);
		dhcp_client_input(c->dhcp, message, loop_now(), &actions);
		dhcp_carry(c, &actions);
		return;
	}
}

static void take_datagram(void *context, const struct udp_datagram *d)
{
	take_message(context, d->data);
}

static void take_frame(void *context, const struct frame *frame)
{
	struct endpoint peer;
	struct view message;

	if (frame->outgoing || dhcp_frame_decode(frame->data, DHCP_CLIENT_PORT,
				       frame->checksums_set, &message, &peer, NULL) < 0)
		return;
	take_message(context, message);
}

int address_open(struct access *a)
{
	struct loop *loop = a->ar->node->loop;
	struct endpoint relay = endpoint_of_prefix(&a->own, DHCP_SERVER_PORT);

	if (a->settings->dhcp.server.family)
		a->relay = udp_open(loop, &relay, NULL, take_datagram, a);
	else
		a->dhcp = frames_open(loop, a->settings->device, ETHERTYPE_OF_IPV4,
			DHCP_CLIENT_PORT, take_frame, a);
	if (!a->relay && !a->dhcp) {
		log_error(a->ar->node->log, "DHCP on %s: %s", a->settings->device, strerror(errno));
		return -1;
	}
	return 0;
}

void address_close(struct access *a)
{
	udp_close(a->relay);
	frames_close(a->dhcp);
}
