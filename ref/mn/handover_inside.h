// SPDX-License-Identifier: Apache-2.0
/* The handover of a mobile node, for the files that make it up. */
#ifndef BATON_MN_HANDOVER_INSIDE_H
#define BATON_MN_HANDOVER_INSIDE_H

#include "ref/mn/client.h"
#include "ref/mn/handover.h"
#include "ref/mn/home.h"
#include "ref/mn/lease.h"
#include "ref/mn/reach.h"
#include "ref/mn/station.h"
#include "ref/mn/tunnel.h"

/*     symbol             name in status          what is waited for */
#define MOVE_STATES(X)                                                                             \
	X(DETACHED, "detached")		      /* nowhere, or without an address */                 \
	X(ATTACHED, "attached")		      /* in the serving network */                         \
	X(JOINING, "joining")		      /* unprepared: the radio */                          \
	X(REACHING, "reaching")		      /* the agent on the new link */                      \
	X(AUTHENTICATING, "authenticating")   /* the agent */                                      \
	X(CONFIGURING, "configuring")	      /* an address */                                     \
	X(REGISTERING, "registering")	      /* the correspondents */                             \
	X(PRE_AUTHENTICATING, "pre-authenticating") /* prepared: the new network's agent */        \
	X(PRE_CONFIGURING, "pre-configuring") /* an address there */                               \
	X(PRE_TUNNELLING, "pre-tunnelling")   /* the tunnel to its router */                       \
	X(PREPARED, "prepared")		      /* the word to go */                                 \
	X(LOOKING, "looking")		      /* the access point is in reach */                   \
	X(BINDING, "binding")		      /* correspondents, through the tunnel */             \
	X(HANDING_OVER, "handing over")	      /* the router: packets held, tunnel deleted */       \
	X(SWITCHING, "switching")	      /* the radio */                                      \
	X(KNOCKING, "knocking")		      /* the router on the new link */                     \
	X(ARRIVING, "arriving")		      /* the router knows that we are here */

enum move_state {
#define X(symbol, name) MOVE_##symbol,
	MOVE_STATES(X)
#undef X
	MOVE_STATE_COUNT
};

#define MOVE_EVENTS(X)                                                                             \
	X(GO_UNPREPARED, "go unprepared")                                                          \
	X(PREPARE, "prepare")                                                                      \
	X(PARK, "another candidate")                                                               \
	X(RESUME, "prepared before")                                                               \
	X(GO, "go")                                                                                \
	X(EARLY, "the move comes early")                                                           \
	X(LEAVE, "leave")                                                                          \
	X(ASSOCIATED, "associated")                                                                \
	X(L2_UP, "L2 up")                                                                          \
	X(L2_DOWN, "L2 down")                                                                      \
	X(L2_FAILED, "L2 failed")                                                                  \
	X(SEEN, "access point seen")                                                               \
	X(REACHED, "reached")                                                                      \
	X(AUTHENTICATED, "authenticated")                                                          \
	X(LEASE, "lease")                                                                          \
	X(LOST, "address lost")                                                                    \
	X(ADDRESS, "address context")                                                              \
	X(TUNNEL, "tunnel up")                                                                     \
	X(BOUND, "bound")                                                                          \
	X(DONE, "done")                                                                            \
	X(REFUSED, "refused")                                                                      \
	X(TIMEOUT, "time-out")

enum move_event {
#define X(symbol, name) MOVE_EVENT_##symbol,
	MOVE_EVENTS(X)
#undef X
	MOVE_EVENT_COUNT
};

#define MOVE_ROWS_MAX 96

/* What control requests wait for; reports of struct waiters with the handover as subject. */
enum { HANDOVER_PREPARED, HANDOVER_COMPLETED, HANDOVER_FAILED };

struct handover {
	struct mn *mn;
	struct node *node;
	const struct device_settings *settings;
	struct station *station;
	struct lease *lease;
	struct home *home;
	struct reach *reach;
	struct timer *patience;
	struct timer *candidates; /* when the next of them ends */
	struct timer *settle; /* after a move: what is not urgent */
	bool unsettled;

