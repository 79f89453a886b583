// SPDX-License-Identifier: Apache-2.0
/*
 * Engines under fuzz: octets are a script for a client and an agent that talk to each other. The
 * script lets messages through, loses, doubles and alters them, sends octets of its own and
 * messages made from the tables, protected by the right key or none, causes events, and lets time
 * pass. The engines must not crash, overflow their lists, or keep sessions beyond their bounds.
 */
#ifndef BATON_PANA_PANA_FUZZ_H
#define BATON_PANA_PANA_FUZZ_H

#include "ref/base/reader.h"
#include "ref/base/wire_break.h"
#include "ref/pana/paa_inside.h"
#include "ref/pana/pac_inside.h"
#include "ref/pana/pana_world.h"

static struct world fuzz_world;

/* Gives a datagram to one of the engines; bounds what flies. */
static inline void fuzz_deliver(struct world *w, struct flying *f, bool to_paa)
{
	f->to_second = to_paa;
	if (!to_paa && !pac_peer(w->pac)->family)
		return;
	world_deliver(w, f);
	if (w->air.count > AIR_FLYING_MAX / 2)
		w->air.count = AIR_FLYING_MAX / 2;
	w->report_count = 0;
}

/* An empty datagram from the other end. */
static inline struct flying fuzz_blank(struct world *w, bool to_paa)
{
	struct flying f = { .to_second = to_paa };

	f.from = to_paa ? w->pac_config.local : w->paa_config.local;
	f.to = to_paa ? w->paa_config.local : w->pac_config.local;
	return f;
}

/* Octets of the script's own. */
static inline void fuzz_raw(struct world *w, struct reader *r, bool to_paa)
{
	struct flying f = fuzz_blank(w, to_paa);

	f.size = read_u8(r);
	if (f.size > reader_left(r))
		f.size = reader_left(r);
	read_bytes(r, f.data, f.size);
	fuzz_deliver(w, &f, to_paa);
}

/* A message of the tables with this session's identifier and a likely sequence number. */
static inline void fuzz_made(struct world *w, struct reader *r, bool to_paa)
{
	struct flying f = fuzz_blank(w, to_paa);
	uint8_t values[4096];
	struct writer v = writer_of(values, sizeof(values)),
		      out = writer_of(f.data, sizeof(f.data));
	unsigned which = read_u8(r) % 14, how = read_u8(r);
	struct packet p = wire_sample(&pana_protocol, &pana_protocol.messages[which], how & 1, &v);
	struct pana_link *link = &w->pac->link;
	bool sealed = how & 2 && link->sa.live;

	p.header[PANA_FLAGS] |= how & 4 ? PANA_E : 0;
	if (which) {
		p.header[PANA_SESSION] = link->id;
		p.header[PANA_SEQUENCE] =
			(to_paa ? link->next_out : link->next_in) + (how >> 3) % 3;
	}
	if (how & 64) {
		p.element_count = 0;
	} else if (sealed && p.element_count &&
		p.elements[p.element_count - 1].code == PANA_AVP_AUTH) {
		p.element_count--;
	}
	f.size = pana_seal(sealed ? &link->sa : NULL, &p, &out).size;
	fuzz_deliver(w, &f, to_paa);
}

/* An event of the script's choice for either end. */
static inline void fuzz_event(struct world *w, struct reader *r)
{
	unsigned what = read_u8(r);

	actions_clear(&w->actions);
	if (what & 0x80) {
		struct pac_event e = { .kind = what % 7 };
		e.local = w->pac_config.local;
		e.local.port = htons((uint16_t)(40000 + read_u8(r) % 4));
		pac_event(w->pac, &e, w->now, &w->actions);
		world_collect(w, false);
		return;
	}
	struct paa_session *s = paa_find(w->paa, pac_session_id(w->pac));
	struct paa_event e = { .kind = what % 6, .cause = PANA_ADMINISTRATIVE };
	if (!s)
		return;
	if (e.kind == PAA_EAP_READY && s->eap)
		fake_eap_wake(s->eap);
	paa_event(w->paa, s, &e, w->now, &w->actions);
	world_collect(w, true);
}

