// SPDX-License-Identifier: Apache-2.0
/*
 * The DHCP client's engine (RFC 2131 §4.4): it acquires, keeps and returns one address, for its
 * own host or on behalf of another (chaddr and client identifier are arguments). It does no I/O.
 *
 * ACTION_SEND: `data` is the DHCP message, the payload of UDP from `local` to `peer`, both always
 * set. When `local` is 0.0.0.0 the client has no address yet: send a raw frame (dhcp_frame.h) to
 * the broadcast MAC. Otherwise an ordinary UDP socket bound to `local` does. A client with a relay
 * address sends from that address and port 67, and expects answers there.
 */
#ifndef BATON_DHCP_DHCP_CLIENT_H
#define BATON_DHCP_DHCP_CLIENT_H

#include "ref/base/engine.h"
#include "ref/base/fsm.h"
#include "ref/base/random.h"

#define DHCP_ADDRESSES_MAX 4
#define DHCP_CLIENT_ID_MAX 64
#define DHCP_NAME_MAX 255
#define DHCP_PARAMETERS_MAX 32

enum dhcp_state { /* RFC 2131 Figure 5, and: */
	DHCP_STATE_STOPPED,
	DHCP_STATE_INIT, /* before the first DISCOVER */
	DHCP_STATE_SELECTING,
	DHCP_STATE_REQUESTING,
	DHCP_STATE_CHECKING, /* DHCPACK is here, the owner looks whether the address is free */
	DHCP_STATE_BOUND,
	DHCP_STATE_RENEWING,
	DHCP_STATE_REBINDING,
	DHCP_STATE_INIT_REBOOT,
	DHCP_STATE_REBOOTING,
	DHCP_STATE_INFORMING,
};

/* What the owner tells the engine. */
enum dhcp_event_kind {
	DHCP_EVENT_START,	   /* acquire an address; `address` if set is asked for */
	DHCP_EVENT_REBOOT,	   /* verify `address`, held before (INIT-REBOOT) */
	DHCP_EVENT_INFORM,	   /* `address` came from elsewhere; ask for the rest */
	DHCP_EVENT_RENEW,	   /* renew now, before T1 */
	DHCP_EVENT_REBIND,	   /* ask any server now: the link changed under the lease */
	DHCP_EVENT_ADDRESS_FREE,   /* answer to DHCP_REPORT_CHECK */
	DHCP_EVENT_ADDRESS_IN_USE, /* the same, or later: DHCPDECLINE and begin anew */
	DHCP_EVENT_RELEASE,	   /* give the address back, stop */
	DHCP_EVENT_STOP,	   /* stop and say nothing */
};

struct dhcp_event {
	enum dhcp_event_kind kind;
	uint32_t address; /* host byte order; 0: none */
};

/* What the engine reports: `event` of an ACTION_REPORT, and its `name`. The lease is at
 * dhcp_client_lease() then. */
enum dhcp_report {
	DHCP_REPORT_CHECK,    /* "dhcp_check": look whether lease->address is free, then answer */
	DHCP_REPORT_BOUND,    /* "dhcp_bound": configure it */
	DHCP_REPORT_RENEWED,  /* "dhcp_renewed": the lease runs on */
	DHCP_REPORT_INFORMED, /* "dhcp_informed" */
	DHCP_REPORT_NAK,      /* "dhcp_nak": refused, beginning anew; remove the address */
	DHCP_REPORT_EXPIRED,  /* "dhcp_expired": remove the address; beginning anew */
	DHCP_REPORT_DECLINED, /* "dhcp_declined" */
	DHCP_REPORT_RELEASED, /* "dhcp_released" */
	DHCP_REPORT_FAILED,   /* "dhcp_failed": nobody answered `attempts` times; stopped */
	DHCP_REPORT_REJECTED, /* "dhcp_rejected": a message was not taken, why is in `reject` */
};