	int state; /* enum move_state */
	uint32_t hits[MOVE_ROWS_MAX];
	struct network *target, *previous;
	bool is_handoff;   /* a move asked for by a command, not the first attachment */
	bool go;	   /* move as soon as everything is ready */
	bool want_buffer;
	bool going_back;   /* `wanted` could not be had: back to the previous network */
	struct network *wanted;
	bool reused;	   /* the session with the target is one of before */
	bool binding;	   /* correspondents are being told the new address */
	bool bound;	   /* and have taken it */
	bool buffered;	   /* the router holds packets */
	bool prepared;	   /* the address came along: `next` */
	bool announced;	   /* and was announced in its network */
	char why[192];	   /* it failed, or fell back */

	struct lease_address next; /* nCoA with its router; family 0: not known */
	struct tunnel tunnel;
	struct ike_tunnels *ike; /* NULL: PANA manages them */
	bool deleting;		 /* that of `tunnel` by IKE, at our request */
	btime tunnel_until; /* the router keeps it so long */
	uint16_t request_id; /* of the last notification that wants an answer */
};

/* The rows. */
const struct fsm *handover_machine(void);

/* One step of the state machine. */
void handover_step(struct handover *handover, enum move_event event);

/* The same, the reason remembered. */
void handover_fail(struct handover *handover, enum move_event event, const char *why);

/* Does at once what is left to do after the last move. */
void handover_settle(struct handover *handover);

/* --- handover_ike.c: address and tunnel by IKEv2 ------------------------------------------------- */

/* Whether IKEv2 is what brings address and tunnel. */
bool handover_by_ike(const struct handover *handover);

/* Whether it carries EAP as well: no PANA with a network that is to come. */
bool handover_by_eap(const struct handover *handover);

/* Begins with the target's router; refused at once when the PANA session has no keys. */
void handover_begin_ike(struct handover *handover);

/* Raises what was agreed on; the next step is taken. */
void handover_raise_ike(struct handover *handover);

/* Has the tunnel deleted, from `local` if that is not NULL. */
void handover_delete_ike(struct handover *handover, const struct endpoint *local);

/* A report of struct ike_tunnels. */
void handover_ike(void *handover, struct ike_tunnel *tunnel, enum ike_tunnel_report report,
	const char *why);

/* --- handover_actions.c: what the rows do ------------------------------------------------------ */

/*
 * Actions of the rows that name them, as struct fsm_row wants them: 0, or -1 when the step was not
 * done. `handover` is the struct handover; `input` is not used. What each is for stands in the
 * rows.
 */
int act_join(void *handover, const void *input);
int act_reach_agent(void *handover, const void *input);
int act_authenticate(void *handover, const void *input);
int act_acquire(void *handover, const void *input);
int act_register(void *handover, const void *input);
int act_complete(void *handover, const void *input);
int act_preauthenticate(void *handover, const void *input);
int act_request_address(void *handover, const void *input);
int act_reuse_session(void *handover, const void *input);
int act_request_tunnel(void *handover, const void *input);
int act_tell_prepared(void *handover, const void *input);
int act_look(void *handover, const void *input);
int act_bind(void *handover, const void *input);
int act_hand_over(void *handover, const void *input);
int act_switch(void *handover, const void *input);
int act_arrive(void *handover, const void *input);
int act_knock(void *handover, const void *input);
int act_announce(void *handover, const void *input);
int act_abandon(void *handover, const void *input);
int act_fall_back(void *handover, const void *input);
int act_switch_early(void *handover, const void *input);
int act_go_back(void *handover, const void *input);
int act_fail(void *handover, const void *input);
int act_leave(void *handover, const void *input);
int act_want_move(void *handover, const void *input);
int act_park(void *handover, const void *input);
int act_tell_lost(void *handover, const void *input);
int act_resume(void *handover, const void *input);

#endif
