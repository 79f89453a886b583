// SPDX-License-Identifier: Apache-2.0
/*
 * How a session begins.
 *
 * RFC 5191 §4.1 lets the agent answer a PCI without keeping state. What the initial PAR says is
 * then a function of who asked and when: session identifier and sequence number are HMAC-SHA-256
 * under a key of this process over the period (30 s), the E bit, and the client's address and
 * port. A PAN with S that brings both back, from the same address, within this period or the next,
 * was made by somebody who received that PAR; the PAR itself, which the keys need (§5.3), is made
 * once more and is the same octet for octet.
 */
#include <arpa/inet.h>

#include "ref/base/mutant.h"
#include "ref/pana/paa_inside.h"

#define COOKIE_PERIOD (30 * BTIME_S)

struct cookie {
	uint32_t id, sequence;
};

static struct cookie bake(const struct paa *paa, const struct endpoint *from, bool preauth,
	int64_t period)
{
	uint8_t text[9 + 1 + 2 + 16], full[DIGEST_MAX];
	struct writer w = writer_of(text, sizeof(text));

	write_u64(&w, (uint64_t)period);
	write_u8(&w, preauth);
	write_u8(&w, from->family);
	write_bytes(&w, &from->port, 2);
	write_bytes(&w, from->address, from->family == AF_INET6 ? 16 : 4);
	struct view part = writer_view(&w);
	hmac_parts(DIGEST_SHA256, VIEW_OF(paa->cookie_key), &part, 1, full);
	struct reader r = reader_of(VIEW_OF(full));
	struct cookie c = { .id = read_u32(&r), .sequence = read_u32(&r) };
	c.id += c.id == 0; /* 0 is the identifier of PCI, which belongs to no session */
	return c;
}

unsigned start_offer(const struct paa *paa, struct element_value *e, uint8_t storage[][4])
{
	const struct pana_common *common = &paa->config.common;
	unsigned n = 0;

	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX && common->prfs[i]; i++, n++)
		e[n] = avp_u32(PANA_AVP_PRF_ALGORITHM, common->prfs[i], storage[n]);
	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX && common->integrities[i]; i++, n++)
		e[n] = avp_u32(PANA_AVP_INTEGRITY_ALGORITHM, common->integrities[i], storage[n]);
	/* RFC 6786 §2: "one or more Encryption-Algorithm AVPs supported by it" */
	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX && common->encryptions[i]; i++, n++)
		e[n] = avp_u32(PANA_AVP_ENCRYPTION_ALGORITHM, common->encryptions[i], storage[n]);
	return n;
}

/* The initial PAR of which nothing is kept, in `actions`. */
static struct view stateless_par(const struct paa *paa, struct pana_link *link, struct cookie c,
	struct actions *actions)
{
	struct element_value e[PAA_OFFER_MAX];
	uint8_t storage[PAA_OFFER_MAX][4];
	unsigned n = start_offer(paa, e, storage);
	unsigned flags = PANA_R | PANA_S | (link->preauth ? PANA_E : 0) |
		(paa->config.ip_reconfiguration ? PANA_I : 0);

	link->id = c.id;
	return link_build(link, NULL, PANA_AUTH, flags, c.sequence, e, n, actions);
}

/*
 * RFC 5191 §4.1 recommends a limit on PCI. A virtual schedule: each message takes its share of a
 * second, and a second's worth may come at once.
 */
static bool within_rate(struct paa *paa, btime now)
{
	if (paa->config.pci_rate == 0)
		return true;
	if (paa->pci_theoretical < now)
		paa->pci_theoretical = now;
	if (paa->pci_theoretical - now > BTIME_S)
		return false;
	paa->pci_theoretical += BTIME_S / paa->config.pci_rate;
	return true;
}

static bool stateful(const struct paa *paa)
{
	return paa->config.stateful || paa->config.optimized;
}

static uint32_t unused_id(struct paa *paa)
{
	uint32_t id;
	do
		id = random_u32(paa->config.common.random);
	while (id == 0 || paa_find(paa, id));
	return id;
}

static struct paa_session *make(struct paa *paa, uint32_t id, const struct endpoint *peer,
	const struct endpoint *to, bool preauth, btime now)
{
	struct paa_session *s = store_new(paa, id, peer);

	if (!s)
		return NULL;
	s->link.local = to ? *to : paa->config.local;
	s->link.preauth = preauth;
	s->link.heard = now;
	s->nonce_due = s->pac_nonce_due = true;
	s->phase_due = btime_add(now, paa->config.common.failed_timeout);
	return s;
}

