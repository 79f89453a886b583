// SPDX-License-Identifier: Apache-2.0
/*
 * IKE_SA_INIT requests that never become an SA. One request of the engine's is the pattern; each
 * attempt has another SPI and the next address. As many are unanswered at once as there are
 * clients, so that the responder takes every single one; what it drops is made up for after a
 * pause.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/base/random.h"
#include "ref/host/loop.h"
#include "ref/host/udp.h"
#include "ref/ike/ike.h"
#include "testbed/load/load_ike.h"

#define PAUSE (50 * BTIME_MS)

struct attack {
	const struct load_ike_options *options;
	struct load_ike_figures *figures;
	struct loop *loop;
	struct udp *udp;
	struct timer *timer;
	struct random random;
	struct packet pattern;
	uint8_t octets[2048]; /* those the pattern points into */
	unsigned waiting;     /* sent and not answered since the last pause */
};

/* With `cookie` as the first payload, RFC 7296 §2.6, unless that is empty. */
static void send_request(struct attack *a, uint64_t spi, const struct endpoint *local,
	struct view cookie)
{
	uint8_t out[4096];
	struct writer w = writer_of(out, sizeof(out));
	struct ike_draft draft;

	ike_draft_begin(&draft);
	if (cookie.size)
		ike_draft_notify(&draft, IKE_N_COOKIE, cookie);
	for (unsigned i = 0; i < a->pattern.element_count; i++)
		draft.packet.elements[draft.packet.element_count++] = a->pattern.elements[i];
	memcpy(draft.packet.header, a->pattern.header, sizeof(a->pattern.header));
	draft.packet.header[IKE_SPI_I] = spi;
	wire_encode(&draft.packet, &w);
	udp_send(a->udp, local, &a->options->responder, writer_view(&w));
}

/* The nth address after the first, in turn. */
static struct endpoint address_of(const struct load_ike_options *o, unsigned n)
{
	struct endpoint e = o->local;
	unsigned add = n % o->addresses;

	for (size_t i = ip_size(e.family); i-- > 0 && add; add >>= 8) {
		add += e.address[i];
		e.address[i] = (uint8_t)add;
	}
	return e;
}

static void send_more(struct attack *a)
{
	struct load_ike_figures *f = a->figures;
	uint64_t spi;

	while (f->sent < a->options->count && a->waiting < a->options->clients) {
		struct endpoint local = address_of(a->options, f->sent);
		random_fill(&a->random, &spi, sizeof(spi));
		send_request(a, spi | 1, &local, VIEW_EMPTY);
		f->sent++;
		a->waiting++;
	}
	timer_set(a->timer, btime_add(loop_now(), PAUSE));
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct attack *a = context;
	struct ike_notification n;
	struct packet p;

	if (ike_decode(d->data, &p, NULL) < 0 || !ike_is_response(&p))
		return;
	if (packet_find(&p, 0, IKE_PAYLOAD_SA)) {
		a->figures->half_open++;
	} else if (!ike_find_notify(&p, IKE_N_COOKIE, &n)) {
		a->figures->refused++;
	} else {
		a->figures->cookies++;
		if (a->options->kind == LOAD_IKE_HALF_OPEN) {
			send_request(a, p.header[IKE_SPI_I], &d->local, n.data);
			return; /* still waiting */
		}
	}
	a->waiting -= a->waiting > 0;
	send_more(a);
}

/* Nothing has come for a while: what is unanswered was dropped. */
static void paused(void *context)
{
	struct attack *a = context;

	a->waiting = 0;
	if (a->figures->sent == a->options->count)
		loop_stop(a->loop, 0);
	else
		send_more(a);
}

static int make_pattern(struct attack *a)
{
	struct load_ike_options options = *a->options;
	struct ike_connection connection;
	struct ike_config config;
	struct actions actions;

	options.identity = "attack.example";
	options.psk = "none";
	load_ike_connection(&options, &connection);
	ike_config_default(&config);
	config.random = &a->random;
	struct ike *ike = ike_new(&config);
	actions_clear(&actions);
	ike_initiate(ike, &connection, loop_now(), &actions);
	struct view datagram = actions.list[0].data;
	memcpy(a->octets, datagram.data, datagram.size);
	ike_free(ike);
	return ike_decode(VIEW(a->octets, datagram.size), &a->pattern, NULL);
}

int load_ike_attack(const struct load_ike_options *o, struct load_ike_figures *figures)
{
	struct attack a = { .options = o, .figures = figures, .loop = loop_new() };
	struct endpoint any = { .family = o->local.family, .port = o->local.port };
	int error = 0;

	*figures = (struct load_ike_figures){ 0 };
	a.random = random_system();
	a.udp = udp_open(a.loop, &any, NULL, receive, &a);
	a.timer = timer_new(a.loop, paused, &a);
	if (a.udp && make_pattern(&a) == 0) {
		btime began = loop_now();
		send_more(&a);
		loop_run(a.loop);
		figures->seconds = (double)(loop_now() - began) / BTIME_S;
	} else {
		error = errno;
	}
	udp_close(a.udp);
	timer_free(a.timer);
	loop_free(a.loop);
	errno = error;
	return error ? -1 : 0;
}
