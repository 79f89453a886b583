// SPDX-License-Identifier: Apache-2.0
/* What the files of the IKE node share. */
#ifndef BATON_IKED_IKED_H
#define BATON_IKED_IKED_H

#include "ref/host/udp.h"
#include "ref/ike/ike.h"
#include "ref/iked/settings.h"

struct esp;
struct proof;

struct iked {
	struct node *node;
	const struct iked_settings *settings;
	struct ike_connection *connections;
	struct proof *proofs; /* one for each connection */
	struct ike *ike;
	struct udp *plain, *nat;
	struct timer *timer;
	struct esp *esp; /* NULL: nothing goes into the kernel */
};

/* --- main.c */
/* Carries out what the engine wants, in order. */
void iked_take(struct iked *d, const struct actions *actions);

/* --- proof.c */
/* Certificates and EAP of each connection; -1 after log_error. */
int proofs_make(struct iked *d);
void proofs_free(struct iked *d);

/* --- journal.c */
json_t *journal_sa(const struct ike_sa *sa);
json_t *journal_child(const struct ike_child_info *c);
/* A line of Wireshark's ikev2_decryption_table. */
void journal_keys(struct iked *d, const struct ike_sa *sa);
/* The report as an event of the node. */
void journal_report(struct iked *d, const struct action *a);

/* --- commands.c */
extern const struct control_command iked_commands[];

#endif