static int no_room(struct paa *paa, struct reject *reject)
{
	return reject_set(reject, REJECT_RESOURCES, NULL, "RFC 5191 §11.1", 0, paa->half_open);
}

/* RFC 5191 §4.1, §5.5: what makes a PCI unwelcome. */
static int check_pci(struct paa *paa, const struct paa_arrival *at, const struct paa_step *step)
{
	struct paa_session *s = paa_find_peer(paa, at->from);

	/* §4.1: after the initial PAR a PCI from the same address MUST be discarded; §5.5: it is
	 * unexpected in every phase of a session */
	if (s && !paa->config.allow_restart && !MUTANT(pana_paa_takes_pci_in_session))
		return reject_set(at->reject, REJECT_STATE, "Message Type", "RFC 5191 §4.1, §5.5",
			6, PANA_CLIENT_INITIATION);
	if (!within_rate(paa, step->now))
		return reject_set(at->reject, REJECT_RATE, NULL, "RFC 5191 §4.1", 0,
			paa->config.pci_rate);
	return 0;
}

int start_from_pci(struct paa *paa, const struct paa_arrival *at, struct paa_step *step)
{
	bool preauth = pana_flags(step->packet) & PANA_E;

	if (check_pci(paa, at, step) < 0)
		return -1;
	if (stateful(paa)) {
		struct paa_session *s =
			make(paa, unused_id(paa), at->from, at->to, preauth, step->now);
		if (!s)
			return no_room(paa, at->reject);
		paa_step(s, PAA_EV_PAC_FOUND, step);
		paa_settle(s, step);
		return 0;
	}
	struct pana_link link = { .common = &paa->config.common, .preauth = preauth };
	struct cookie c = bake(paa, at->from, preauth, step->now / COOKIE_PERIOD);
	/* A session that ended here lingers for the client that missed the last answer. This client
	 * did not: it begins anew, and its session will have the same name within the period. */
	struct paa_session *ended = paa_find(paa, c.id);
	if (ended && ended->state == PAA_CLOSED)
		store_kill(ended);
	struct view par = stateless_par(paa, &link, c, step->actions);
	/* §4.1: no retransmission; the client's PCI is what repeats */
	actions_send(step->actions, at->to ? at->to : &paa->config.local, at->from, par);
	return 0;
}

struct paa_session *paa_start(struct paa *paa, const struct endpoint *peer, bool preauth, btime now,
	struct actions *actions)
{
	struct paa_step step = { .now = now, .actions = actions };

	store_reap(paa);
	if (paa_find_peer(paa, peer))
		return NULL;
	struct paa_session *s = make(paa, unused_id(paa), peer, NULL, preauth, now);
	if (!s)
		return NULL;
	paa_step(s, PAA_EV_PAC_FOUND, &step);
	paa_settle(s, &step);
	return s;
}

/* --- the initial PAN -------------------------------------------------------------------------- */

static bool is_offered(const struct paa *paa, uint64_t prf, uint64_t integrity)
{
	bool a = false, b = false;

	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX; i++) {
		a = a || (prf && paa->config.common.prfs[i] == prf);
		b = b || (integrity && paa->config.common.integrities[i] == integrity);
	}
	return a && b;
}

/* RFC 6786 §2: one of those offered; a client that knows nothing of it names none. */
static int check_encryption(const struct paa *paa, const struct packet *p, struct reject *reject)
{
	const struct element_value *e = packet_find(p, 0, PANA_AVP_ENCRYPTION_ALGORITHM);
	uint64_t chosen = packet_uint(p, 0, PANA_AVP_ENCRYPTION_ALGORITHM, 0);

	if (!e || MUTANT(pana_paa_takes_any_encryption))
		return 0;
	for (unsigned i = 0; i < PANA_ALGORITHMS_MAX; i++)
		if (chosen && paa->config.common.encryptions[i] == chosen)
			return 0;
	return reject_set(reject, REJECT_ALGORITHM, "Encryption-Algorithm", "RFC 6786 §2",
		e->offset, chosen);
}

