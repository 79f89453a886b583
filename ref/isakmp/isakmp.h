// SPDX-License-Identifier: Apache-2.0
/*
 * IKEv1 (RFC 2407, 2408, 2409) with dead peer detection (RFC 3706), NAT traversal (RFC 3947) and
 * address change (docs/address-change.md): one engine for all the ISAKMP SAs of a node, initiator
 * and responder at once. No I/O, no clock: see ref/base/engine.h.
 *
 * Connections, Child SAs (what RFC 2409 calls IPsec SAs), reports and events are those of IKEv2
 * (ref/ike/ike.h), so that an owner has one way to deal with both. Of a connection these do not
 * count here: EAP, MOBIKE, fragmentation, pools, check_path, and of the proposals what IKEv1 has no
 * number for. Both ends prove themselves in the same way, local_means.
 */
#ifndef BATON_ISAKMP_ISAKMP_H
#define BATON_ISAKMP_ISAKMP_H

#include "ref/base/fsm.h"
#include "ref/ike/ike.h"
#include "ref/isakmp/isakmp_keys.h"

struct isakmp;
struct isakmp_sa;

/* AES-CBC with SHA-2; MODP 2048, 3072, 4096, ECP 256, 384; ESP with AES-GCM and AES-CBC; no PFS. */
void isakmp_connection_default(struct ike_connection *connection);

/* Takes out of proposals made for IKEv2 what those of IKEv1 do not name: integrity is its hash. */
void isakmp_connection_fit(struct ike_connection *connection);

/*
 * Adds what peers of the documents' time need, to be offered and taken last: 3DES, SHA-1 and MD5,
 * MODP 1024 and 1536, ESP with 3DES or AES and SHA-1 or MD5.
 */
void isakmp_connection_old(struct ike_connection *connection);

/*
 * Child SAs get perfect forward secrecy with that group; a peer that wants none is refused. Without
 * it a peer's wish is granted with any group of the ISAKMP SA's proposals.
 */
void isakmp_connection_pfs(struct ike_connection *connection, uint16_t group);

/* Of the configuration cookie_threshold does not count. Empty; connections are not copied. */
struct isakmp *isakmp_new(const struct ike_config *config);
/* Wipes keys and releases; sends nothing. Accepts NULL. */
void isakmp_free(struct isakmp *isakmp);

/*
 * Begins an ISAKMP SA, and with it unless the connection is childless its first Child SA. Reports
 * are enum ike_report with struct isakmp_sa as session. The SA is the engine's.
 */
struct isakmp_sa *isakmp_initiate(struct isakmp *isakmp, const struct ike_connection *connection,
	btime now, struct actions *actions);
/* The same between other addresses than the connection's. Port 0: that of IKE. */
struct isakmp_sa *isakmp_initiate_at(struct isakmp *isakmp,
	const struct ike_connection *connection, const struct endpoint *local,
	const struct endpoint *peer, btime now, struct actions *actions);

/*
 * IKE_EVENT_MOVED has no place here, `of` of IKE_EVENT_CHANGE neither. 0, or -1 when it has no place
 * in the present state.
 */
int isakmp_event(struct isakmp *isakmp, struct isakmp_sa *sa, const struct ike_event *event,
	btime now, struct actions *actions);

/* What a Child SA is to carry. */
struct isakmp_flow {
	struct ike_ts local, remote; /* one address, prefix or range each, one port or all */
	bool transport;
};

/* What a DHCP SA carries (RFC 3456 §4.1), for who asks for one: from a host without an address to
 * the security gateway's. */
struct isakmp_flow isakmp_dhcp_flow(const struct endpoint *gateway);
/* A Child SA is such a one, at either end. */
bool isakmp_child_is_dhcp(const struct ike_child_info *info);

/*
 * Where the connection allows a DHCP SA: DHCP has given that address to the peer, which may have a
 * Child SA for it from now on, and for none that it was given before. Family 0: it has none.
 */
void isakmp_sa_lease(struct isakmp_sa *sa, const struct endpoint *address);

/* One Child SA more. 0, or -1 when the SA is not established. */
int isakmp_create_child(struct isakmp *isakmp, struct isakmp_sa *sa,
	const struct isakmp_flow *flow, btime now, struct actions *actions);

/*
 * One datagram that came from `from` to `local`. 0 when it was taken, -1 when not (and reported).
 * SAs that a report says are over stay readable until the next call into the engine.
 */
int isakmp_input(struct isakmp *isakmp, const struct endpoint *local, const struct endpoint *from,
	struct view datagram, btime now, struct actions *actions);

/* Some of what is due at `now`; what did not fit into the list is due at once again. */
int isakmp_tick(struct isakmp *isakmp, btime now, struct actions *actions);
btime isakmp_due(const struct isakmp *isakmp);

/* What there is to know. */
unsigned isakmp_count(const struct isakmp *isakmp);
unsigned isakmp_half_open(const struct isakmp *isakmp);
uint32_t isakmp_rejected(const struct isakmp *isakmp, enum reject_reason reason);
/* From NULL the first, then one after the other, newest first; NULL at the end. */
struct isakmp_sa *isakmp_next(const struct isakmp *isakmp, const struct isakmp_sa *sa);

/* What an SA is: its state by name, static; cookies in host byte order; its addresses with ports.
 * What points into the SA lives as long as it does. */
const char *isakmp_sa_state(const struct isakmp_sa *sa);
bool isakmp_sa_established(const struct isakmp_sa *sa);
bool isakmp_sa_initiator(const struct isakmp_sa *sa);
uint64_t isakmp_sa_cky_i(const struct isakmp_sa *sa);
uint64_t isakmp_sa_cky_r(const struct isakmp_sa *sa);
const struct endpoint *isakmp_sa_local(const struct isakmp_sa *sa);
const struct endpoint *isakmp_sa_peer(const struct isakmp_sa *sa);
const struct ike_id *isakmp_sa_peer_id(const struct isakmp_sa *sa);
const struct ike_connection *isakmp_sa_connection(const struct isakmp_sa *sa);
const struct ike_suite *isakmp_sa_suite(const struct isakmp_sa *sa);
/* NULL: none yet. */
const struct isakmp_keys *isakmp_sa_keys(const struct isakmp_sa *sa);
/* The last block of phase 1, from which the IVs of later exchanges come. */
const uint8_t *isakmp_sa_last_block(const struct isakmp_sa *sa);
/* Both ends know address change. */
bool isakmp_sa_changes(const struct isakmp_sa *sa);
/* A change of our address is asked for, or under way. */
bool isakmp_sa_changing(const struct isakmp_sa *sa);
/* Our address as the peer knows it, while a change is under way; else the present one. */
const struct endpoint *isakmp_sa_agreed(const struct isakmp_sa *sa);
/* The nth Child SA, NULL past the last. */
const struct ike_child_info *isakmp_sa_child(const struct isakmp_sa *sa, unsigned n);

/* The state machines, of an SA and of a quick mode, and how often each row was taken. */
const struct fsm *isakmp_fsm(void);
const struct fsm *isakmp_quick_fsm(void);
const uint32_t *isakmp_fsm_hits(const struct isakmp *isakmp);
const uint32_t *isakmp_quick_fsm_hits(const struct isakmp *isakmp);

#endif
