// SPDX-License-Identifier: Apache-2.0
/*
 * Messages and time-outs of a server: an access point with an EAP server of its own, or a proxy.
 * A connection is bound to one station once it has sent OPEN; dxi_store.c keeps them. Each public
 * function that changes what a connection waits for ends with schedule().
 */
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/dot1x/dxi_inside.h"

#define OPEN_TIME (5 * BTIME_S)
#define PROBE_TIME (5 * BTIME_S)
#define SILENCE_TIME (10 * BTIME_S)
#define KEEP_ALIVE 30

static void disconnect(struct dxi_server *s, struct dxi_connection *c, enum dxi_error error,
	struct actions *actions);

struct dxi_server *dxi_server_new(const struct dxi_server_config *config)
{
	struct dxi_server *s = dxi_alloc(sizeof(*s));
	s->config = *config;
	if (!s->config.keep_alive)
		s->config.keep_alive = KEEP_ALIVE;
	if (!s->config.connections_max || s->config.connections_max > DXI_CONNECTIONS_MAX)
		s->config.connections_max = DXI_CONNECTIONS_MAX;
	return s;
}

void dxi_server_free(struct dxi_server *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < DXI_BUCKETS; i++)
		while (s->of_address[i])
			dxi_server_closed(s, s->of_address[i]);
	free(s->heap);
	free(s);
}

/* --- when a connection is due ----------------------------------------------------------------- */

/* DXI §5.2: a station that has said nothing for its Keep-Alive time is asked. */
static btime probe_due(const struct dxi_connection *c)
{
	if (c->probed != BTIME_NEVER)
		return btime_add(c->probed, PROBE_TIME);
	return btime_add(c->heard, c->keep_alive * BTIME_S);
}

static void schedule(struct dxi_server *s, struct dxi_connection *c)
{
	btime due = c->station ? probe_due(c) : btime_add(c->made, OPEN_TIME);

	if (MUTANT(dxi_never_asks) && c->station)
		due = BTIME_NEVER;
	if (MUTANT(dxi_waits_for_open_for_ever) && !c->station)
		due = BTIME_NEVER;
	for (unsigned i = 0; i < DXI_PORTS_MAX; i++)
		if (c->ports[i].used)
			due = btime_min(due, btime_add(c->ports[i].silent_since, SILENCE_TIME));
	dxi_store_set_due(s, c, c->closing ? BTIME_NEVER : due);
}

btime dxi_server_due(const struct dxi_server *s)
{
	const struct dxi_connection *c = dxi_store_first(s);
	return c ? c->due : BTIME_NEVER;
}

/* --- connections ------------------------------------------------------------------------------ */

/* DXI §6: the unopened connection that is the oldest makes room. */
static bool make_room(struct dxi_server *s, struct actions *actions)
{
	struct dxi_connection *c = dxi_store_oldest(s);

	if (s->count < s->config.connections_max)
		return true;
	if (!c)
		return false;
	s->counters.evicted++;
	disconnect(s, c, DXI_ERROR_LIMIT, actions);
	schedule(s, c);
	return true;
}

struct dxi_connection *dxi_server_accept(struct dxi_server *s, const struct endpoint *peer,
	btime now, struct actions *actions)
{
	if (dxi_store_of_address(s, peer) >= DXI_PER_ADDRESS && !MUTANT(dxi_no_limit_per_address)) {
		s->counters.refused_address++;
		return NULL;
	}
	if (!make_room(s, actions)) {
		s->counters.refused_total++;
		return NULL;
	}
	struct dxi_connection *c = dxi_alloc(sizeof(*c));
	c->peer = *peer;
	c->made = c->heard = now;
	c->probed = BTIME_NEVER;
	c->stream.limit = MUTANT(dxi_long_before_open) ? DXI_MESSAGE_MAX : DXI_UNOPENED_MAX;
	dxi_store_add(s, c);
	s->counters.accepted++;
	schedule(s, c);
	return c;
}

void dxi_server_closed(struct dxi_server *s, struct dxi_connection *c)
{
	dxi_store_remove(s, c);
	for (unsigned i = 0; i < DXI_PORTS_MAX; i++)
		eap_destroy(c->ports[i].eap);
	wipe(c, sizeof(*c));
	free(c);
}

void dxi_connection_set_owner(struct dxi_connection *c, void *owner)
{
	c->owner = owner;
}

void *dxi_connection_owner(const struct dxi_connection *c)
{
	return c->owner;
}

const struct dxi_counters *dxi_server_counters(const struct dxi_server *s)
{
	return &s->counters;
}

unsigned dxi_server_connections(const struct dxi_server *s)
{
	return s->count;
}

