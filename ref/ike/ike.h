// SPDX-License-Identifier: Apache-2.0
/*
 * IKEv2 (RFC 7296) with fragmentation (RFC 7383) and MOBIKE (RFC 4555): one engine for all the IKE
 * SAs of a node, initiator and responder at once. No I/O, no clock: see ref/base/engine.h.
 *
 * Datagrams come and go without the non-ESP marker; who owns the engine adds it where the local
 * port is the NAT port. Kernel state is the owner's too: Child SAs are reported with their keys.
 */
#ifndef BATON_IKE_IKE_H
#define BATON_IKE_IKE_H

#include "ref/base/fsm.h"
#include "ref/eap/eap.h"
#include "ref/ike/ike_credentials.h"
#include "ref/ike/ike_keys.h"
#include "ref/ike/ike_path.h"

struct ike;
struct ike_sa;

/* What the SAs of either version begin with, for an owner of both. */
struct ike_any {
	uint8_t version; /* of IKE: 1 or 2 */
};

/* How an end proves who it is, RFC 7296 §2.15, §2.16. */
enum ike_means {
	IKE_BY_PSK,
	IKE_BY_CERTIFICATE,
	IKE_BY_EAP, /* the initiator only; the method must make a key */
};

/*
 * A new end of the EAP conversation of `sa`, the server's at the responder; NULL: there is none to be.
 * A server's end may be EAP_WAITING for somebody else: the owner says IKE_EVENT_EAP when it is not any
 * more. Requests repeated meanwhile have no answer.
 */
typedef struct eap_end *ike_eap_new(void *context, struct ike_sa *sa, bool server);

/* The key shared with that peer, to stay until the call into the engine is over; empty: none. */
typedef struct view ike_psk(void *context, const struct ike_id *peer);

/*
 * What is said about an internal address, RFC 7296 §3.15.1, as on the wire; all zero: nothing. The
 * last three are of docs/ike.md: where the address comes from a DHCP server, which is to know the
 * node by its own hardware address and client identifier.
 */
struct ike_internal {
	uint8_t address[4]; /* in a request: the one that is wanted again */
	uint8_t netmask[4], dns[4], dhcp[4];
	uint8_t router[4];
	uint8_t link_address[6]; /* in a request of who asks, in an answer of the router */
	uint8_t client_id[64];	 /* in a request: DHCP option 61 with its type octet */
	size_t client_id_size;
};

/* A peer that may be, and what is agreed with it. */
struct ike_connection {
	const char *name;
	struct endpoint local, remote; /* family 0: any; a port of 0: the config's */
	struct ike_id local_id, remote_id; /* remote type 0: whoever has the key */
	enum ike_means local_means, remote_means;
	struct view psk;
	ike_psk *psk_of; /* responder: instead of `psk`, a key for each peer; or NULL */
	void *psk_context;
	const struct ike_credentials *credentials; /* for IKE_BY_CERTIFICATE, of either end */
	ike_eap_new *eap;			   /* for IKE_BY_EAP */
	void *eap_context;
	struct ike_proposals ike, esp;
	struct ike_ts_list local_ts, remote_ts; /* count 0: the address of that end itself */
	bool transport;
	bool mobike;
	bool fragmentation;
	struct endpoint reply_path; /* initiator: where answers are to go, ike_path.h; family 0: not said */
	bool force_encapsulation; /* ESP in UDP even without a NAT */
	bool ask_address;	  /* initiator: an internal IPv4 address, */
	struct ike_internal ask;  /* and what else is to be said then */
	bool address_change;	  /* docs/address-change.md: offered, and taken */
	/*
	 * The owner sends what goes to an address that a peer is leaving in a tunnel to the new one,
	 * from IKE_REPORT_CHANGING on (§5.1 there). Without it a peer that still speaks from its old
	 * address is refused: its cookie would not prove that it is at the new one.
	 */
	bool tunnels;
	/*
	 * The owner limits what goes to a peer's new address from an `unverified`
	 * IKE_REPORT_MIGRATED to IKE_REPORT_VERIFIED, so that the address need not be verified
	 * before anything moves: a round trip less, §5.3 there.
	 */
	bool check_meanwhile;
	bool trust_new_address;	  /* a peer's new address is taken without its cookie, §5.3 there */
	bool check_path;	  /* COOKIE2 before a peer's new address is used, RFC 4555 §3.7 */
	uint8_t pool[4];	  /* responder: first internal IPv4 address to give */
	uint32_t pool_size;	  /* 0: gives none */
	/* responder: the owner gives addresses, by IKE_EVENT_ADDRESS after IKE_REPORT_ADDRESS_WANTED */
	bool owner_gives;
	size_t fragment_size; /* octets of the largest datagram of IKE, at least 576 */
	btime rekey_ike, rekey_child, liveness; /* 0: never */
	/* of IKEv1 (ref/isakmp): */
	bool childless; /* initiator: the owner asks for each Child SA */
	bool by_dhcp;	/* and one of them is for an address of ours that DHCP has given to it */
	bool dhcp_sa;	/* responder: takes one for a peer that has no address yet, RFC 3456 §4 */
};

