// SPDX-License-Identifier: Apache-2.0
/*
 * IEEE 802.1X over IP: the reference station, access point and proxy. The two access points of the
 * vectors and their station have the addresses that are used throughout.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/dot1x/dxi_client.h"
#include "ref/dot1x/dxi_server.h"
#include "testbed/vectors/play.h"

static const uint8_t station[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
static const uint8_t ap1[MAC_SIZE] = {2, 0, 0, 0, 1, 1}, ap2[MAC_SIZE] = {2, 0, 0, 0, 1, 2};

/* "EAPOL-Start" of a PDU in a frame; "?" when it is none. */
static const char *pdu_name(struct view pdu)
{
	struct eapol eapol;

	if (eapol_decode(pdu, &eapol, NULL) < 0)
		return "?";
	return field_value_name(&eapol_protocol.header[1], eapol.type);
}

/* A message as the files write reactions: "FRAME[EAPOL-Start]", "CLOSE[malformed]". */
static void add_message(struct played *played, struct view octets)
{
	struct packet p;
	const char *argument = NULL;

	if (dxi_decode(octets, &p, NULL) < 0) {
		played_add(played, "?", NULL, octets);
		return;
	}
	if (p.header[DXI_TYPE] == DXI_FRAME)
		argument = pdu_name(packet_find(&p, 0, DXI_EAPOL)->value);
	else if (packet_find(&p, 0, DXI_ERROR))
		argument = dxi_error_name(packet_uint(&p, 0, DXI_ERROR, 0));
	played_add(played, p.message->name, argument, octets);
}

static void add_frame(struct played *played, struct view octets)
{
	struct eapol_frame frame;

	if (eapol_frame_decode(octets, &frame, NULL) < 0 ||
		frame.ethertype != EAPOL_PREAUTH_ETHERTYPE)
		played_add(played, "LAN", "?", octets);
	else
		played_add(played, "LAN", pdu_name(frame.pdu), octets);
}

/* A connection that ends after CLOSE is told by CLOSE. */
static void add_end(struct played *played)
{
	if (!strstr(played->reaction, "CLOSE"))
		played_add(played, "close", NULL, VIEW_EMPTY);
}

static void take_reject(struct played *played, const struct reject *reject)
{
	if (played->reject.reason == REJECT_NONE)
		played->reject = *reject;
}

/* --- access point and proxy ------------------------------------------------------------------- */

static struct eap_end *new_server_end(void *context, const struct dxi_port *port)
{
	(void)port;
	return play_eap_new(context);
}

static void server_actions(struct played *played, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		switch ((enum dxi_server_event)a->event) {
		case DXI_SERVER_SEND:
			add_message(played, a->data);
			break;
		case DXI_SERVER_LAN_SEND:
			add_frame(played, a->data);
			break;
		case DXI_SERVER_DISCONNECT:
			add_end(played);
			break;
		case DXI_SERVER_REJECTED:
			take_reject(played, &a->reject);
			break;
		case DXI_SERVER_PAUSE:
		case DXI_SERVER_RESUME:
		case DXI_SERVER_OPENED:
		case DXI_SERVER_AUTHENTICATED:
		case DXI_SERVER_FAILED:
			break;
		}
	}
}

static void play_server(
	const struct vector *v, struct play_eap *ends, struct actions *actions, struct played *out)
{
	struct dxi_server_config config = {.bssids = {dxi_mac(ap1), dxi_mac(ap2)},
		.bssid_count = 2,
		.proxy = v->place.proxy,
		.context = ends,
		.eap_new = new_server_end};
	struct dxi_server *server = dxi_server_new(&config);
	struct endpoint peer;

	endpoint_parse("192.0.2.12:41000", 0, &peer);
	actions_clear(actions);
	struct dxi_connection *c = dxi_server_accept(server, &peer, 0, actions);
	for (size_t i = 0; i < v->place.before_count; i++) {
		actions_clear(actions);
		dxi_server_input(server, c, v->place.before[i], 0, actions);
	}
	actions_clear(actions);
	dxi_server_input(server, c, v->octets, 0, actions);
	server_actions(out, actions);
	dxi_server_free(server);
}

/* --- station ---------------------------------------------------------------------------------- */

static struct eap_end *new_peer_end(void *context)
{
	return play_eap_new(context);
}

static void client_actions(struct played *played, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		switch ((enum dxi_client_event)a->event) {
		case DXI_CLIENT_SEND:
			add_message(played, a->data);
			break;
		case DXI_CLIENT_DISCONNECT:
			add_end(played);
			break;
		case DXI_CLIENT_REJECTED:
			take_reject(played, &a->reject);
			break;
		case DXI_CLIENT_CONNECT:
		case DXI_CLIENT_AUTHENTICATED:
		case DXI_CLIENT_FAILED:
			break;
		}
	}
}

static void play_station(
	const struct vector *v, struct play_eap *ends, struct actions *actions, struct played *out)
{
	struct dxi_client_config config = {.context = ends, .eap_new = new_peer_end};
	struct dxi_client client;

	memcpy(config.station, station, MAC_SIZE);
	dxi_client_begin(&client, &config);
	actions_clear(actions);
	dxi_client_authenticate(&client, ap1, 0, actions);
	dxi_client_connected(&client, 0, actions);
	for (size_t i = 0; i < v->place.before_count; i++) {
		actions_clear(actions);
		dxi_client_input(&client, v->place.before[i], 0, actions);
	}
	actions_clear(actions);
	dxi_client_input(&client, v->octets, 0, actions);
	client_actions(out, actions);
	dxi_client_end(&client);
}

struct finding play_dxi(const struct vector *v)
{
	struct actions *actions = malloc(sizeof(*actions));
	struct played played = {0};
	struct play_eap ends;
	char why[256];

	if (!actions)
		abort();
	struct finding f;
	if (play_eap_begin(&ends, v->group, (uint8_t)v->place.identifier, v->to_server, why,
		    sizeof(why)) < 0) {
		f = finding_of(CHECK_OUTSIDE, "%s", why);
	} else {
		if (v->to_server)
			play_server(v, &ends, actions, &played);
		else
			play_station(v, &ends, actions, &played);
		f = played_compare(v, &played);
	}
	play_eap_end(&ends);
	free(actions);
	return f;
}