void dxi_server_each_port(const struct dxi_server *s,
	void (*each)(void *context, const struct endpoint *peer, const struct dxi_port *port),
	void *context)
{
	for (unsigned b = 0; b < DXI_BUCKETS; b++)
		for (const struct dxi_connection *c = s->of_address[b]; c; c = c->next_of_address)
			for (unsigned i = 0; i < DXI_PORTS_MAX; i++)
				if (c->ports[i].used)
					each(context, &c->peer, &c->ports[i]);
}

/* --- sending ---------------------------------------------------------------------------------- */

struct outgoing {
	enum dxi_type type;
	uint64_t station, bssid;
	struct view pdu;
	enum dxi_error error;
	uint16_t keep_alive;
};

static void send_message(struct dxi_connection *c, const struct outgoing *m,
	struct actions *actions)
{
	struct packet p = packet_of(&dxi_protocol);
	uint8_t error[2] = { 0, (uint8_t)m->error };
	uint8_t seconds[2] = { (uint8_t)(m->keep_alive >> 8), (uint8_t)m->keep_alive };
	uint8_t *room = actions_room(actions, m->pdu.size + 64);
	struct writer w = writer_of(room, room ? m->pdu.size + 64 : 0);

	p.header[DXI_VERSION_FIELD] = DXI_VERSION;
	p.header[DXI_TYPE] = m->type;
	p.header[DXI_STATION] = m->station;
	p.header[DXI_BSSID] = m->bssid;
	if (m->pdu.size)
		packet_add(&p, 0, DXI_EAPOL, m->pdu);
	if (m->error)
		packet_add(&p, 0, DXI_ERROR, VIEW_OF(error));
	if (m->keep_alive)
		packet_add(&p, 0, DXI_KEEP_ALIVE, VIEW_OF(seconds));
	wire_encode(&p, &w);
	if (!w.failed)
		actions_report(actions, c, DXI_SERVER_SEND, "dxi_send", writer_view(&w));
}

static void disconnect(struct dxi_server *s, struct dxi_connection *c, enum dxi_error error,
	struct actions *actions)
{
	if (c->closing)
		return;
	c->closing = true;
	s->counters.refused[error]++;
	if (MUTANT(dxi_no_error_in_close))
		error = DXI_ERROR_NONE;
	send_message(c, &(struct outgoing){ .type = DXI_CLOSE, .error = error }, actions);
	actions_report(actions, c, DXI_SERVER_DISCONNECT, "dxi_disconnect", VIEW_EMPTY);
}

static void refuse(struct dxi_server *s, struct dxi_connection *c, uint64_t station,
	uint64_t bssid, enum dxi_error error, struct actions *actions)
{
	s->counters.refused[error]++;
	send_message(c,
		&(struct outgoing){ .type = DXI_REFUSED, .station = station, .bssid = bssid,
			.error = error },
		actions);
}

static void send_frame(struct dxi_server *s, struct dxi_connection *c, const struct dxi_port *port,
	struct view pdu, struct actions *actions)
{
	s->counters.frames_out++;
	send_message(c,
		&(struct outgoing){ .type = DXI_FRAME, .station = port->station,
			.bssid = port->bssid, .pdu = pdu },
		actions);
}

/* DXI §6: a peer that does not read is not read from, and in the end is let go. */
void dxi_server_queued(struct dxi_server *s, struct dxi_connection *c, size_t queued,
	struct actions *actions)
{
	if (queued > DXI_QUEUE_MAX) {
		disconnect(s, c, DXI_ERROR_LIMIT, actions);
		schedule(s, c);
	} else if (queued > DXI_QUEUE_MAX / 2 && !c->paused) {
		c->paused = true;
		actions_report(actions, c, DXI_SERVER_PAUSE, "dxi_pause", VIEW_EMPTY);
	} else if (queued <= DXI_QUEUE_MAX / 2 && c->paused) {
		c->paused = false;
		actions_report(actions, c, DXI_SERVER_RESUME, "dxi_resume", VIEW_EMPTY);
	}
}

/* --- an access point's own authenticator ------------------------------------------------------ */

