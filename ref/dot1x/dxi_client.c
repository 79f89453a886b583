// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/dot1x/dxi_client.h"

#define OPEN_TIME (5 * BTIME_S)	 /* DXI §4: waits for OPENED */
#define EAP_TIME (30 * BTIME_S)	 /* for the next EAP packet */
#define PROBE_TIME (5 * BTIME_S) /* DXI §5: for ALIVE */
#define AGAIN_FIRST BTIME_S
#define AGAIN_MAX (30 * BTIME_S)
#define KEEP_ALIVE 30

void dxi_client_begin(struct dxi_client *c, const struct dxi_client_config *config)
{
	memset(c, 0, sizeof(*c));
	c->config = *config;
	if (!c->config.keep_alive)
		c->config.keep_alive = KEEP_ALIVE;
	c->again = c->probed = BTIME_NEVER;
	c->again_after = AGAIN_FIRST;
}

void dxi_client_end(struct dxi_client *c)
{
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++)
		eap_destroy(c->targets[i].eap);
	wipe(c, sizeof(*c));
}

static void send_message(struct dxi_client *c, enum dxi_type type, const struct dxi_target *target,
	struct view pdu, struct actions *actions)
{
	struct packet p = packet_of(&dxi_protocol);
	uint16_t keep_alive = c->config.keep_alive;
	uint8_t seconds[2] = { (uint8_t)(keep_alive >> 8), (uint8_t)keep_alive };
	uint8_t *room = actions_room(actions, pdu.size + 64);
	struct writer w = writer_of(room, room ? pdu.size + 64 : 0);

	p.header[DXI_VERSION_FIELD] = DXI_VERSION;
	p.header[DXI_TYPE] = type;
	if (target) {
		p.header[DXI_STATION] = dxi_mac(c->config.station);
		p.header[DXI_BSSID] = dxi_mac(target->bssid);
	}
	if (type == DXI_OPEN)
		packet_add(&p, 0, DXI_KEEP_ALIVE, VIEW_OF(seconds));
	if (pdu.size)
		packet_add(&p, 0, DXI_EAPOL, pdu);
	wire_encode(&p, &w);
	if (!w.failed)
		actions_report(actions, c, DXI_CLIENT_SEND, "dxi_send", writer_view(&w));
}

static void send_eapol(struct dxi_client *c, const struct dxi_target *target, enum eapol_type type,
	struct view body, struct actions *actions)
{
	uint8_t pdu[EAPOL_PDU_MAX];
	struct writer w = writer_of(pdu, sizeof(pdu));

	eapol_encode(type, body, &w);
	if (!w.failed)
		send_message(c, DXI_FRAME, target, writer_view(&w), actions);
}

/* The connection is to end, whatever else came on it. */
static void disconnect(struct dxi_client *c, struct actions *actions)
{
	c->connection = DXI_LEAVING;
	c->probed = BTIME_NEVER;
	actions_report(actions, c, DXI_CLIENT_DISCONNECT, "dxi_disconnect", VIEW_EMPTY);
}

/* DXI §3.5: who sends what is not allowed is told and left. */
static void leave(struct dxi_client *c, enum dxi_error error, struct actions *actions)
{
	struct packet p = packet_named(&dxi_protocol, "CLOSE");
	uint8_t value[2] = { 0, (uint8_t)error }, room[64];
	struct writer w = writer_of(room, sizeof(room));

	p.header[DXI_VERSION_FIELD] = DXI_VERSION;
	packet_add(&p, 0, DXI_ERROR, VIEW_OF(value));
	wire_encode(&p, &w);
	actions_report(actions, c, DXI_CLIENT_SEND, "dxi_send", writer_view(&w));
	disconnect(c, actions);
}

static void fail_target(struct dxi_target *t, const char *why, struct actions *actions)
{
	t->state = DXI_TARGET_FAILED;
	t->failure = why;
	t->deadline = BTIME_NEVER;
	eap_destroy(t->eap);
	t->eap = NULL;
	actions_report(actions, t, DXI_CLIENT_FAILED, "dxi_failed", VIEW_EMPTY);
}

static void open_target(struct dxi_client *c, struct dxi_target *t, btime now,
	struct actions *actions)
{
	t->state = DXI_TARGET_OPENING;
	t->deadline = MUTANT(dxi_waits_for_opened) ? BTIME_NEVER : btime_add(now, OPEN_TIME);
	send_message(c, DXI_OPEN, t, VIEW_EMPTY, actions);
}

int dxi_client_authenticate(struct dxi_client *c, const uint8_t bssid[MAC_SIZE], btime now,
	struct actions *actions)
{
	struct dxi_target *t = NULL;

	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++) {
		struct dxi_target *candidate = &c->targets[i];
		if (candidate->used && memcmp(candidate->bssid, bssid, MAC_SIZE) == 0) {
			t = candidate;
			break;
		}
		if (!t && !candidate->used)
			t = candidate;
	}
	if (!t)
		return -1;
	eap_destroy(t->eap);
	*t = (struct dxi_target){ .used = true, .deadline = BTIME_NEVER };
	memcpy(t->bssid, bssid, MAC_SIZE);
	if (c->connection == DXI_CONNECTED) {
		open_target(c, t, now, actions);
	} else if (c->connection == DXI_DISCONNECTED) {
		c->connection = DXI_CONNECTING;
		c->again = BTIME_NEVER;
		actions_report(actions, c, DXI_CLIENT_CONNECT, "dxi_connect", VIEW_EMPTY);
	}
	return 0;
}

