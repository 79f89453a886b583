// SPDX-License-Identifier: Apache-2.0
/*
 * The roles that an implementation under test can play, as rows: which protocol it speaks, which
 * points of the ordinary exchange a suite can name, and who plays the other side. A new protocol
 * joins the suite language with a row here and a peer; the language itself knows none.
 */
#ifndef TESTBED_SUITE_ROLE_H
#define TESTBED_SUITE_ROLE_H

#include "ref/base/wire.h"
#include "testbed/topology/arena.h"

struct peer_ops; /* testbed/suite/peer.h */

/* A point of the ordinary exchange: `auto until NAME`. */
struct role_point {
	const char *name;
	const char *meaning; /* for the manual and for messages */
};

/* An element whose value is a packet of another protocol: EAP-Payload.Code. */
struct role_inner {
	uint32_t vendor, code;
	const struct protocol *protocol;
};

/* What messages travel in. Frames have MAC addresses and an EtherType where datagrams have IP
 * addresses and a port: a struct endpoint of family AF_PACKET. */
enum carrier {
	CARRIER_UDP,
	CARRIER_FRAMES, /* Ethernet frames of one EtherType */
	CARRIER_STREAM, /* TCP, cut into messages by the length in their header */
};

/* A LAN beside the connections, for who passes on what one message carries (link_lan.h). */
struct role_lan {
	uint16_t ethertype;
	const char *message;
	unsigned first, second; /* header fields: the two addresses; the tester has the second */
	uint32_t element;	/* what the frame carries */
};

struct role {
	const char *name;  /* of the implementation under test, "paa" */
	const char *title; /* "PANA authentication agent" */
	const char *peer;  /* the tester's own role, "pac" */
	const struct protocol *protocol;
	enum carrier carrier;
	uint16_t port;			  /* of the protocol, or its EtherType; host byte order */
	uint16_t nat_port;		  /* RFC 3948: four zero octets go before a message there */
	bool tester_serves;		  /* the tester sends from that port; else from any */
	bool own_port;			  /* the first session sends from that port all the same */
	bool to_group;			  /* frames go to the PAE group address, always */
	uint32_t seal;			  /* code of the integrity element (vendor 0); 0: none */
	const struct role_point *points;  /* ends with a row whose name is NULL */
	const struct role_lan *lan;	  /* what the session named lan is about; NULL: none */
	const struct role_inner *inner;	  /* ends with a row whose protocol is NULL */
	const struct peer_ops *ops;
	/* What the tables of the protocol alone cannot do; NULL where they can. */
	/* Reads a message: 0, or -1 with *reject filled and what could be read. Sets out->message. */
	int (*decode)(struct view octets, struct packet *out, struct reject *reject);
	/* Last hand on the elements of a message to be sent; set[i]: the suite set element i. */
	void (*arrange)(struct packet *packet, const bool *set, struct arena *arena);
	const uint32_t *shown; /* elements (vendor 0) that name a message in reports; ends with 0 */
	bool lists_elements;   /* ... or all of them do */
	bool eap_aside;	       /* works without EAP: no method must be claimed */
	/* Whether who sent the message waits for an answer; NULL: by its flags. */
	bool (*asks)(const struct packet *packet);
	/* An element that a suite adds without a value; NULL: by the first field of its row. */
	struct view (*standard)(uint32_t vendor, uint32_t code, struct arena *arena);
};

/* The row of that name, or NULL. */
const struct role *role_named(const char *name);

/* All rows; ends with one whose name is NULL. */
extern const struct role roles[];

/* The protocol inside that element, or NULL. */
const struct protocol *role_inner_protocol(const struct role *role, const struct element *element);

/* Flags that every row of the message's name has, such as the request bit: what a suite need not
 * say. */
uint32_t message_base_flags(const struct protocol *p, const struct message *m);

/* The message that type and base flags mean, whatever the other flags are; NULL if none. */
const struct message *message_like(const struct protocol *p, uint64_t type, uint64_t flags);

#endif