struct ike_config {
	const struct ike_connection *connections; /* the caller's, for the engine's life */
	unsigned count;
	struct random *random;
	int64_t epoch; /* seconds from 1970 to the btime 0, to judge certificates by */
	uint16_t port, nat_port; /* host byte order */
	unsigned reply_paths; /* that a peer can ask for: bits of enum ike_path_allowed, 0: none */
	unsigned cookie_threshold; /* half-open SAs from which on cookies are asked for, §2.6 */
	unsigned half_open_max;	   /* beyond that the oldest goes, if it is a second old */
	/*
	 * Of one address (the first half of one of IPv6), counted once cookies are asked for: before
	 * that an address proves nothing, and a forged one must not keep its owner out.
	 */
	unsigned half_open_per_address;
	btime half_open_lifetime;
	btime retransmit_first, retransmit_max; /* doubled each time */
	unsigned retransmit_tries; /* how often a request is sent in all */
};

/* 500, 4500, cookies from 32, 4096 half-open for 30 s, 64 of an address; 500 ms to 16 s, 8 times. */
void ike_config_default(struct ike_config *config);
/* curve25519, ECP 256, MODP 2048; AES-GCM and AES-CBC with SHA-2; MOBIKE, fragments of 1280. */
void ike_connection_default(struct ike_connection *connection);

/* Empty; the configuration is copied, the connections are not. */
struct ike *ike_new(const struct ike_config *config);
/* Wipes keys and releases; sends nothing. Accepts NULL. */
void ike_free(struct ike *ike);

enum ike_report {
	IKE_REPORT_ESTABLISHED, /* authenticated */
	IKE_REPORT_ADDRESS,	/* given to us; data: struct ike_internal, to be copied out */
	IKE_REPORT_ADDRESS_WANTED, /* by a peer that has proven itself; data: struct ike_internal */
	IKE_REPORT_CHILD_UP,	/* data: struct ike_child_info, to be copied out */
	IKE_REPORT_CHILD_DOWN,	/* the same */
	IKE_REPORT_CHILD_FAILED, /* the peer refused; data: words */
	IKE_REPORT_REKEYED,	/* session: the new SA, with the children of the old: data, a pointer */
	IKE_REPORT_MOVED,	/* ike_sa_local, ike_sa_peer have changed, RFC 4555 */
	IKE_REPORT_CHANGING,	/* a peer in a tunnel, not verified yet; data: struct ike_migration */
	IKE_REPORT_MIGRATED,	/* data: struct ike_migration; docs/address-change.md §6 */
	IKE_REPORT_VERIFIED,	/* after an `unverified` migration: whose address it was is there */
	IKE_REPORT_CHANGE_REFUSED, /* by the peer or by us; data: words */
	IKE_REPORT_EXPIRED,	/* the old address; DOWN or UNREACHABLE follows */
	IKE_REPORT_ALIVE,	/* the peer answered a probe */
	IKE_REPORT_NOTIFIED,	/* data: the notification payload's body, in INFORMATIONAL */
	IKE_REPORT_DOWN,	/* over; the children are gone with it */
	IKE_REPORT_FAILED,	/* never came up; data: words */
	IKE_REPORT_UNREACHABLE, /* a request stayed unanswered; over */
	IKE_REPORT_REJECTED,	/* a datagram was not taken: action->reject */
};

/* "ike_established": for logs; static. */
const char *ike_report_name(enum ike_report report);

struct ike_child_info {
	uint32_t spi_in, spi_out; /* host byte order */
	uint32_t replaces;	  /* spi_in of the Child SA that this one rekeys; 0: none */
	struct ike_suite suite;
	struct ike_sizes sizes;
	uint8_t encr_in[IKE_KEY_MAX], integ_in[IKE_KEY_MAX];
	uint8_t encr_out[IKE_KEY_MAX], integ_out[IKE_KEY_MAX];
	struct ike_ts_list local_ts, remote_ts;
	bool transport, encapsulated; /* ESP in UDP, RFC 3948 */
	bool initiator;		      /* we began the exchange that made it */
};

/* Whose address changed. Ports are those of the SA. What is not set has not changed. */
struct ike_migration {
	bool here; /* ours: old_local, local; else the peer's: old_peer, peer */
	bool unverified; /* the correspondent does not know yet: see `check_meanwhile` */
	struct endpoint old_local, local, old_peer, peer;
};

/* Begins an IKE SA with its first Child SA. The SA is the engine's. */
struct ike_sa *ike_initiate(struct ike *ike, const struct ike_connection *connection, btime now,
	struct actions *actions);