void dxi_client_connected(struct dxi_client *c, btime now, struct actions *actions)
{
	c->connection = DXI_CONNECTED;
	c->stream.used = 0;
	c->heard = now;
	c->probed = BTIME_NEVER;
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++)
		if (c->targets[i].used && c->targets[i].state == DXI_TARGET_WAITING)
			open_target(c, &c->targets[i], now, actions);
}

/* DXI §4: authentications that were under way begin anew on the next connection. */
void dxi_client_disconnected(struct dxi_client *c, btime now, struct actions *actions)
{
	bool unfinished = false;
	(void)actions;

	c->connection = DXI_DISCONNECTED;
	c->probed = BTIME_NEVER;
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++) {
		struct dxi_target *t = &c->targets[i];
		if (!t->used || t->state >= DXI_TARGET_AUTHENTICATED)
			continue;
		eap_destroy(t->eap);
		t->eap = NULL;
		t->state = DXI_TARGET_WAITING;
		t->deadline = BTIME_NEVER;
		unfinished = true;
	}
	if (MUTANT(dxi_connects_at_once))
		c->again_after = 0;
	c->again = unfinished ? btime_add(now, c->again_after) : BTIME_NEVER;
	if (!MUTANT(dxi_no_longer_wait))
		c->again_after = btime_min(2 * c->again_after, AGAIN_MAX);
}

/* --- EAP -------------------------------------------------------------------------------------- */

static void authenticated(struct dxi_client *c, struct dxi_target *t, struct actions *actions)
{
	if (!t->eap->has_key) {
		fail_target(t, "the EAP method derives no key, and a PMK is needed", actions);
		return;
	}
	c->again_after = AGAIN_FIRST;
	memcpy(t->pmk, t->eap->msk, DXI_PMK_SIZE);
	t->cost = t->eap->cost;
	t->method = t->eap->method;
	eapol_pmkid(t->pmk, t->bssid, c->config.station, t->pmkid);
	t->state = DXI_TARGET_AUTHENTICATED;
	t->deadline = BTIME_NEVER;
	eap_destroy(t->eap);
	t->eap = NULL;
	actions_report(actions, t, DXI_CLIENT_AUTHENTICATED, "dxi_authenticated", VIEW_EMPTY);
}

static void after_eap(struct dxi_client *c, struct dxi_target *t, btime now,
	struct actions *actions)
{
	t->deadline = btime_add(now, EAP_TIME);
	switch (t->eap->status) {
	case EAP_OUTPUT:
		send_eapol(c, t, EAPOL_EAP, t->eap->output, actions);
		break;
	case EAP_SUCCESS:
		authenticated(c, t, actions);
		break;
	case EAP_FAILURE:
		fail_target(t, t->eap->failure ? t->eap->failure : "EAP failed", actions);
		break;
	case EAP_WAITING:
		break;
	}
}

/* --- messages --------------------------------------------------------------------------------- */

static void reject(struct dxi_client *c, const struct reject *why, struct actions *actions)
{
	c->rejected[why->reason]++;
	actions_reject(actions, c, DXI_CLIENT_REJECTED, "dxi_rejected", why);
}

static struct dxi_target *find_target(struct dxi_client *c, const struct packet *p)
{
	if (MUTANT(dxi_takes_any_opened))
		return &c->targets[0];
	if (p->header[DXI_STATION] != dxi_mac(c->config.station))
		return NULL;
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++)
		if (c->targets[i].used && dxi_mac(c->targets[i].bssid) == p->header[DXI_BSSID])
			return &c->targets[i];
	return NULL;
}

static void handle_frame(struct dxi_client *c, struct dxi_target *t, const struct packet *p,
	btime now, struct reject *why, struct actions *actions)
{
	struct eapol eapol;

	if (t->state != DXI_TARGET_AUTHENTICATING) {
		reject_set(why, REJECT_STATE, "FRAME", "DXI §4", 0, t->state);
		return;
	}
	if (eapol_decode(packet_find(p, 0, DXI_EAPOL)->value, &eapol, why) < 0)
		return;
	/* DXI §5: the 4-way handshake belongs to the air. */
	if (eapol.type != EAPOL_EAP) {
		reject_set(why, REJECT_TYPE, "Packet Type", "DXI §5", 1, eapol.type);
		return;
	}
	/* A packet that ends the conversation has a reason too. */
	if (t->eap->ops->input(t->eap, eapol.body, why) == EAP_FAILURE ||
		why->reason == REJECT_NONE)
		after_eap(c, t, now, actions);
}

