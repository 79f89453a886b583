// SPDX-License-Identifier: Apache-2.0
/* The mobile node's side of a remote binding (RBP §5.2). */
#include <arpa/inet.h>

#include "ref/base/crypto.h"
#include "ref/binding/binding.h"

#define INITIAL_TIMEOUT (500 * BTIME_MS)
#define TIMEOUT_MAX (8 * BTIME_S)
#define REPETITIONS 6

static struct view key_view(const struct binding_key *key)
{
	return VIEW(key->octets, key->size);
}

static struct view address_view(const struct endpoint *e)
{
	return VIEW(e->address, e->family == AF_INET ? 4 : 16);
}

void binding_client_begin(struct binding_client *c, const struct binding_client_config *config)
{
	memset(c, 0, sizeof(*c));
	c->config = *config;
	if (!c->config.initial_timeout)
		c->config.initial_timeout = INITIAL_TIMEOUT;
	if (!c->config.repetitions)
		c->config.repetitions = REPETITIONS;
	c->sequence = config->first_sequence;
	c->due = BTIME_NEVER;
}

void binding_client_end(struct binding_client *c)
{
	wipe(c, sizeof(*c));
	c->due = BTIME_NEVER;
}

static void send_update(struct binding_client *c, btime now, struct actions *actions)
{
	static const uint8_t zero[BINDING_AUTHENTICATOR_SIZE];
	struct packet p = packet_named(&binding_protocol, "BU");
	const struct endpoint *home = &c->config.home;
	bool v4 = home->family == AF_INET;
	uint8_t buffer[BINDING_MESSAGE_MAX], lifetime[4];
	struct writer w = writer_of(lifetime, sizeof(lifetime));

	write_u32(&w, c->lifetime_asked);
	p.header[BINDING_VERSION_FIELD] = BINDING_VERSION;
	p.header[BINDING_SEQUENCE] = c->sequence;
	p.header[BINDING_KEY_ID] = c->config.key.id;
	packet_add(&p, 0, v4 ? BINDING_HOME_IPV4 : BINDING_HOME_IPV6, address_view(home));
	if (c->care_of.family)
		packet_add(&p, 0,
			c->care_of.family == AF_INET ? BINDING_CARE_OF_IPV4 : BINDING_CARE_OF_IPV6,
			address_view(&c->care_of));
	packet_add(&p, 0, BINDING_LIFETIME, VIEW_OF(lifetime));
	if (c->challenged)
		packet_add(&p, 0, BINDING_CHALLENGE, VIEW_OF(c->challenge));
	packet_add(&p, 0, BINDING_AUTHENTICATOR, VIEW_OF(zero));
	w = writer_of(buffer, sizeof(buffer));
	binding_seal(&p, key_view(&c->config.key), &w);

	struct endpoint local = c->care_of;
	local.port = 0;
	actions_send(actions, local.family ? &local : NULL, &c->config.correspondent,
		writer_view(&w));
	c->sent++;
	actions_report(actions, c, BINDING_EVENT_SENT, "binding_update_sent", VIEW_EMPTY);
	c->due = btime_add(now, c->timeout);
	c->timeout = btime_min(2 * c->timeout, TIMEOUT_MAX);
}

static void begin_update(struct binding_client *c, btime now, struct actions *actions)
{
	c->state = CLIENT_UPDATING;
	c->sequence++;
	c->challenged = false;
	c->resumed = false;
	c->sent = 0;
	c->timeout = c->config.initial_timeout;
	send_update(c, now, actions);
}

void binding_client_update(struct binding_client *c, const struct endpoint *care_of, btime now,
	struct actions *actions)
{
	c->care_of = *care_of;
	c->care_of.port = 0;
	c->lifetime_asked = care_of->family ? c->config.lifetime : 0;
	begin_update(c, now, actions);
}

static int reject(struct binding_client *c, const struct reject *why, struct actions *actions)
{
	c->rejected[why->reason]++;
	actions_reject(actions, c, BINDING_EVENT_REJECTED, "binding_rejected", why);
	return -1;
}

static int check_answer(const struct binding_client *c, const struct endpoint *peer,
	const struct packet *p, struct view datagram, struct reject *why)
{
	if (!endpoint_equal(peer, &c->config.correspondent))
		return reject_set(why, REJECT_ADDRESS, "source", "RBP §5.2", 0, 0);
	if (strcmp(p->message->name, "BA") != 0)
		return reject_set(why, REJECT_TYPE, "Type", "RBP §5.2", 1, p->header[BINDING_TYPE]);
	if (p->header[BINDING_KEY_ID] != c->config.key.id)
		return reject_set(why, REJECT_KEY, "Key Identifier", "RBP §5.2", 8,
			p->header[BINDING_KEY_ID]);
	if (!binding_verify(p, datagram, key_view(&c->config.key)))
		return reject_set(why, REJECT_INTEGRITY, "Authenticator", "RBP §4", 0, 0);
	if (c->state != CLIENT_UPDATING)
		return reject_set(why, REJECT_STATE, NULL, "RBP §5.2", 0, c->state);
	if (p->header[BINDING_SEQUENCE] != c->sequence)
		return reject_set(why, REJECT_SEQUENCE, "Sequence Number", "RBP §5.2", 4,
			p->header[BINDING_SEQUENCE]);
	return 0;
}

