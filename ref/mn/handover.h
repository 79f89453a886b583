// SPDX-License-Identifier: Apache-2.0
/*
 * How the mobile node changes its network: the procedures of RFC 6252 §6.3 (prepared) and of a
 * node that did nothing beforehand (unprepared), as rows of two state machines.
 */
#ifndef BATON_MN_HANDOVER_H
#define BATON_MN_HANDOVER_H

#include "ref/mn/mn.h"

/* NULL after log_error. */
struct handover *handover_new(struct mn *mn);

/* Takes everything back. Accepts NULL, as all of these. */
void handover_free(struct handover *handover);

/* A report of the PANA client of that network. */
void handover_pana(struct handover *handover, struct network *network, const struct action *report);

/* How things stand. */
json_t *handover_json(const struct handover *handover);

/* The rows of the state machine and how often each was taken. */
json_t *handover_rows(const struct handover *handover);

/* Control commands of a node that moves. */
void handover_cmd_connect(void *node, struct control_request *request, const json_t *arguments);
void handover_cmd_preauth(void *node, struct control_request *request, const json_t *arguments);
void handover_cmd_handoff(void *node, struct control_request *request, const json_t *arguments);
void handover_cmd_disconnect(void *node, struct control_request *request,
	const json_t *arguments);

/* Begins with the network `start` of the configuration, if there is one. */
void handover_begin(struct handover *handover);

#endif