static void handle_opened(struct dxi_client *c, struct dxi_target *t, btime now,
	struct reject *why, struct actions *actions)
{
	if (t->state != DXI_TARGET_OPENING) {
		reject_set(why, REJECT_STATE, "OPENED", "DXI §4", 0, t->state);
		return;
	}
	t->state = DXI_TARGET_AUTHENTICATING;
	t->deadline = btime_add(now, EAP_TIME);
	t->eap = c->config.eap_new(c->config.context);
	if (!t->eap) {
		fail_target(t, "no EAP method can be used", actions);
		return;
	}
	t->eap->ops->start(t->eap);
	if (!MUTANT(dxi_no_start))
		send_eapol(c, t, EAPOL_START, VIEW_EMPTY, actions);
}

/* DXI §4 and §3.3: which message may say what, about which target. */
static void handle(struct dxi_client *c, const struct packet *p, btime now, struct reject *why,
	struct actions *actions)
{
	struct dxi_target *t = find_target(c, p);
	enum dxi_type type = (enum dxi_type)p->header[DXI_TYPE];

	if (!t && (type == DXI_OPENED || type == DXI_FRAME || type == DXI_REFUSED)) {
		reject_set(why, REJECT_SESSION, "BSSID", "DXI §3.1", 10, p->header[DXI_BSSID]);
		return;
	}
	switch (type) {
	case DXI_OPENED:
		handle_opened(c, t, now, why, actions);
		break;
	case DXI_FRAME:
		handle_frame(c, t, p, now, why, actions);
		break;
	case DXI_REFUSED: {
		const char *name = dxi_error_name(packet_uint(p, 0, DXI_ERROR, 0));
		if (t->state < DXI_TARGET_AUTHENTICATED && !MUTANT(dxi_ignores_refused))
			fail_target(t, name ? name : "refused", actions);
		break;
	}
	case DXI_PROBE:
		if (!MUTANT(dxi_no_alive))
			send_message(c, DXI_ALIVE, NULL, VIEW_EMPTY, actions);
		break;
	case DXI_ALIVE:
		break;
	case DXI_CLOSE:
		disconnect(c, actions);
		break;
	case DXI_OPEN:
		reject_set(why, REJECT_TYPE, "Type", "DXI §3.3", 1, type);
		if (MUTANT(dxi_ignores_wrong_side))
			break;
		leave(c, DXI_ERROR_MALFORMED, actions);
		break;
	}
}

/* What one message can ask for at most: a reject, an answer, an event and a CLOSE with its end. */
#define ACTIONS_A_MESSAGE 5
#define OCTETS_A_MESSAGE (DXI_MESSAGE_MAX + 256)

static bool has_room(const struct actions *a)
{
	return a->count + ACTIONS_A_MESSAGE <= ACTIONS_MAX &&
		a->used + OCTETS_A_MESSAGE <= ACTIONS_OCTETS;
}

struct view dxi_client_input(struct dxi_client *c, struct view octets, btime now,
	struct actions *actions)
{
	struct view message;
	int more = 1;

	while (more == 1 && c->connection == DXI_CONNECTED && has_room(actions)) {
		struct reject why = { 0 };
		struct packet p;
		more = dxi_stream_next(&c->stream, &octets, &message, &why);
		bool whole = more == 1 && dxi_decode(message, &p, &why) == 0;
		if (whole) {
			c->heard = now;
			c->probed = BTIME_NEVER;
			handle(c, &p, now, &why, actions);
		}
		if (why.reason != REJECT_NONE)
			reject(c, &why, actions);
		if (more != 0 && !whole)
			leave(c, dxi_error_of(&why), actions);
	}
	return c->connection == DXI_CONNECTED ? octets : VIEW_EMPTY;
}

/* --- time ------------------------------------------------------------------------------------- */

static btime probe_due(const struct dxi_client *c)
{
	if (c->connection != DXI_CONNECTED)
		return BTIME_NEVER;
	if (c->probed != BTIME_NEVER)
		return btime_add(c->probed, PROBE_TIME);
	return btime_add(c->heard, c->config.keep_alive * BTIME_S);
}

void dxi_client_tick(struct dxi_client *c, btime now, struct actions *actions)
{
	if (c->connection == DXI_DISCONNECTED && now >= c->again) {
		c->connection = DXI_CONNECTING;
		c->again = BTIME_NEVER;
		actions_report(actions, c, DXI_CLIENT_CONNECT, "dxi_connect", VIEW_EMPTY);
	}
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++)
		if (c->targets[i].used && now >= c->targets[i].deadline)
			fail_target(&c->targets[i], "no answer", actions);
	if (now < probe_due(c))
		return;
	if (c->probed == BTIME_NEVER) {
		c->probed = now;
		send_message(c, DXI_PROBE, NULL, VIEW_EMPTY, actions);
	} else {
		disconnect(c, actions);
	}
}

btime dxi_client_due(const struct dxi_client *c)
{
	btime due = btime_min(probe_due(c),
		c->connection == DXI_DISCONNECTED ? c->again : BTIME_NEVER);
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++)
		if (c->targets[i].used)
			due = btime_min(due, c->targets[i].deadline);
	return due;
}