struct dhcp_client_config {
	uint8_t hardware_type, hardware_size; /* of `hardware`; 0, 0: Ethernet, 6 */
	uint8_t hardware[16];		      /* chaddr */
	uint8_t client_id[DHCP_CLIENT_ID_MAX]; /* option 61 with its type octet */
	size_t client_id_size;		       /* 0: the option is not sent */
	char host_name[DHCP_NAME_MAX + 1];     /* option 12; "" not sent */
	uint8_t parameters[DHCP_PARAMETERS_MAX]; /* option 55; none: mask, router, DNS, domain */
	size_t parameter_count;
	uint32_t lease_seconds; /* option 51 in DISCOVER and REQUEST; 0: not sent */
	bool broadcast;		/* the BROADCAST flag: answers cannot come to chaddr */
	bool check_address;	/* ask the owner (DHCP_REPORT_CHECK) before the address is used */
	struct endpoint relay;	/* giaddr: our own address, answers come to port 67; or none */
	struct endpoint server; /* send there instead of broadcasting; or none */
	struct endpoint local;	/* an address to send from before there is a lease; or none */
	/* Times; zero: the default in brackets. A negative delay or jitter is none at all. */
	btime start_delay_max;	/* before the first DISCOVER, from 1 s to this [10 s], §4.4.1 */
	btime retransmit_first; /* [4 s] doubled each time, §4.1 */
	btime retransmit_max;	/* [64 s] */
	btime retransmit_jitter; /* [1 s] up to this is added or taken away */
	btime repeat_first;	/* [none] what is asked first goes out once more after this, beside
				 * the times above: on a radio, the access point may open its
				 * port a moment after the station's, and drop until then */
	btime renew_min;	/* [60 s] least time between REQUESTs in RENEWING, §4.4.5 */
	btime decline_delay;	/* [10 s] after DHCPDECLINE, §3.1 point 5 */
	btime offer_wait;	/* [0] collect offers that long, then take the best */
	unsigned attempts;	/* [5] of DISCOVER, and of REQUEST before a lease */
	unsigned reboot_attempts; /* [attempts] of REQUEST in REBOOTING; then a DISCOVER, §3.2 */
	bool keep_trying;	/* after DHCP_REPORT_FAILED begin anew instead of stopping */
	struct random *random;	/* must outlive the client */
};

/* What a DHCPACK gave. Addresses in host byte order, 0 none; times in seconds. */
struct dhcp_lease {
	uint32_t address, mask, server, broadcast;
	uint32_t routers[DHCP_ADDRESSES_MAX], dns[DHCP_ADDRESSES_MAX]; /* 0 ends */
	uint32_t seconds, renewal_seconds, rebinding_seconds; /* 0xffffffff: for ever */
	uint16_t mtu;
	char domain[DHCP_NAME_MAX + 1];
	btime acquired, renews, rebinds, expires; /* counted from the REQUEST was sent, §4.4.1 */
};

struct dhcp_client;

/* A client, stopped. The configuration is copied. NULL without `random` or with a hardware size
 * above 16 or client_id_size above DHCP_CLIENT_ID_MAX. */
struct dhcp_client *dhcp_client_new(const struct dhcp_client_config *config);
void dhcp_client_free(struct dhcp_client *client);

/* A DHCP message that arrived, without its UDP header. 0 when it was taken; -1 when it was not
 * (also reported). */
int dhcp_client_input(struct dhcp_client *client, struct view datagram, btime now,
	struct actions *actions);

/* 0, or -1 when the event makes no sense in the present state. */
int dhcp_client_event(struct dhcp_client *client, const struct dhcp_event *event, btime now,
	struct actions *actions);

/* The time has come; does nothing before dhcp_client_due(). */
int dhcp_client_tick(struct dhcp_client *client, btime now, struct actions *actions);
btime dhcp_client_due(const struct dhcp_client *client);

/* Where the state machine is (RFC 2131 §4.4, Figure 5), and its name there. */
enum dhcp_state dhcp_client_state(const struct dhcp_client *client);
const char *dhcp_state_name(enum dhcp_state state); /* "BOUND"; static */

/* The present lease, or the one in question after DHCP_REPORT_CHECK; NULL when there is none. */
const struct dhcp_lease *dhcp_client_lease(const struct dhcp_client *client);

/* Any option of the last DHCPACK, put together from its parts; as dhcp_option_copy. */
int dhcp_client_option(const struct dhcp_client *client, unsigned code, void *out, size_t size);

/* The state machine, for drawing and for counting rows. */
extern const struct fsm dhcp_client_fsm;

#endif
