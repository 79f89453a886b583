// SPDX-License-Identifier: Apache-2.0
/*
 * What the new access router does for a mobile node that is still elsewhere (RFC 6252 §6.3, §7.3.1,
 * §7.4, §7.6.1): an address from the subnet's DHCP server, the far end of the proactive handover
 * tunnel, proxy ARP, packets held back while the radio moves; all of it ends with the PANA session.
 */
#ifndef BATON_AR_ACCESS_H
#define BATON_AR_ACCESS_H

#include "ref/ar/ar.h"

/* NULL after log_error. */
struct access *access_new(struct ar *ar, const struct access_settings *settings);

/* Ends everything. Accepts NULL, as all of these. */
void access_free(struct access *access);

/* A notification of that session: the octets of the PANA message. */
void access_notified(struct access *access, uint32_t session, struct view message);

/*
 * The client of that session has another address now. First access_moving, so that an answer finds
 * its way; when that has gone out, access_moved.
 */
void access_moving(struct access *access, uint32_t session, const struct endpoint *peer);
void access_moved(struct access *access, uint32_t session, const struct endpoint *peer);

/* The session is over. */
void access_forget(struct access *access, uint32_t session);

/* What stands for each client. */
json_t *access_json(const struct access *access);

/* IKE SAs and what was rejected; NULL: tunnels are not managed by IKE. */
json_t *access_ike_json(const struct access *access);

#endif
