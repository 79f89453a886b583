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

/* It is there: whoever has asked is told. */
static void send_context(struct client *c)
{
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;
	char address[PREFIX_TEXT];

	c->asking = false;
	timer_set(c->patience, BTIME_NEVER);
	if (c->by_ike) {
		client_ike_answer(c, true);
		return;
	}
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
	c->from_pool = false;
}

static void refuse(struct client *c, enum mpa_status status, const char *detail)
{
	if (!c->by_ike) {
		client_status(c, c->address_request, status, detail);
		return;
	}
	log_event(log_of(c), "request_refused", "{s:I,s:s,s:s}", "session", (json_int_t)c->session,
		"status", mpa_status_name(status), "detail", detail);
	client_ike_answer(c, false);
}

static void give_up(struct client *c, enum mpa_status status, const char *detail)
{
	bool asking = c->asking;

	address_end(c, false);
	if (asking)
		refuse(c, status, detail);
}

static void timer_patience_over(void *context)
{
	give_up(context, MPA_TIMED_OUT, "no address was to be had in time");
}

/* --- engines ---------------------------------------------------------------------------------- */

static void dhcp_do(struct client *c, enum dhcp_event_kind kind, uint32_t address);
static void pool_checked(struct client *c, bool is_free);

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
		if (c->dhcp)
			dhcp_do(c, a->event == ACD_REPORT_FREE ? DHCP_EVENT_ADDRESS_FREE :
								 DHCP_EVENT_ADDRESS_IN_USE,
				0);
		else
			pool_checked(c, a->event == ACD_REPORT_FREE);
	}
}

/* `wanted` in host byte order. */
static void check_address(struct client *c, uint32_t wanted)
{
	const struct access_settings *s = c->access->settings;
	struct acd_config config = acd_config_default(c->access->link.mac,
		&c->access->ar->node->random);
	struct acd_event event = { .kind = ACD_EVENT_CHECK, .address = wanted };
	struct prefix address = prefix_ipv4(htonl(wanted), 32);
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
		check_address(c, dhcp_client_lease(c->dhcp)->address);
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

/* --- the pool --------------------------------------------------------------------------------- */

static bool is_taken(const struct client *c, const struct prefix *address)
{
	if (address_equal(address, &c->access->own))
		return true;
	for (const struct client *o = c->access->clients; o; o = o->next)
		if (o != c && address_equal(address, &o->address))
			return true;
	return false;
}

/* The next one that no client has, from a place that chance chose on. False: there is none. */
static bool draw_address(struct client *c, uint32_t *out)
{
	const struct prefix pool = prefix_network(&c->access->settings->pool);
	uint32_t size = 1u << (32 - pool.length), first = ntohl(prefix_u32(&pool));

	for (; c->pool_tries < size; c->pool_tries++) {
		uint32_t address = first + (c->pool_start + c->pool_tries) % size;
		struct prefix p = prefix_ipv4(htonl(address), c->access->own.length);
		/* neither the first nor the last of a subnet is a host's */
		bool host = size <= 2 || (address != first && address != first + size - 1);
		if (host && !is_taken(c, &p)) {
			c->pool_tries++;
			*out = address;
			return true;
		}
	}
	return false;
}

static void take_drawn(struct client *c, uint32_t address)
{
	const struct access *a = c->access;

	c->address = prefix_ipv4(htonl(address), a->own.length);
	c->context = (struct mpa_address_context){ .family = AF_INET,
		.prefix_length = a->own.length,
		.address = endpoint_of(address),
		.router = endpoint_of_prefix(&a->own, 0) };
	memcpy(c->context.router_mac, a->link.mac, 6);
	c->reusable_until = BTIME_NEVER;
	c->from_pool = true;
}

static void draw(struct client *c)
{
	uint32_t address;

	if (!draw_address(c, &address)) {
		give_up(c, MPA_NO_ADDRESS, "the pool has no address left");
		return;
	}
	take_drawn(c, address);
	if (c->access->settings->check_address) {
		check_address(c, address);
		set_timer(c);
	} else {
		send_context(c);
	}
}

static void pool_checked(struct client *c, bool is_free)
{
	if (is_free) {
		send_context(c);
		return;
	}
	c->address = (struct prefix){ 0 };
	draw(c);
}

/* --- requests --------------------------------------------------------------------------------- */

static bool may_be_used_again(const struct client *c)
{
	return c->address.family && !c->asking && loop_now() < c->reusable_until;
}

static void begin_timers(struct client *c)
{
	const struct access_settings *s = c->access->settings;
	btime check = s->probe_wait + 2 * s->probes * s->probe_interval + s->announce_wait;

	if (!c->address_timer) {
		c->address_timer = timer_new(c->access->ar->node->loop, timer_engines_due, c);
		c->patience = timer_new(c->access->ar->node->loop, timer_patience_over, c);
	}
	timer_set(c->patience, loop_now() + s->dhcp.timeout + (s->check_address ? check : 0));
}

static void begin_dhcp(struct client *c, const struct mpa_address_request *request)
{
	uint32_t before = ntohl(prefix_u32(&c->address)); /* the server may have it still */
	char mac[MAC_TEXT];

	address_end(c, false);
	memcpy(c->mac, request->mac, 6);
	c->asking = true;
	begin_timers(c);
	log_event(log_of(c), "dhcp_started", "{s:I,s:s}", "session", (json_int_t)c->session, "mac",
		mac_text(c->mac, mac));
	c->dhcp = make_dhcp(c, request);
	if (!c->dhcp)
		give_up(c, MPA_NO_ADDRESS, "the request cannot be made into one of DHCP");
	else
		dhcp_do(c, DHCP_EVENT_START, before);
}

void address_request_by_ike(struct client *c, const struct mpa_address_request *request, bool known)
{
	bool pool = c->access->settings->pool.family != 0;

	c->by_ike = true;
	c->mac_known = known;
	if (may_be_used_again(c) && pool == c->from_pool) {
		send_context(c);
		return;
	}
	if (!pool) {
		begin_dhcp(c, request);
		return;
	}
	address_end(c, true);
	memcpy(c->mac, request->mac, 6);
	c->asking = true;
	begin_timers(c);
	c->pool_tries = 0;
	c->pool_start = random_u32(&c->access->ar->node->random);
	draw(c);
}

void address_request(struct client *c, const struct mpa_address_request *request)
{
	c->address_request = request->request_id;
	c->by_ike = false;
	c->mac_known = true;
	if (request->family != AF_INET)
		refuse(c, MPA_NO_ADDRESS, "only IPv4 is given out here");
	/* Asked before, and the lease still has half its time: the same again (RFC 6252 C.1). */
	else if (may_be_used_again(c) && !c->from_pool)
		send_context(c);
	else
		begin_dhcp(c, request);
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
