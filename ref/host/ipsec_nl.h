// SPDX-License-Identifier: Apache-2.0
/* What ipsec.c and ipsec_move.c share. */
#ifndef BATON_HOST_IPSEC_NL_H
#define BATON_HOST_IPSEC_NL_H

#include <linux/xfrm.h>

#include "ref/host/ipsec.h"
#include "ref/host/kernel_nl.h"

/* How the kernel names an SA. */
struct xfrm_usersa_id ipsec_sa_id(const struct esp_sa *sa);

/* ipsec_sa_add, beginning with these sequence numbers unless `at` is NULL. */
int ipsec_sa_add_at(struct kernel *k, const struct esp_sa *sa, const struct xfrm_replay_state *at);

#endif
