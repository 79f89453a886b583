// SPDX-License-Identifier: Apache-2.0
/*
 * IPv4 address conflict detection (RFC 5227): looks whether an address is free, announces it, and
 * watches and defends it afterwards. One engine watches one address of one interface. It does no
 * I/O: the octets of an ACTION_SEND are a whole Ethernet frame for a packet socket, its endpoints
 * unset; acd_input takes ARP frames received there (its own echoes are ignored).
 */
#ifndef BATON_DHCP_ACD_H
#define BATON_DHCP_ACD_H

#include "ref/base/engine.h"
#include "ref/base/fsm.h"
#include "ref/base/random.h"

enum acd_state {
	ACD_STATE_STOPPED,
	ACD_STATE_WAITING, /* the random delay before the first probe */
	ACD_STATE_PROBING,
	ACD_STATE_ANNOUNCE_WAIT, /* all probes sent, a late answer may come */
	ACD_STATE_ANNOUNCING,
	ACD_STATE_WATCHING,
};

/* RFC 5227 §2.4 (a), (b), (c). */
enum acd_defence { ACD_DEFEND_NEVER, ACD_DEFEND_ONCE, ACD_DEFEND_ALWAYS };

/* The constants of RFC 5227 §1.1, in its names. */
struct acd_config {
	uint8_t mac[6];
	btime probe_wait, probe_min, probe_max, announce_wait, announce_interval;
	btime defend_interval, rate_limit_interval;
	unsigned probe_num, announce_num, max_conflicts;
	enum acd_defence defence;
	struct random *random; /* must outlive the engine */
};

enum acd_event_kind {
	ACD_EVENT_PROBE,    /* look whether `address` is free, then announce and watch it */
	ACD_EVENT_CHECK,    /* look only: stop after ACD_REPORT_FREE */
	ACD_EVENT_ANNOUNCE, /* known to be free (it moved here): announce and watch it */
	ACD_EVENT_STOP,
};

struct acd_event {
	enum acd_event_kind kind;
	uint32_t address; /* host byte order */
};

/* `event` of an ACTION_REPORT; data holds the other's MAC where there is another. */
enum acd_report {
	ACD_REPORT_FREE,      /* "acd_free": nobody has it, use it now */
	ACD_REPORT_CONFLICT,  /* "acd_conflict": somebody has it or wants it too; stopped */
	ACD_REPORT_ANNOUNCED, /* "acd_announced": the last announcement went out */
	ACD_REPORT_DEFENDED,  /* "acd_defended": a conflict, and our announcement against it */
	ACD_REPORT_LOST,      /* "acd_lost": stop using the address at once; stopped */
};

/* In the caller's memory; its content is the engine's. */
struct acd {
	struct acd_config config;
	int state;
	uint32_t address;
	bool check_only;
	unsigned sent;	    /* probes or announcements of the present phase */
	unsigned conflicts; /* since acd_init */
	btime due, defended; /* next action; last defence, negative before one */
};

/* RFC 5227's own values, defence once. */
struct acd_config acd_config_default(const uint8_t mac[6], struct random *random);

/* Idle, with a copy of the configuration, whose `random` must outlive it. */
void acd_init(struct acd *acd, const struct acd_config *config);
/* 0 when the frame says something about the address, -1 when it does not. */
int acd_input(struct acd *acd, struct view frame, btime now, struct actions *actions);
int acd_event(struct acd *acd, const struct acd_event *event, btime now, struct actions *actions);
int acd_tick(struct acd *acd, btime now, struct actions *actions);
btime acd_due(const struct acd *acd);

/* The state machine, for drawing and for counting rows. */
extern const struct fsm acd_fsm;

#endif
