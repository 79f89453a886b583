// SPDX-License-Identifier: Apache-2.0
/*
 * The client as its owner sees it: messages, events and the time become steps of the state machine
 * (dhcp_client_fsm.c). A message is checked whole before it is one.
 */
#include <stdlib.h>

#include "ref/dhcp/dhcp_client_inside.h"

static int step(struct dhcp_client *c, int event, const void *input, btime now,
	struct actions *actions)
{
	c->now = now;
	c->actions = actions;
	int result = fsm_step(&dhcp_client_fsm, &c->state, event, c, input, NULL, NULL);
	c->actions = NULL;
	return result;
}

static int take(struct dhcp_client *c, struct view datagram, btime now, struct actions *actions,
	struct reject *reject)
{
	struct dhcp_packet packet;
	int event;

	if (datagram.size > DHCP_MESSAGE_MAX)
		return reject_set(reject, REJECT_LENGTH, "message", "RFC 2132 §9.10", 0,
			datagram.size);
	if (dhcp_decode(datagram, &packet, reject) < 0 || check_reply(c, &packet, reject) < 0)
		return -1;
	unsigned type = dhcp_type(&packet);
	if (type == DHCP_OFFER && packet.packet.header[DHCP_YIADDR] == 0)
		return reject_set(reject, REJECT_VALUE, "yiaddr", "RFC 2131 Table 3", 16, 0);
	if (type == DHCP_ACK && check_ack(c, &packet, reject) < 0)
		return -1;
	event = type == DHCP_OFFER ? DHCP_RX_OFFER : type == DHCP_ACK ? DHCP_RX_ACK : DHCP_RX_NAK;
	if (step(c, event, &packet, now, actions) < 0)
		return reject_set(reject, REJECT_STATE, "DHCP Message Type", "RFC 2131 Figure 5",
			DHCP_FIXED_SIZE, type);
	if (type == DHCP_ACK) {
		memcpy(c->ack, datagram.data, datagram.size);
		c->ack_size = datagram.size;
	}
	return 0;
}

int dhcp_client_input(struct dhcp_client *c, struct view datagram, btime now,
	struct actions *actions)
{
	struct reject reject = { 0 };

	if (take(c, datagram, now, actions, &reject) == 0)
		return 0;
	c->actions = actions;
	struct action *action = dhcp_client_report(c, DHCP_REPORT_REJECTED);
	c->actions = NULL;
	if (action)
		action->reject = reject;
	return -1;
}

int dhcp_client_event(struct dhcp_client *c, const struct dhcp_event *event, btime now,
	struct actions *actions)
{
	return step(c, (int)event->kind, event, now, actions);
}

int dhcp_client_tick(struct dhcp_client *c, btime now, struct actions *actions)
{
	return now < c->due ? 0 : step(c, DHCP_TIMER, NULL, now, actions);
}

btime dhcp_client_due(const struct dhcp_client *c)
{
	return c->due;
}

static btime time_or(btime given, btime otherwise)
{
	return given < 0 ? 0 : given == 0 ? otherwise : given;
}

struct dhcp_client *dhcp_client_new(const struct dhcp_client_config *config)
{
	if (!config->random || config->hardware_size > sizeof(config->hardware) ||
		config->client_id_size > sizeof(config->client_id) ||
		config->parameter_count > sizeof(config->parameters))
		return NULL;
	struct dhcp_client *c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->config = *config;
	if (config->hardware_size == 0) {
		c->config.hardware_type = 1;
		c->config.hardware_size = 6;
	}
	c->config.start_delay_max = time_or(config->start_delay_max, 10 * BTIME_S);
	c->config.retransmit_first = time_or(config->retransmit_first, 4 * BTIME_S);
	c->config.retransmit_max = time_or(config->retransmit_max, 64 * BTIME_S);
	c->config.retransmit_jitter = time_or(config->retransmit_jitter, BTIME_S);
	c->config.renew_min = time_or(config->renew_min, 60 * BTIME_S);
	c->config.decline_delay = time_or(config->decline_delay, 10 * BTIME_S);
	c->config.attempts = config->attempts ? config->attempts : 5;
	c->config.reboot_attempts = config->reboot_attempts ? config->reboot_attempts :
							      c->config.attempts;
	c->due = BTIME_NEVER;
	return c;
}

void dhcp_client_free(struct dhcp_client *c)
{
	free(c);
}

enum dhcp_state dhcp_client_state(const struct dhcp_client *c)
{
	return (enum dhcp_state)c->state;
}

const char *dhcp_state_name(enum dhcp_state state)
{
	return dhcp_client_fsm.states[state];
}

const struct dhcp_lease *dhcp_client_lease(const struct dhcp_client *c)
{
	return c->has_lease ? &c->lease : NULL;
}

int dhcp_client_option(const struct dhcp_client *c, unsigned code, void *out, size_t size)
{
	struct dhcp_packet packet;

	if (c->ack_size == 0 || dhcp_decode(VIEW(c->ack, c->ack_size), &packet, NULL) < 0)
		return -1;
	return dhcp_option_copy(&packet, code, out, size);
}
