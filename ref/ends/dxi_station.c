// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "ref/ends/dxi_station.h"
#include "ref/host/stream.h"

struct dxi_station {
	struct dxi_station_config config;
	struct dxi_client client;
	struct stream *stream; /* NULL: no connection, none under way */
	struct timer *timer;
};

static void take(struct dxi_station *s, const struct actions *actions);

static void trouble(const struct dxi_station *s, const char *why)
{
	if (s->config.trouble)
		s->config.trouble(s->config.context, why);
}

/* The connection is gone; what was under way begins anew later. */
static void lose(struct dxi_station *s, bool flush)
{
	struct actions actions;

	stream_close(s->stream, flush);
	s->stream = NULL;
	actions_clear(&actions);
	dxi_client_disconnected(&s->client, loop_now(), &actions);
	take(s, &actions);
}

/* --- from the connection ---------------------------------------------------------------------- */

static void connected(void *context)
{
	struct dxi_station *s = context;
	struct actions actions;

	actions_clear(&actions);
	dxi_client_connected(&s->client, loop_now(), &actions);
	take(s, &actions);
}

static void received(void *context, struct view octets)
{
	struct dxi_station *s = context;
	const struct stream *mine = s->stream;
	struct actions actions;

	while (octets.size && s->stream == mine) {
		actions_clear(&actions);
		octets = dxi_client_input(&s->client, octets, loop_now(), &actions);
		take(s, &actions);
	}
}

static void closed(void *context, const char *why)
{
	struct dxi_station *s = context;

	trouble(s, why);
	lose(s, false);
}

static void tick(void *context)
{
	struct dxi_station *s = context;
	struct actions actions;

	actions_clear(&actions);
	dxi_client_tick(&s->client, loop_now(), &actions);
	take(s, &actions);
}

/* --- what the engine wants -------------------------------------------------------------------- */

static void connect_to_server(struct dxi_station *s)
{
	static const struct stream_events events = { .connected = connected,
		.received = received,
		.closed = closed };

	s->stream = stream_connect(s->config.loop, &s->config.server, &events, s);
	if (s->stream)
		return;
	trouble(s, strerror(errno));
	lose(s, false);
}

static bool finished(const struct dxi_client *c)
{
	for (unsigned i = 0; i < DXI_TARGETS_MAX; i++)
		if (c->targets[i].used && c->targets[i].state < DXI_TARGET_AUTHENTICATED)
			return false;
	return true;
}

static void take(struct dxi_station *s, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		switch ((enum dxi_client_event)a->event) {
		case DXI_CLIENT_CONNECT:
			connect_to_server(s);
			break;
		case DXI_CLIENT_SEND:
			if (s->stream)
				stream_send(s->stream, a->data);
			break;
		case DXI_CLIENT_DISCONNECT:
			trouble(s, "given up");
			lose(s, true);
			return;
		case DXI_CLIENT_AUTHENTICATED:
		case DXI_CLIENT_FAILED:
			s->config.result(s->config.context, a->session);
			break;
		case DXI_CLIENT_REJECTED:
			if (s->config.rejected)
				s->config.rejected(s->config.context, &a->reject);
			break;
		}
	}
	if (s->stream && finished(&s->client))
		lose(s, true);
	timer_set(s->timer, dxi_client_due(&s->client));
}

/* --- life ------------------------------------------------------------------------------------- */

struct dxi_station *dxi_station_new(const struct dxi_station_config *config)
{
	struct dxi_station *s = host_alloc(sizeof(*s));
	struct dxi_client_config client = { .keep_alive = config->keep_alive,
		.context = config->context,
		.eap_new = config->eap_new };

	s->config = *config;
	memcpy(client.station, config->station, sizeof(client.station));
	s->timer = timer_new(config->loop, tick, s);
	dxi_client_begin(&s->client, &client);
	return s;
}

void dxi_station_free(struct dxi_station *s)
{
	if (!s)
		return;
	stream_close(s->stream, false);
	timer_free(s->timer);
	dxi_client_end(&s->client);
	free(s);
}

int dxi_station_authenticate(struct dxi_station *s, const uint8_t bssid[MAC_SIZE])
{
	struct actions actions;

	actions_clear(&actions);
	if (dxi_client_authenticate(&s->client, bssid, loop_now(), &actions) < 0)
		return -1;
	take(s, &actions);
	return 0;
}

void dxi_station_abandon(struct dxi_station *s)
{
	struct dxi_client_config config = s->client.config;

	stream_close(s->stream, false);
	s->stream = NULL;
	dxi_client_end(&s->client);
	dxi_client_begin(&s->client, &config);
	timer_set(s->timer, BTIME_NEVER);
}