/* A notification with one AVP from either end. */
static inline void fuzz_notify(struct world *w, struct reader *r)
{
	uint8_t value[4 + 8] = { 0 };
	bool by_paa = read_u8(r) & 1;
	struct element_value e = {
		.vendor = PANA_VENDOR,
		.code = PANA_MPA_HANDOVER_STATUS,
		.flags = pana_protocol.format.vendor_flag,
		.value = VIEW(value, 4 + read_u8(r) % 8),
	};
	struct paa_session *s = paa_find(w->paa, pac_session_id(w->pac));

	actions_clear(&w->actions);
	if (by_paa && s)
		paa_notify(w->paa, s, &e, 1, w->now, &w->actions);
	else
		pac_notify(w->pac, &e, 1, w->now, &w->actions);
	world_collect(w, by_paa && s);
}

/* One message from the network, as the script treats it. */
static inline void fuzz_fly(struct world *w, struct reader *r, unsigned how)
{
	if (w->air.count == 0)
		return;
	struct flying f = world_take(w, read_u8(r) % w->air.count);
	if (how == 1) /* lost */
		return;
	if (how == 2 && f.size) /* altered */
		f.data[read_u8(r) % f.size] ^= read_u8(r);
	if (how == 3) /* cut */
		f.size -= read_u8(r) % (f.size + 1);
	fuzz_deliver(w, &f, f.to_second);
	if (how == 4)
		fuzz_deliver(w, &f, f.to_second);
}

/* One step of the script; `at_paa`: what it makes goes to the agent. */
static inline void fuzz_step(struct world *w, struct reader *r, bool at_paa)
{
	unsigned op = read_u8(r) % 16;

	if (op < 5) {
		while (w->air.count > 24)
			w->air.count--;
		fuzz_fly(w, r, op);
	} else if (op < 7) {
		fuzz_raw(w, r, at_paa);
	} else if (op < 9) {
		fuzz_made(w, r, at_paa);
	} else if (op < 11) {
		fuzz_event(w, r);
	} else if (op == 11) {
		fuzz_notify(w, r);
	} else if (op < 14) {
		for (unsigned n = 0; w->air.count && n < 40; n++) {
			struct flying f = world_take(w, 0);
			fuzz_deliver(w, &f, f.to_second);
		}
	} else {
		world_tick(
			w, w->now + (btime)read_u8(r) * (op == 14 ? 100 * BTIME_MS : 10 * BTIME_S));
	}
	w->report_count = 0;
}

/* A whole run: setup, the script, and then silence until no session is left. For
 * LLVMFuzzerTestOneInput. */
static inline int fuzz_run(const uint8_t *data, size_t size, bool at_paa)
{
	struct world *w = &fuzz_world;
	struct reader r = reader_of(VIEW(data, size));
	unsigned setup = read_u8(&r), eap = read_u8(&r);

	world_init(w, 1);
	w->paa_config.stateful = setup & 1;
	w->paa_config.optimized = setup & 2;
	w->pac_config.no_piggyback = setup & 4;
	w->pac_config.preauth = setup & 8;
	w->paa_config.reauth_percent = setup & 16 ? 50 : 0;
	w->paa_config.half_open_max = 4;
	w->paa_config.sessions_max = 8;
	w->paa_config.common.ping_interval = setup & 32 ? 7 * BTIME_S : 0;
	w->pac_config.common.request.mrc = 3;
	w->pac_eap.keyed = w->paa_eap.keyed = !(setup & 64);
	w->pac_eap.rounds = w->paa_eap.rounds = 1 + eap % 3;
	w->paa_eap.slow = eap & 16;
	w->pac_eap.slow = eap & 32;
	w->paa_eap.fail = (eap & 0xc0) == 0xc0;
	world_begin(w);
	if (!(setup & 128))
		world_event(w, PAC_AUTHENTICATE);
	while (reader_left(&r)) {
		fuzz_step(w, &r, at_paa);
		if (paa_count(w->paa) > 8 || paa_half_open(w->paa) > 4)
			abort();
	}
	/* left alone, everything comes to an end: no session outlives its lifetime */
	for (unsigned n = 0; n < 20000 && world_due(w) != BTIME_NEVER; n++) {
		w->air.count = 0;
		w->report_count = 0;
		world_tick(w, BTIME_NEVER - 1);
	}
	if (paa_count(w->paa))
		abort();
	world_end(w);
	return 0;
}

#endif