static void after_eap(struct dxi_server *s, struct dxi_connection *c, struct dxi_port *port,
	btime now, struct actions *actions)
{
	struct eap_end *eap = port->eap;
	uint8_t pdu[EAPOL_PDU_MAX];
	struct writer w = writer_of(pdu, sizeof(pdu));

	port->silent_since = eap->status == EAP_OUTPUT && !MUTANT(dxi_waits_for_ever) ? now :
											BTIME_NEVER;
	if (eap->output.size && eap->status != EAP_WAITING) {
		eapol_encode(EAPOL_EAP, eap->output, &w);
		if (!w.failed)
			send_frame(s, c, port, writer_view(&w), actions);
	}
	if (eap->status == EAP_SUCCESS && eap->has_key) {
		memcpy(port->pmk, eap->msk, sizeof(port->pmk));
		port->authenticated = true;
		actions_report(actions, port, DXI_SERVER_AUTHENTICATED, "dxi_authenticated",
			VIEW_EMPTY);
	} else if (eap->status == EAP_SUCCESS || eap->status == EAP_FAILURE) {
		actions_report(actions, port, DXI_SERVER_FAILED, "dxi_failed", VIEW_EMPTY);
	}
}

static void authenticate(struct dxi_server *s, struct dxi_connection *c, struct dxi_port *port,
	const struct eapol *eapol, btime now, struct reject *why, struct actions *actions)
{
	if (eapol->type == EAPOL_START && !(MUTANT(dxi_starts_once) && port->eap)) {
		port->authenticated = false;
		eap_destroy(port->eap);
		port->eap = s->config.eap_new(s->config.context, port);
		if (!port->eap) {
			refuse(s, c, port->station, port->bssid, DXI_ERROR_LIMIT, actions);
			return;
		}
		port->eap->ops->start(port->eap);
		after_eap(s, c, port, now, actions);
		return;
	}
	if (eapol->type != EAPOL_EAP || !port->eap || port->eap->status == EAP_SUCCESS ||
		port->eap->status == EAP_FAILURE) {
		reject_set(why, REJECT_STATE, "Packet Type", "DXI §5", 1, eapol->type);
		return;
	}
	/* A packet that ends the conversation has a reason too. */
	if (port->eap->ops->input(port->eap, eapol->body, why) == EAP_FAILURE ||
		why->reason == REJECT_NONE)
		after_eap(s, c, port, now, actions);
}

/* --- a proxy's LAN ---------------------------------------------------------------------------- */

static void send_to_lan(struct dxi_port *port, struct view pdu, btime now, struct actions *actions)
{
	struct eapol_frame frame = { .ethertype = EAPOL_PREAUTH_ETHERTYPE, .pdu = pdu };
	uint8_t *room = actions_room(actions, pdu.size + 14);
	struct writer w = writer_of(room, room ? pdu.size + 14 : 0);

	/* DXI §5.4: the station's own address, so the access point runs unchanged. */
	dxi_mac_octets(port->bssid, frame.destination);
	dxi_mac_octets(MUTANT(dxi_own_address) ? port->bssid : port->station, frame.source);
	eapol_frame_encode(&frame, &w);
	if (!w.failed)
		actions_report(actions, port, DXI_SERVER_LAN_SEND, "dxi_lan_send",
			writer_view(&w));
	if (port->silent_since == BTIME_NEVER && !MUTANT(dxi_never_unreachable))
		port->silent_since = now;
}

static struct dxi_port *find_port(struct dxi_connection *c, uint64_t bssid)
{
	for (unsigned i = 0; i < DXI_PORTS_MAX; i++)
		if (c->ports[i].used && c->ports[i].bssid == bssid)
			return &c->ports[i];
	return NULL;
}

/* DXI §5.4: what the access point says to stations on its own LAN is none of ours. */
static int check_ethertype(const struct eapol_frame *frame, struct reject *why)
{
	if (frame->ethertype == EAPOL_PREAUTH_ETHERTYPE)
		return 0;
	return reject_set(why, REJECT_TYPE, "EtherType", "DXI §5", 12, frame->ethertype);
}

void dxi_server_lan_input(struct dxi_server *s, struct view octets, btime now,
	struct actions *actions)
{
	struct eapol_frame frame;
	struct eapol eapol;
	struct reject why = { 0 };
	(void)now;

	if (eapol_frame_decode(octets, &frame, &why) < 0 ||
		check_ethertype(&frame, &why) < 0 || eapol_decode(frame.pdu, &eapol, &why) < 0) {
		s->counters.rejected[why.reason]++;
		return;
	}
	uint64_t station = dxi_mac(frame.destination), bssid = dxi_mac(frame.source);
	struct dxi_connection *c = dxi_store_holder(s, station);
	struct dxi_port *port = c ? find_port(c, bssid) : NULL;
	if (c && !port && MUTANT(dxi_any_access_point))
		port = &c->ports[0];
	if (!port)
		return;
	port->silent_since = BTIME_NEVER;
	schedule(s, c);
	if (eapol.type == EAPOL_KEY) {
		s->counters.keys_dropped++;
		return;
	}
	/* What Ethernet padded is not passed on. */
	send_frame(s, c, port, VIEW(frame.pdu.data, EAPOL_HEADER_SIZE + eapol.body.size), actions);
}

