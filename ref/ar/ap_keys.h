// SPDX-License-Identifier: Apache-2.0
/*
 * Keys for access points: a pre-authenticated client asks with AP-Key-Request, the agent installs
 * the key of each access point there (RFC 6252 §7.7, docs/aaa.md) and answers with AP-Keys, which
 * names the access points that have theirs.
 */
#ifndef BATON_AR_AP_KEYS_H
#define BATON_AR_AP_KEYS_H

#include "ref/ar/ar.h"

/* `list` of struct ap_settings. NULL after log_error. */
struct ap_keys *ap_keys_new(struct ar *ar, const struct config_list *list);

/* The rest accepts NULL: no access points. */
void ap_keys_free(struct ap_keys *keys);

/* A message with vendor AVPs came in that session. */
void ap_keys_notified(struct ap_keys *keys, uint32_t session, struct view message);

/* The session is over: nobody waits for the answer any more. */
void ap_keys_forget(struct ap_keys *keys, uint32_t session);

#endif
