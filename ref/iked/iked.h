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
	struct allowances *allowances; /* NULL: nothing limits what goes to a new address */
	struct timer *ageing;
	struct follow *follow; /* NULL: our address is told by command alone */
};

/* --- main.c */
/* Carries out what the engine wants, in order. */
void iked_take(struct iked *d, const struct actions *actions);

/* --- proof.c */
/* As ike_credentials_new. */
struct ike_credentials *iked_credentials(const struct iked_certificates *from, char *error,
	size_t size);
/* Certificates and EAP of each connection; -1 after log_error. */
int proofs_make(struct iked *d);
void proofs_free(struct iked *d);

/* --- carry.c */
/* Our address in the SA is to become that of the event: IKE_EVENT_CHANGE is sent, and sockets get
 * ready to go along. 0, or -1 when the SA cannot move. */
int carry_change(struct iked *d, struct ike_sa *sa, const struct ike_event *event);
/* The SA has migrated: Child SAs follow, then sockets. */
void carry_migrated(struct iked *d, struct ike_sa *sa, const struct ike_migration *m);
/* Where it is to be of what is under way; false: nothing is. */
bool carry_target(struct iked *d, const struct ike_sa *sa, struct endpoint *out);
/* The peer is where an unverified migration has taken it. */
void carry_verified(struct iked *d, const struct ike_sa *sa);
/* Another IKE SA has taken the place of that one. */
void carry_inherit(struct iked *d, const struct ike_sa *old, struct ike_sa *heir);
/* Our address will not change: sockets stay. */
void carry_drop(struct iked *d, const struct ike_sa *sa);
/* The SA is no more. */
void carry_over(struct iked *d, const struct ike_sa *sa);
void carry_end(struct iked *d);

/* --- follow.c */
/* Moves every SA whose address this host no longer uses towards the peer, when it happens. 0, or
 * -1 after log_error. */
int follow_start(struct iked *d);
void follow_stop(struct iked *d);

/* --- journal.c */
json_t *journal_sa(const struct ike_sa *sa);
json_t *journal_child(const struct ike_child_info *c);
/* A line of Wireshark's ikev2_decryption_table or ikev1_decryption_table. */
void journal_keys(struct iked *d, const struct ike_sa *sa);
/* The report as an event of the node. */
void journal_report(struct iked *d, const struct action *a);

/* --- commands.c */
/* One SA goes along to `event.local`, by address change where both ends know it, else by MOBIKE.
 * 0, or -1 when it cannot. */
int iked_move(struct iked *d, struct ike_sa *sa, struct ike_event event);
extern const struct control_command iked_commands[];

#endif