/* --- messages --------------------------------------------------------------------------------- */

static bool serves(const struct dxi_server *s, uint64_t bssid)
{
	for (unsigned i = 0; i < s->config.bssid_count; i++)
		if (s->config.bssids[i] == bssid)
			return true;
	return false;
}

static enum dxi_error bind_station(struct dxi_server *s, struct dxi_connection *c,
	const struct packet *p, struct dxi_port **port)
{
	uint64_t station = p->header[DXI_STATION], bssid = p->header[DXI_BSSID];
	struct dxi_connection *holder = dxi_store_holder(s, station);

	if (!serves(s, bssid) && !MUTANT(dxi_serves_anybody))
		return DXI_ERROR_UNKNOWN_BSSID;
	/* DXI §5.2: a second station cannot take over a conversation. */
	if (holder && holder != c && !MUTANT(dxi_station_taken_over))
		return DXI_ERROR_BUSY;
	*port = find_port(c, bssid);
	for (unsigned i = 0; !*port && i < DXI_PORTS_MAX; i++)
		if (!c->ports[i].used)
			*port = &c->ports[i];
	if (!*port)
		return DXI_ERROR_LIMIT;
	eap_destroy((*port)->eap);
	**port = (struct dxi_port){ .used = true, .bssid = bssid, .station = station,
		.silent_since = BTIME_NEVER };
	if (!c->station)
		dxi_store_bind(s, c, station);
	return DXI_ERROR_NONE;
}

static void handle_open(struct dxi_server *s, struct dxi_connection *c, const struct packet *p,
	struct actions *actions)
{
	struct dxi_port *port = NULL;
	enum dxi_error error = bind_station(s, c, p, &port);

	if (error != DXI_ERROR_NONE) {
		refuse(s, c, p->header[DXI_STATION], p->header[DXI_BSSID], error, actions);
		return;
	}
	c->keep_alive = (uint16_t)packet_uint(p, 0, DXI_KEEP_ALIVE, s->config.keep_alive);
	c->stream.limit = DXI_MESSAGE_MAX;
	s->counters.opened++;
	actions_report(actions, c, DXI_SERVER_OPENED, "dxi_opened", VIEW_EMPTY);
	send_message(c,
		&(struct outgoing){ .type = DXI_OPENED, .station = port->station,
			.bssid = MUTANT(dxi_opened_for_another) ? port->bssid + 1 : port->bssid,
			.keep_alive = s->config.keep_alive },
		actions);
}

static void handle_frame(struct dxi_server *s, struct dxi_connection *c, const struct packet *p,
	btime now, struct reject *why, struct actions *actions)
{
	struct dxi_port *port = find_port(c, p->header[DXI_BSSID]);
	struct view pdu = packet_find(p, 0, DXI_EAPOL)->value;
	struct eapol eapol;

	if (!port && MUTANT(dxi_silent_when_not_open))
		return;
	if (!port) {
		refuse(s, c, p->header[DXI_STATION], p->header[DXI_BSSID], DXI_ERROR_NOT_OPEN,
			actions);
		reject_set(why, REJECT_STATE, "BSSID", "DXI §5", 10, p->header[DXI_BSSID]);
		return;
	}
	if (eapol_decode(pdu, &eapol, why) < 0)
		return;
	if (eapol.type == EAPOL_KEY && !MUTANT(dxi_carries_keys)) {
		s->counters.keys_dropped++;
		return;
	}
	s->counters.frames_in++;
	/* DXI §3.5: octets behind the body are not passed on. */
	if (!MUTANT(dxi_passes_padding))
		pdu.size = EAPOL_HEADER_SIZE + eapol.body.size;
	if (s->config.proxy)
		send_to_lan(port, pdu, now, actions);
	else
		authenticate(s, c, port, &eapol, now, why, actions);
}

