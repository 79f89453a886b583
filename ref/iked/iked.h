// SPDX-License-Identifier: Apache-2.0
/* What the files of the IKE node share. */
#ifndef BATON_IKED_IKED_H
#define BATON_IKED_IKED_H

#include "ref/host/allowance.h"
#include "ref/host/udp.h"
#include "ref/ike/ike.h"
#include "ref/iked/sa.h"
#include "ref/iked/settings.h"

struct esp;
struct proof;
struct carry;
struct carrier;
struct behind;
struct again;
struct mover;

/* How the peer is told of our new address, docs/address-change.md §5.1, §5.4. */
enum form { FORM_CONFIGURED, FORM_DIRECT, FORM_TUNNEL, FORM_NEW_SA };

struct iked {
	struct node *node;
	const struct iked_settings *settings;
	struct ike_connection *connections;
	struct proof *proofs; /* one for each connection */
	struct ike *ike;
	struct isakmp *isakmp; /* IKEv1 */
	size_t count_new; /* of `connections`: those of IKEv2, which come first */
	struct udp *plain, *nat;
	struct timer *timer;
	struct esp *esp; /* NULL: nothing goes into the kernel */
	struct carry *carries; /* address changes under way */
	struct carrier *carriers;
	struct behind *behind; /* sockets that are not where their SA is */
	struct mover *mover; /* NULL: sockets stay */
	struct allowances *allowances; /* NULL: nothing limits what goes to a new address */
	struct timer *ageing;
	struct tunnel *tunnels; /* IP-in-IP, while an address changes */
	struct decapsulator *decapsulator; /* NULL: none are taken */
	struct names *names; /* NULL: no DNS */
	struct remote_host *remote_hosts; /* DHCP over IPsec, at either side */
	struct relay *relays;
	struct follow *follow; /* NULL: our address is told by command alone */
	struct ways *ways; /* NULL: answers go by the routes alone */
	unsigned came_in;  /* where the datagram did that is worked on; 0: none is */
	struct again *again; /* one for each connection */
	struct timer *again_timer;
};

/* --- main.c */
void iked_send(struct iked *d, const struct endpoint *local, const struct endpoint *peer,
	struct view data);
/* Carries out what the engine wants, in order. */
void iked_take(struct iked *d, const struct actions *actions);

/* --- proof.c */
/* As ike_credentials_new. */
struct ike_credentials *iked_credentials(const struct iked_certificates *from, char *error,
	size_t size);
/* Certificates and EAP of each connection; -1 after log_error. */
int proofs_make(struct iked *d);
void proofs_free(struct iked *d);
/* Sends what RADIUS servers are to be asked: after every call into the engine. */
void proofs_flush(struct iked *d);

/* --- carry.c */
/* Our address in the SA is to become that of the event: IKE_EVENT_CHANGE is sent, and sockets get
 * ready to go along. 0, or -1 when the SA cannot move. */
int carry_change(struct iked *d, struct ike_sa *sa, const struct ike_event *event, enum form form);
/* The SA has migrated: Child SAs follow, then sockets. */
void carry_migrated(struct iked *d, struct ike_sa *sa, const struct ike_migration *m);
/*
 * What goes to a peer that has moved waits until packets are held here: the answer lets the peer move
 * its sockets, and what those send would find none here. True: it is taken, and sent then.
 */
bool carry_holds(struct iked *d, const struct action *a);
/* Where it is to be of what is under way; false: nothing is. */
bool carry_target(struct iked *d, const struct ike_sa *sa, struct endpoint *out);
/* The peer is where an unverified migration has taken it. */
void carry_verified(struct iked *d, struct ike_sa *sa);
/* Another IKE SA has taken the place of that one. */
void carry_inherit(struct iked *d, const struct ike_sa *old, struct ike_sa *heir);
/* Our address will not change: sockets stay. */
void carry_drop(struct iked *d, const struct ike_sa *sa);
/* The SA is no more. */
void carry_over(struct iked *d, struct ike_sa *sa);
void carry_end(struct iked *d);

/* The peer has moved as well, to there: what it has not answered goes there. */
void carry_peer_at(struct iked *d, struct ike_sa *sa, const struct endpoint *peer);
/* The IKE SA is up: what waited to be said over it is said. */
void carry_established(struct iked *d, struct ike_sa *sa);

/* --- tunnel.c: docs/address-change.md §5.1 */
/* Takes tunnels of any peer where a connection is configured so. 0, or -1 after log_error. */
int tunnels_start(struct iked *d);
void tunnels_stop(struct iked *d);
/* The mover: what goes to the peer from where both know us is inside packets from `to`. 0 or -1. */
int tunnel_leave(struct iked *d, const struct ike_sa *sa, const struct endpoint *to);
/* The correspondent: what goes to where the peer was is inside packets to where it is. */
void tunnel_answer(struct iked *d, const struct ike_sa *sa, const struct ike_migration *m);
/* Ours as a mover (`here`) or as a correspondent is over. */
void tunnel_end(struct iked *d, const struct ike_sa *sa, bool here);
void tunnels_inherit(struct iked *d, const struct ike_sa *old, const struct ike_sa *heir);

/* --- names.c */
/* 0, or -1 after log_error. */
int names_start(struct iked *d);
void names_stop(struct iked *d);
/* We are there now: our name says so, and silent peers are looked for by theirs. */
void names_moved(struct iked *d, const struct endpoint *to);

/* --- follow.c */
/* Moves every SA whose address this host no longer uses towards the peer, when it happens. 0, or
 * -1 after log_error. */
int follow_start(struct iked *d);
/* An SA is up, or is no more. */
void follow_note(struct iked *d, const struct ike_sa *sa);
void follow_forget(struct iked *d, const struct ike_sa *sa);
/* From where the kernel sends to that address now; left as it is when there is no way, or when our
 * address is told by command alone. */
void follow_where(struct iked *d, const struct endpoint *peer, struct endpoint *local);
void follow_stop(struct iked *d);

/* --- reply.c: docs/reply-path.md */
/* 0, or -1 after log_error. */
int reply_start(struct iked *d);
void reply_stop(struct iked *d);
/* The link-layer address that answers to us are to go to; -1 after log_error. */
int reply_find_links(struct iked *d);
/* Sends the datagram by `via`, of struct action. 0 or a negative errno. */
int reply_send(struct iked *d, struct udp *udp, const struct endpoint *local,
	const struct endpoint *peer, const struct endpoint *via, struct view datagram);

/* --- again.c */
void again_start(struct iked *d);
void again_stop(struct iked *d);
/* The peer of the SA, which is over, does not answer; it does. */
void again_unreachable(struct iked *d, const struct ike_sa *sa);
void again_reached(struct iked *d, const struct ike_sa *sa);

/* --- journal.c */
json_t *journal_sa(const struct ike_sa *sa);
/* A line of Wireshark's ikev2_decryption_table or ikev1_decryption_table. */
void journal_keys(struct iked *d, const struct ike_sa *sa);
/* The report as an event of the node. */
void journal_report(struct iked *d, const struct action *a);

/* --- commands.c */
/* One SA goes along to `event.local`, by address change where both ends know it, else by MOBIKE.
 * 0, or -1 when it cannot. */
int iked_move(struct iked *d, struct ike_sa *sa, struct ike_event event, enum form form);
extern const struct control_command iked_commands[];

#endif
