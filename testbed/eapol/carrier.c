// SPDX-License-Identifier: Apache-2.0
/*
 * The peer sends EAPOL-Start until a request comes, answers requests, and is done at the result.
 * The server begins by itself, begins anew at an EAPOL-Start, and sends its request again after a
 * second without answer; the result is sent once (IEEE 802.1X-2010 §8.4, and RFC 3748 §4.3).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ref/dot1x/eapol.h"
#include "ref/eap/eap_packet.h"
#include "ref/host/frames.h"
#include "ref/host/kernel.h"
#include "ref/host/link.h"
#include "testbed/eapol/carrier.h"

#define AGAIN BTIME_S

static const uint8_t pae_group[MAC_SIZE] = { 0x01, 0x80, 0xc2, 0, 0, 3 };

struct carrier {
	const struct carrier_settings *settings;
	struct eap_end *end;
	struct loop *loop;
	struct frames *frames;
	struct timer *again, *patience;
	uint8_t own[MAC_SIZE], other[MAC_SIZE];
	bool begun; /* the other end has been heard */
	unsigned left;
};

static void show(const struct carrier *c, const char *direction, struct view packet)
{
	struct eap_packet p;

	if (!c->settings->verbose)
		return;
	if (eap_decode(packet, &p, NULL) < 0)
		fprintf(stderr, "%s %zu octets that are no EAP packet\n", direction, packet.size);
	else
		fprintf(stderr, "%s code=%u identifier=%u type=%s size=%zu\n", direction, p.code,
			p.identifier, p.type ? eap_type_name(p.type) : "-", packet.size);
}

static void send_pdu(struct carrier *c, enum eapol_type type, struct view body)
{
	uint8_t pdu[EAPOL_PDU_MAX], room[EAPOL_PDU_MAX + 14];
	struct writer p = writer_of(pdu, sizeof(pdu)), w = writer_of(room, sizeof(room));
	struct eapol_frame frame = { .ethertype = EAPOL_ETHERTYPE };

	eapol_encode(type, body, &p);
	memcpy(frame.destination, c->other, MAC_SIZE);
	memcpy(frame.source, c->own, MAC_SIZE);
	frame.pdu = writer_view(&p);
	eapol_frame_encode(&frame, &w);
	if (type == EAPOL_EAP)
		show(c, "->", body);
	if (!w.failed)
		frames_send(c->frames, writer_view(&w));
}

static void begin(struct carrier *c)
{
	c->begun = false;
	c->end->ops->start(c->end);
	memcpy(c->other, pae_group, MAC_SIZE);
	if (c->settings->server)
		send_pdu(c, EAPOL_EAP, c->end->output);
	else
		send_pdu(c, EAPOL_START, VIEW_EMPTY);
	timer_set(c->again, loop_now() + AGAIN);
	timer_set(c->patience, loop_now() + c->settings->patience);
}

static void conclude(struct carrier *c)
{
	c->settings->result(c->settings->context, c->end);
	if (c->end->status != EAP_SUCCESS)
		loop_stop(c->loop, 1);
	else if (--c->left == 0)
		loop_stop(c->loop, 0);
	else
		begin(c);
}

static void timer_again(void *context)
{
	struct carrier *c = context;

	if (c->settings->server)
		send_pdu(c, EAPOL_EAP, c->end->output);
	else if (!c->begun)
		send_pdu(c, EAPOL_START, VIEW_EMPTY);
	timer_set(c->again, loop_now() + AGAIN);
}

static void timer_patience(void *context)
{
	struct carrier *c = context;

	if (!c->end->failure)
		c->end->failure = c->begun ? "the conversation took too long" : "nobody answered";
	c->settings->result(c->settings->context, c->end);
	loop_stop(c->loop, 1);
}

static void take_eap(struct carrier *c, struct view packet)
{
	struct reject reject = { 0 };
	char text[256];

	show(c, "<-", packet);
	c->begun = true;
	enum eap_status before = c->end->status;
	enum eap_status status = c->end->ops->input(c->end, packet, &reject);
	if (reject.reason && c->settings->verbose)
		fprintf(stderr, "   %s\n", reject_text(&reject, text, sizeof(text)));
	if (reject.reason && status == before)
		return;
	bool over = status == EAP_SUCCESS || status == EAP_FAILURE;
	if (status == EAP_OUTPUT || (over && c->settings->server))
		send_pdu(c, EAPOL_EAP, c->end->output);
	timer_set(c->again, loop_now() + AGAIN);
	if (over)
		conclude(c);
}

static void receive(void *context, const struct frame *raw)
{
	struct carrier *c = context;
	struct eapol_frame frame;
	struct eapol pdu;

	if (raw->outgoing || eapol_frame_decode(raw->data, &frame, NULL) < 0 ||
		eapol_decode(frame.pdu, &pdu, NULL) < 0)
		return;
	if (c->settings->server && pdu.type == EAPOL_START) {
		memcpy(c->other, frame.source, MAC_SIZE);
		c->end->ops->start(c->end);
		send_pdu(c, EAPOL_EAP, c->end->output);
		timer_set(c->again, loop_now() + AGAIN);
	} else if (pdu.type == EAPOL_EAP) {
		memcpy(c->other, frame.source, MAC_SIZE);
		take_eap(c, pdu.body);
	}
}

static int find_mac(const char *interface, uint8_t mac[MAC_SIZE])
{
	struct kernel *kernel = kernel_open();
	struct link_info link = { 0 };
	int result = kernel ? link_get(kernel, interface, &link) : -errno;

	if (kernel)
		kernel_close(kernel);
	memcpy(mac, link.mac, MAC_SIZE);
	return result;
}

int carrier_run(struct eap_end *end, const struct carrier_settings *settings)
{
	struct carrier c = { .settings = settings, .end = end, .left = settings->times };
	int status = find_mac(settings->interface, c.own);

	if (status < 0) {
		errno = -status;
		return -1;
	}
	c.loop = loop_new();
	c.frames = frames_open(c.loop, settings->interface, EAPOL_ETHERTYPE, 0, receive, &c);
	status = -1;
	if (c.frames) {
		c.again = timer_new(c.loop, timer_again, &c);
		c.patience = timer_new(c.loop, timer_patience, &c);
		begin(&c);
		status = loop_run(c.loop);
	}
	int error = errno;
	timer_free(c.again);
	timer_free(c.patience);
	frames_close(c.frames);
	loop_free(c.loop);
	errno = error;
	return status;
}