/* RBP §5.2: the challenge is answered at once, with the same sequence number. */
static void answer_challenge(struct binding_client *c, const struct packet *p, btime now,
	struct actions *actions)
{
	const struct element_value *e = packet_find(p, 0, BINDING_CHALLENGE);

	if (!e || c->challenged)
		return;
	memcpy(c->challenge, e->value.data, sizeof(c->challenge));
	c->challenged = true;
	send_update(c, now, actions);
}

static void refused(struct binding_client *c, uint32_t status, struct actions *actions)
{
	uint8_t octets[4];
	struct writer w = writer_of(octets, sizeof(octets));

	write_u32(&w, status);
	c->state = CLIENT_FAILED;
	c->due = BTIME_NEVER;
	actions_report(actions, c, BINDING_EVENT_REFUSED, "binding_refused", writer_view(&w));
}

/* RBP §5.2: the answer tells which number was taken last; the update goes on from there, once. */
static void resume_sequence(struct binding_client *c, const struct packet *p, btime now,
	struct actions *actions)
{
	if (c->resumed || !packet_find(p, 0, BINDING_LAST_SEQUENCE)) {
		refused(c, BINDING_SEQUENCE_TOO_LOW, actions);
		return;
	}
	c->sequence = (uint32_t)packet_uint(p, 0, BINDING_LAST_SEQUENCE, 0);
	begin_update(c, now, actions);
	c->resumed = true;
}

static void accepted(struct binding_client *c, const struct packet *p, btime now,
	struct actions *actions)
{
	uint64_t lifetime = packet_uint(p, 0, BINDING_LIFETIME, c->lifetime_asked);

	c->state = c->lifetime_asked ? CLIENT_BOUND : CLIENT_IDLE;
	/* RBP §5.2: refreshed when four fifths of the granted lifetime are over. */
	c->due =
		c->lifetime_asked ? btime_add(now, (btime)lifetime * BTIME_S / 5 * 4) : BTIME_NEVER;
	actions_report(actions, c, BINDING_EVENT_ACKNOWLEDGED, "binding_acknowledged", VIEW_EMPTY);
}

int binding_client_input(struct binding_client *c, const struct endpoint *peer,
	struct view datagram, btime now, struct actions *actions)
{
	struct packet p;
	struct reject why = { 0 };

	if (wire_decode(&binding_protocol, datagram, &p, &why) < 0 ||
		check_answer(c, peer, &p, datagram, &why) < 0)
		return reject(c, &why, actions);

	switch ((enum binding_status)packet_uint(&p, 0, BINDING_STATUS, BINDING_PROHIBITED)) {
	case BINDING_ACCEPTED:
		accepted(c, &p, now, actions);
		break;
	case BINDING_CHALLENGED:
		answer_challenge(c, &p, now, actions);
		break;
	case BINDING_SEQUENCE_TOO_LOW:
		resume_sequence(c, &p, now, actions);
		break;
	case BINDING_WRONG_ADDRESS:
	case BINDING_UNSUPPORTED:
	case BINDING_NO_RESOURCES:
	case BINDING_PROHIBITED:
	default: /* a status of a later version */
		refused(c, (uint32_t)packet_uint(&p, 0, BINDING_STATUS, 0), actions);
		break;
	}
	return 0;
}

void binding_client_tick(struct binding_client *c, btime now, struct actions *actions)
{
	if (now < c->due)
		return;
	switch (c->state) {
	case CLIENT_BOUND:
		begin_update(c, now, actions);
		break;
	case CLIENT_UPDATING:
		if (c->sent <= c->config.repetitions) {
			send_update(c, now, actions);
			break;
		}
		c->state = CLIENT_FAILED;
		c->due = BTIME_NEVER;
		actions_report(actions, c, BINDING_EVENT_UNREACHABLE, "binding_unreachable",
			VIEW_EMPTY);
		break;
	case CLIENT_IDLE:
	case CLIENT_FAILED:
		c->due = BTIME_NEVER;
		break;
	}
}

btime binding_client_due(const struct binding_client *c)
{
	return c->due;
}