/* The same between other addresses than the connection's: to say over it that an SA migrates
 * (IKE_EVENT_CHANGE). Port 0: that of IKE. */
struct ike_sa *ike_initiate_at(struct ike *ike, const struct ike_connection *connection,
	const struct endpoint *local, const struct endpoint *peer, btime now,
	struct actions *actions);

enum ike_event_kind {
	IKE_EVENT_REKEY,	/* the IKE SA */
	IKE_EVENT_REKEY_CHILD,	/* spi */
	IKE_EVENT_DELETE_CHILD, /* spi */
	IKE_EVENT_CREATE_CHILD, /* another one, with the connection's selectors */
	IKE_EVENT_PROBE,	/* liveness, now */
	IKE_EVENT_MOVED,	/* we are at `local` now; `peer` too if its family is set */
	IKE_EVENT_DELETE,	/* the IKE SA and all with it; `local` set: we are there by now */
	IKE_EVENT_CHANGE,	/* we are at `local` now, and take everything with us */
	IKE_EVENT_EXPIRED,	/* our old address is over: tell the peer, and end all that had it */
	IKE_EVENT_ADDRESS,	/* `internal` for who has asked; NULL: there is none */
	IKE_EVENT_EAP,		/* the end of EAP has waited for somebody else, and is done with that */
	IKE_EVENT_FORGET,	/* over, without a word to the peer and without a report */
};

struct ike_event {
	enum ike_event_kind kind;
	uint32_t spi; /* spi_in of the Child SA */
	struct endpoint local, peer;
	/* of IKE_EVENT_CHANGE: */
	bool tunnelled;	   /* the SA's messages still come from the old address, in a tunnel */
	struct ike_sa *of; /* the SA that migrates, when it is not the one that says so; or NULL */
	btime hold;	   /* how long the old address can be held; 0: for ever */
	const struct ike_internal *internal; /* of IKE_EVENT_ADDRESS */
};

/* 0, or -1 when it has no place in the present state. What must wait for its turn waits. */
int ike_event(struct ike *ike, struct ike_sa *sa, const struct ike_event *event, btime now,
	struct actions *actions);

/*
 * One datagram that came from `from` to `local`. 0 when it was taken, -1 when not (and reported).
 * SAs that a report says are over stay readable until the next call into the engine.
 */
int ike_input(struct ike *ike, const struct endpoint *local, const struct endpoint *from,
	struct view datagram, btime now, struct actions *actions);

/* Some of what is due at `now`; what did not fit into the list is due at once again. */
int ike_tick(struct ike *ike, btime now, struct actions *actions);
btime ike_due(const struct ike *ike);

/* What there is to know. */
unsigned ike_count(const struct ike *ike);
unsigned ike_half_open(const struct ike *ike);
uint32_t ike_rejected(const struct ike *ike, enum reject_reason reason);
/* From NULL the first, then one after the other, newest first; NULL at the end. */
struct ike_sa *ike_next(const struct ike *ike, const struct ike_sa *sa);

/* What an SA is: its state by name, static; SPIs in host byte order; its addresses with ports.
 * What points into the SA lives as long as it does. */
const char *ike_sa_state(const struct ike_sa *sa);
bool ike_sa_established(const struct ike_sa *sa);
bool ike_sa_initiator(const struct ike_sa *sa);
uint64_t ike_sa_spi_i(const struct ike_sa *sa);
uint64_t ike_sa_spi_r(const struct ike_sa *sa);
const struct endpoint *ike_sa_local(const struct ike_sa *sa);
const struct endpoint *ike_sa_peer(const struct ike_sa *sa);
/* Where messages go: where the peer is said to be (IKE_EVENT_CHANGE), before it has said so itself. */
const struct endpoint *ike_sa_sends_to(const struct ike_sa *sa);
const struct ike_id *ike_sa_peer_id(const struct ike_sa *sa);
const struct ike_connection *ike_sa_connection(const struct ike_sa *sa);
const struct ike_suite *ike_sa_suite(const struct ike_sa *sa);
const struct ike_keys *ike_sa_keys(const struct ike_sa *sa);
/* Both ends know address change. */
bool ike_sa_changes(const struct ike_sa *sa);
/* A change of our address waits for the peer's answer, or for its turn. */
bool ike_sa_changing(const struct ike_sa *sa);
/* Our address as the peer knows it, while a change is under way; else the present one. */
const struct endpoint *ike_sa_agreed(const struct ike_sa *sa);
bool ike_sa_mobike(const struct ike_sa *sa);
/* The nth Child SA, NULL past the last. */
const struct ike_child_info *ike_sa_child(const struct ike_sa *sa, unsigned n);

/* The state machine and how often each row was taken, by all SAs. */
const struct fsm *ike_fsm(void);
const uint32_t *ike_fsm_hits(const struct ike *ike);

#endif
