// SPDX-License-Identifier: Apache-2.0
/*
 * IKEv2 as the manager of proactive handover tunnels (RFC 6252 §7.3.2, §7.4): what mobile node and
 * access router agree on. docs/nodes.md has it in words.
 */
#ifndef BATON_NODE_MPA_IKE_H
#define BATON_NODE_MPA_IKE_H

#include "ref/ike/ike.h"

/* Who begins is named by what its key comes from: ID_KEY_ID with the PANA Session-Id and Key-Id, four
 * octets each in network byte order. */
void mpa_ike_id(uint32_t session, uint32_t key_id, struct ike_id *out);
/* False: it is no such name. */
bool mpa_ike_id_read(const struct ike_id *id, uint32_t *session, uint32_t *key_id);

/* The defaults of a connection for such a tunnel: ESP by `transforms` (enum mpa_transform, or-ed),
 * never rekeyed, never moved. Identities, keys, addresses and selectors are the caller's. */
void mpa_ike_connection(struct ike_connection *connection, uint32_t transforms);

/* The router's side of the traffic: everything, IPv4. */
void mpa_ike_everything(struct ike_ts_list *out);

#endif