int start_check_algorithms(const struct paa *paa, const struct packet *p, struct reject *reject)
{
	const struct element_value *prf = packet_find(p, 0, PANA_AVP_PRF_ALGORITHM);
	const struct element_value *integrity = packet_find(p, 0, PANA_AVP_INTEGRITY_ALGORITHM);
	const char *section = "RFC 5191 §4.1";

	if (!prf && !integrity && !paa->config.common.require_key)
		return 0; /* a client that wants no PANA SA: EAP without keys */
	if (!prf || !integrity)
		return reject_set(reject, REJECT_MISSING,
			prf ? "Integrity-Algorithm" : "PRF-Algorithm", section, 0, 0);
	if (!is_offered(paa, packet_uint(p, 0, PANA_AVP_PRF_ALGORITHM, 0),
		    packet_uint(p, 0, PANA_AVP_INTEGRITY_ALGORITHM, 0)))
		return reject_set(reject, REJECT_ALGORITHM, "PRF-Algorithm", section, prf->offset,
			packet_uint(p, 0, PANA_AVP_PRF_ALGORITHM, 0));
	return check_encryption(paa, p, reject);
}

void start_take_algorithms(struct paa_session *s, const struct packet *p)
{
	s->link.prf = (uint8_t)packet_uint(p, 0, PANA_AVP_PRF_ALGORITHM, 0);
	s->link.integrity = (uint8_t)packet_uint(p, 0, PANA_AVP_INTEGRITY_ALGORITHM, 0);
	s->link.encryption = (uint8_t)packet_uint(p, 0, PANA_AVP_ENCRYPTION_ALGORITHM, 0);
}

/* Whether somebody who received our PAR sent this; *c is what that PAR said. */
static bool cookie_fits(const struct paa *paa, const struct paa_arrival *at,
	const struct paa_step *step, struct cookie *c)
{
	const struct packet *p = step->packet;

	for (int64_t back = 0; back < 2; back++) {
		*c = bake(paa, at->from, pana_flags(p) & PANA_E,
			step->now / COOKIE_PERIOD - back);
		if (p->header[PANA_SESSION] == c->id && p->header[PANA_SEQUENCE] == c->sequence)
			return true;
	}
	return false;
}

static int check_pan(struct paa *paa, const struct paa_arrival *at, const struct paa_step *step,
	struct cookie *c)
{
	const struct packet *p = step->packet;
	const struct element_value *e = packet_find(p, 0, PANA_AVP_EAP_PAYLOAD);

	if (stateful(paa) || !cookie_fits(paa, at, step, c))
		return reject_set(at->reject, REJECT_SESSION, "Session Identifier", "RFC 5191 §4.1",
			8, p->header[PANA_SESSION]);
	if (start_check_algorithms(paa, p, at->reject) < 0)
		return -1;
	if (e) /* our PAR had no EAP request that this could answer */
		return reject_set(at->reject, REJECT_UNEXPECTED, "EAP-Payload", "RFC 5191 §4.1",
			e->offset, e->value.size);
	e = packet_find(p, 0, PANA_AVP_AUTH);
	if (e)
		return reject_set(at->reject, REJECT_INTEGRITY, "AUTH", "RFC 5191 §5.5", e->offset,
			e->value.size);
	return 0;
}

int start_from_pan(struct paa *paa, const struct paa_arrival *at, struct paa_step *step)
{
	const struct packet *p = step->packet;
	struct cookie c;

	if (check_pan(paa, at, step, &c) < 0)
		return -1;
	/* one unfinished session an address: the client has gone on to a newer initial PAR */
	struct paa_session *old = paa_find_peer(paa, at->from);
	if (old && old->opened && !paa->config.allow_restart)
		return reject_set(at->reject, REJECT_STATE, "Flags", "RFC 5191 §5.5", 4,
			pana_flags(p));
	if (!within_rate(paa, step->now))
		return reject_set(at->reject, REJECT_RATE, NULL, "RFC 5191 §4.1", 0,
			paa->config.pci_rate);
	if (old && !old->opened)
		store_kill(old);
	struct paa_session *s =
		make(paa, c.id, at->from, at->to, pana_flags(p) & PANA_E, step->now);
	if (!s)
		return no_room(paa, at->reject);
	if (paa_restart_eap(s) < 0) {
		store_kill(s);
		return reject_set(at->reject, REJECT_REFUSED, NULL, NULL, 0, 0);
	}
	/* the PAR as it was sent, by making it again in the list and taking it back out */
	size_t used = step->actions->used;
	octets_set(&s->link.i_par, stateless_par(paa, &s->link, c, step->actions));
	step->actions->used = used;
	octets_set(&s->link.i_pan, step->datagram);
	s->link.out_known = true;
	s->link.next_out = c.sequence + 1;
	start_take_algorithms(s, p);
	paa_step(s, PAA_EV_RX_PAN_S, step);
	paa_settle(s, step);
	return 0;
}
