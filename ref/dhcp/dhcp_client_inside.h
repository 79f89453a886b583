// SPDX-License-Identifier: Apache-2.0
/* The client, as its own files see it. */
#ifndef BATON_DHCP_DHCP_CLIENT_INSIDE_H
#define BATON_DHCP_DHCP_CLIENT_INSIDE_H

#include "ref/dhcp/dhcp_client.h"
#include "ref/dhcp/dhcp_packet.h"

/* Events of the machine: the owner's (enum dhcp_event_kind) and these. */
enum { DHCP_TIMER = DHCP_EVENT_STOP + 1, DHCP_RX_OFFER, DHCP_RX_ACK, DHCP_RX_NAK };

struct offer {
	uint32_t address, server, seconds; /* address 0: none */
};

struct dhcp_client {
	struct dhcp_client_config config;
	int state;
	uint32_t xid;
	uint32_t wanted;      /* address to ask for, verify or inform about; 0: any */
	struct offer offer;   /* the best so far, or the one taken */
	unsigned tries;	      /* messages sent in this state */
	btime started;	      /* of the acquisition, for secs */
	uint16_t secs;	      /* of the last DISCOVER: REQUEST repeats it (RFC 2131 §3.1) */
	btime requested;      /* when the first REQUEST of this state was sent */
	btime due, offer_due; /* of the timer; until when offers are collected */
	btime usual;	      /* 0, or when to retransmit after the early repetition at `due` */
	bool has_lease;
	struct dhcp_lease lease;
	uint8_t ack[DHCP_MESSAGE_MAX]; /* the last DHCPACK, for its options */
	size_t ack_size;

	btime now; /* of the call at hand, with where its actions go */
	struct actions *actions;
};

/* Reports it, during a call; NULL when there is no room. */
struct action *dhcp_client_report(struct dhcp_client *c, enum dhcp_report what);

/* The message rows of RFC 2131 Table 5, one function a row of its columns. */
void send_discover_message(struct dhcp_client *c);
void send_request_message(struct dhcp_client *c); /* by the present state */
void send_decline_message(struct dhcp_client *c);
void send_release_message(struct dhcp_client *c);
void send_inform_message(struct dhcp_client *c);

/* Whether a reply belongs to the exchange under way; and whether a DHCPACK holds what it must. */
int check_reply(const struct dhcp_client *c, const struct dhcp_packet *p, struct reject *reject);
int check_ack(const struct dhcp_client *c, const struct dhcp_packet *p, struct reject *reject);

/* Fills the lease from a DHCPACK that was checked. */
void lease_of_ack(const struct dhcp_packet *ack, btime requested, btime now,
	struct dhcp_lease *lease);

#endif
