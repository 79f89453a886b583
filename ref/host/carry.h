// SPDX-License-Identifier: Apache-2.0
/* Carries out what an engine wants done. */
#ifndef BATON_HOST_CARRY_H
#define BATON_HOST_CARRY_H

#include "ref/base/engine.h"
#include "ref/host/log.h"
#include "ref/host/udp.h"

/*
 * Sends every ACTION_SEND through `udp`, hands every ACTION_REPORT to `report`, in order. What
 * cannot be sent is lost, as on the wire, and said at level debug.
 */
void carry_out(const struct actions *actions, struct udp *udp, struct log *log,
	void (*report)(void *context, const struct action *action), void *context);

#endif
