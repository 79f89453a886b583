// SPDX-License-Identifier: Apache-2.0
/* The agent's way to RADIUS servers (RFC 3579): their sockets and timer around radius_client.h. */
#ifndef BATON_AR_AAA_H
#define BATON_AR_AAA_H

#include "ref/ar/ar.h"

/* Opens the sockets. NULL after log_error. */
struct aaa *aaa_new(struct ar *ar, const struct aaa_settings *settings);

/* After the PAA, whose sessions hold ends of it. Accepts NULL. */
void aaa_free(struct aaa *aaa);

/* The server's end of that session's EAP, passed through. */
struct eap_end *aaa_eap_new(struct aaa *aaa, struct paa_session *session);

/* Sends what the ends have asked for: after every call of the PAA. Accepts NULL. */
void aaa_flush(struct aaa *aaa);

/* Counters for the control socket: {requests, answers, ...}. */
json_t *aaa_json(const struct aaa *aaa);

#endif