static void handle(struct dxi_server *s, struct dxi_connection *c, const struct packet *p,
	btime now, struct reject *why, struct actions *actions)
{
	enum dxi_type type = (enum dxi_type)p->header[DXI_TYPE];
	bool names_station = type == DXI_OPEN || type == DXI_FRAME;

	/* DXI §5.2: a connection speaks for one station only. */
	if (names_station && c->station && p->header[DXI_STATION] != c->station &&
		!MUTANT(dxi_any_station)) {
		reject_set(why, REJECT_ADDRESS, "Station", "DXI §5", 4, p->header[DXI_STATION]);
		disconnect(s, c, DXI_ERROR_WRONG_STATION, actions);
		return;
	}
	switch (type) {
	case DXI_OPEN:
		handle_open(s, c, p, actions);
		break;
	case DXI_FRAME:
		handle_frame(s, c, p, now, why, actions);
		break;
	case DXI_PROBE:
		send_message(c,
			&(struct outgoing){ .type = DXI_ALIVE,
				.station = MUTANT(dxi_alive_with_addresses) ? c->station : 0 },
			actions);
		break;
	case DXI_ALIVE:
		break;
	case DXI_CLOSE:
		c->closing = true;
		actions_report(actions, c, DXI_SERVER_DISCONNECT, "dxi_disconnect", VIEW_EMPTY);
		break;
	case DXI_OPENED:
	case DXI_REFUSED:
		reject_set(why, REJECT_TYPE, "Type", "DXI §3.3", 1, type);
		disconnect(s, c, DXI_ERROR_MALFORMED, actions);
		break;
	}
}

static void reject(struct dxi_server *s, struct dxi_connection *c, const struct reject *why,
	struct actions *actions)
{
	s->counters.rejected[why->reason]++;
	actions_reject(actions, c, DXI_SERVER_REJECTED, "dxi_rejected", why);
}

/* What one message can ask for at most: a reject, an answer, an event and a CLOSE with its end. */
#define ACTIONS_A_MESSAGE 5
#define OCTETS_A_MESSAGE (DXI_MESSAGE_MAX + 256)

static bool has_room(const struct actions *a)
{
	return a->count + ACTIONS_A_MESSAGE <= ACTIONS_MAX &&
		a->used + OCTETS_A_MESSAGE <= ACTIONS_OCTETS;
}

struct view dxi_server_input(struct dxi_server *s, struct dxi_connection *c, struct view octets,
	btime now, struct actions *actions)
{
	struct view message;
	int more = 1;

	while (more == 1 && !c->closing && has_room(actions)) {
		struct reject why = { 0 };
		struct packet p;
		more = dxi_stream_next(&c->stream, &octets, &message, &why);
		bool whole = more == 1 && dxi_decode(message, &p, &why) == 0;
		if (whole) {
			c->heard = now;
			c->probed = BTIME_NEVER;
			handle(s, c, &p, now, &why, actions);
		}
		if (why.reason != REJECT_NONE)
			reject(s, c, &why, actions);
		/* DXI §3.5: who sends what section 3 does not allow is told and left. */
		if (more != 0 && !whole)
			disconnect(s, c, dxi_error_of(&why), actions);
	}
	schedule(s, c);
	return c->closing ? VIEW_EMPTY : octets;
}

/* --- time ------------------------------------------------------------------------------------- */

/* What one connection's time-out can ask for; the ports that are left then come next time. */
#define TICK_ACTIONS 8

/* DXI §5.4: who has waited in vain for the access point, or the access point for the station. */
static void end_silence(struct dxi_server *s, struct dxi_connection *c, btime now,
	struct actions *actions)
{
	for (unsigned i = 0; i < DXI_PORTS_MAX; i++) {
		struct dxi_port *port = &c->ports[i];
		if (!port->used || now < btime_add(port->silent_since, SILENCE_TIME) ||
			actions->count + 4 > ACTIONS_MAX)
			continue;
		port->silent_since = BTIME_NEVER;
		refuse(s, c, port->station, port->bssid,
			s->config.proxy ? DXI_ERROR_UNREACHABLE : DXI_ERROR_TIMEOUT, actions);
		if (s->config.proxy)
			continue;
		eap_destroy(port->eap);
		port->eap = NULL;
		actions_report(actions, port, DXI_SERVER_FAILED, "dxi_failed", VIEW_EMPTY);
	}
}

static void connection_tick(struct dxi_server *s, struct dxi_connection *c, btime now,
	struct actions *actions)
{
	bool late = c->station ? now >= probe_due(c) : now >= btime_add(c->made, OPEN_TIME);

	end_silence(s, c, now, actions);
	if (late && c->station && c->probed == BTIME_NEVER) {
		c->probed = now;
		s->counters.probes++;
		send_message(c, &(struct outgoing){ .type = DXI_PROBE }, actions);
	} else if (late) {
		/* DXI §5.1: whatever else an unopened one sends, a PROBE now and then included. */
		disconnect(s, c, DXI_ERROR_TIMEOUT, actions);
	}
	schedule(s, c);
}

void dxi_server_tick(struct dxi_server *s, btime now, struct actions *actions)
{
	while (dxi_server_due(s) <= now && actions->count + TICK_ACTIONS <= ACTIONS_MAX)
		connection_tick(s, dxi_store_first(s), now, actions);
}
