// SPDX-License-Identifier: Apache-2.0
/* What the files of an address change share (carry.c). */
#ifndef BATON_IKED_CARRY_H
#define BATON_IKED_CARRY_H

#include "ref/host/move.h"
#include "ref/iked/iked.h"

struct late;

/* A change of our address, when `here`, or of the peer's. */
struct carry {
	struct carry *next;
	struct iked *iked;
	struct ike_sa *sa;
	struct ike_migration migration; /* what there is to be done, when `due` */
	struct ike_event event;		/* at the mover: what there is to be said */
	bool here, said, ready, due, gone;
	bool alone;		   /* `sa` is no more */
	struct move *move;	   /* NULL: no sockets move */
	struct move_config asked;  /* of it, were the sockets where the SA is */
	struct move_config config; /* of it, from where they are */
	struct move *former; /* holds packets until `move` does, which has taken its place */
	struct late *late;	/* what is sent when packets are held, in its order */
	struct timer *patience; /* of what is late */
	bool impatient;		/* it was sent although none are held */
};

/* --- carry_late.c */
/* What has waited for it (carry_holds) is sent. */
void carry_send_late(struct carry *c);

#endif
