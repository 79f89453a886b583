// SPDX-License-Identifier: Apache-2.0
/* What the files of the IKEv1 engine share. */
#ifndef BATON_ISAKMP_ISAKMP_INSIDE_H
#define BATON_ISAKMP_ISAKMP_INSIDE_H

#include "ref/base/random.h"
#include "ref/ike/ike_change_rules.h"
#include "ref/ike/ike_dh.h"
#include "ref/ike/ike_octets.h"
#include "ref/isakmp/isakmp.h"

#define ISAKMP_NONCE_SIZE 32
/* How long a quick mode that is over repeats its last message. */
#define ISAKMP_LINGER (60 * BTIME_S)
/* How long what was replaced stays, for what is still under way to it. */
#define ISAKMP_OVERLAP (10 * BTIME_S)
/* Quick modes of the peer's at once; message IDs that an SA can see in its life. */
#define ISAKMP_QUICKS_MAX 32
#define ISAKMP_IDS_MAX 65536

#define ISAKMP_STATES(X)                                                                           \
	X(IDLE) X(MM1_SENT) X(MM3_SENT) X(MM5_SENT) X(MM2_SENT) X(MM4_SENT) X(ESTABLISHED)         \
	X(REPLACED) X(DEAD)

#define ISAKMP_EVENTS(X)                                                                           \
	X(START) X(RX_MAIN) X(RX_QUICK) X(RX_INFO) X(DELETE) X(ADOPTED) X(RETRANSMIT_MAX)          \
	X(LIFETIME) X(HOLD)

#define ISAKMP_QUICK_STATES(X) X(IDLE) X(QM1_SENT) X(QM2_SENT) X(DONE) X(DEAD)

#define ISAKMP_QUICK_EVENTS(X) X(START) X(RX_QUICK) X(REFUSED) X(RETRANSMIT_MAX) X(LIFETIME)

enum isakmp_state {
#define X(s) ISAKMP_STATE_##s,
	ISAKMP_STATES(X)
#undef X
};

enum isakmp_number {
#define X(e) ISAKMP_EV_##e,
	ISAKMP_EVENTS(X)
#undef X
};

enum isakmp_quick_state {
#define X(s) ISAKMP_QUICK_##s,
	ISAKMP_QUICK_STATES(X)
#undef X
};

enum isakmp_quick_number {
#define X(e) ISAKMP_QEV_##e,
	ISAKMP_QUICK_EVENTS(X)
#undef X
};

/* Our last message of an exchange, the peer's last one by its digest, and when ours is repeated. */
struct isakmp_flight {
	struct ike_octets sent;
	uint8_t heard[32];
	bool has_heard;
	unsigned tries;
	btime interval, due; /* BTIME_NEVER: not by ourselves */
};

struct isakmp_child {
	struct isakmp_child *next;
	struct ike_child_info info;
	struct isakmp_flow flow;
	const struct isakmp_sa *maker;
	bool rekeying, replaced;
	btime rekey_due, expire_due;
};

/* One quick mode. */
struct isakmp_quick {
	struct isakmp_quick *next;
	struct isakmp_sa *sa;
	int state;
	bool initiator;
	uint32_t id;
	uint8_t iv[ISAKMP_BLOCK_MAX];
	struct isakmp_flow flow;
	struct ike_suite suite;
	struct isakmp_terms terms;
	uint16_t group; /* 0: no perfect forward secrecy */
	uint32_t spi_in, spi_out, replaces;
	struct ike_octets nonce_i, nonce_r;
	struct ike_dh_secret dh;
	uint8_t shared[IKE_DH_SHARED_MAX];
	size_t shared_size;
	struct isakmp_flight flight;
	btime lifetime_due;
};

/* A change of our address that is to be, docs/address-change.md. */
struct isakmp_change {
	bool wanted; /* a request is out */
	bool more;   /* we have moved again meanwhile, to next_to */
	bool away;   /* the SA's own address is ahead of what is agreed */
	bool tunnelled;
	uint32_t sequence;
	struct endpoint from, to, next_to, agreed;
	btime hold, interval, due;
	unsigned tries, rounds;
	struct ike_octets cookie;
};

struct isakmp_sa {
	struct ike_any any;
	struct isakmp *isakmp;
	struct isakmp_sa *previous, *next, *next_by_cookie, *next_dead;
	const struct ike_connection *connection;
	int state;
	bool initiator, counted_half_open, buried, told, keyed;
	bool peer_dpd, peer_nat_t, peer_changes, nat_here, nat_there;
	uint64_t cky_i, cky_r;
	struct endpoint local, peer;
	struct ike_id peer_id;
	struct ike_suite suite;
	struct isakmp_keys keys;
	uint8_t iv[ISAKMP_BLOCK_MAX]; /* of phase 1's next message; then its last block */
	struct ike_dh_secret dh;
	uint8_t shared[IKE_DH_SHARED_MAX];
	size_t shared_size;
	struct ike_octets nonce_i, nonce_r, public_i, public_r, sa_body;
	struct isakmp_flight flight;
	btime lifetime, lifetime_due, rekey_due, heard;
	uint32_t *ids; /* message IDs that were used, by either end */
	unsigned id_count, id_room;
	struct isakmp_quick *quicks;
	struct isakmp_child *children;
	struct endpoint lease; /* the peer's, by DHCP; family 0: none */
	/* dead peer detection, RFC 3706 */
	uint32_t probe_sequence, peer_sequence;
	bool probing, peer_probed;
	unsigned probe_tries;
	btime probe_interval, probe_due;
	struct isakmp_change change;
	uint32_t changes_made, changes_seen;
	struct endpoint change_to;     /* of the last change of the peer's that was taken */
	struct endpoint change_from;
	btime change_budget, hold_due;
	bool expired;
	const char *hint; /* what the peer said in the clear, which proves nothing */
};

#define ISAKMP_BUCKETS 1024

struct isakmp {
	struct ike_config config;
	uint32_t *hits, *quick_hits;
	uint32_t rejected[REJECT_COUNT];
	struct isakmp_sa *first, *dead, *by_cookie[ISAKMP_BUCKETS];
	unsigned count, half_open;
	uint8_t cookie_secret[2][32];
	uint8_t cookie_version;
	btime cookie_due;
};

/* One message or event on its way through the engine. What a check finds out, the action uses. */
struct isakmp_step {
	btime now;
	struct actions *actions;
	struct endpoint local, from;
	struct view datagram, octets; /* as it came; decrypted, without padding */
	const struct packet *packet;
	struct isakmp_draft *draft; /* scratch */
	struct isakmp_offers *offers;
	const struct isakmp_offer *offer; /* chosen */
	struct ike_suite suite;
	struct isakmp_terms terms;
	struct ike_dh_secret dh; /* of a quick mode that we answer */
	uint8_t shared[IKE_DH_SHARED_MAX];
	size_t shared_size;
	struct isakmp_flow flow;
	uint32_t spi;
	uint8_t iv[ISAKMP_BLOCK_MAX];
	const struct ike_connection *connection; /* whose peer has proven itself; NULL: nobody */
	struct ike_id id;
	const char *words; /* why not */
	uint16_t error;	   /* notification of a refusal */
};

extern const struct fsm isakmp_machine, isakmp_quick_machine;
/* Takes one step. 0, or -1 when no row fits. */
int isakmp_step(struct isakmp_sa *sa, enum isakmp_number event, struct isakmp_step *s);
int isakmp_quick_step(struct isakmp_quick *q, enum isakmp_quick_number event,
	struct isakmp_step *s);

/* --- isakmp_store.c */
/* A new SA with a random cookie of its own. */
struct isakmp_sa *isakmp_sa_new(struct isakmp *isakmp, const struct ike_connection *c,
	bool initiator);
struct isakmp_sa *isakmp_find(const struct isakmp *isakmp, uint64_t own_cookie);
/* The responder's SA for such a first message, or NULL. */
struct isakmp_sa *isakmp_find_first(const struct isakmp *isakmp, uint64_t cky_i,
	const struct endpoint *from);
void isakmp_not_half_open(struct isakmp_sa *sa);
/* Off all lists; freed by isakmp_reap at the start of the next call. */
void isakmp_bury(struct isakmp_sa *sa);
void isakmp_reap(struct isakmp *isakmp);
void isakmp_sa_destroy(struct isakmp_sa *sa);
/* Whether the message ID was used before; then remembers it. False: it is full. */
bool isakmp_id_used(const struct isakmp_sa *sa, uint32_t id);
bool isakmp_id_remember(struct isakmp_sa *sa, uint32_t id);
uint32_t isakmp_id_new(struct isakmp_sa *sa);
struct isakmp_quick *isakmp_quick_new(struct isakmp_sa *sa, bool initiator, uint32_t id);
struct isakmp_quick *isakmp_quick_find(const struct isakmp_sa *sa, uint32_t id);
void isakmp_quick_free(struct isakmp_quick *q);
struct isakmp_child *isakmp_child_by_in(struct isakmp_sa *sa, uint32_t spi);
struct isakmp_child *isakmp_child_by_out(struct isakmp_sa *sa, uint32_t spi);
uint32_t isakmp_new_spi(struct isakmp_sa *sa);

/* The cookie by which we know the SA. */
static inline uint64_t isakmp_own_cookie(const struct isakmp_sa *sa)
{
	return sa->initiator ? sa->cky_i : sa->cky_r;
}

/* --- isakmp_send.c */
struct action *isakmp_tell(struct isakmp_sa *sa, struct isakmp_step *s, enum ike_report report,
	const char *words);
void isakmp_tell_child(struct isakmp_sa *sa, struct isakmp_step *s, enum ike_report report,
	const struct ike_child_info *info);
/* Sends `datagram` as the flight's message; `repeat`: until it is answered. */
void isakmp_send(struct isakmp_sa *sa, struct isakmp_flight *f, struct view datagram, bool repeat,
	struct isakmp_step *s);
/* The draft as the next message of main mode, in the clear or encrypted as it says. */
void isakmp_send_main(struct isakmp_sa *sa, bool repeat, struct isakmp_step *s);
/* HASH(1) in front of the draft's payloads, §5.7; sent once, with a message ID of its own. */
void isakmp_send_info(struct isakmp_sa *sa, struct isakmp_step *s);
/* The packet with that HASH payload in front of the others, and the SA's cookies and `id` in the header. */
void isakmp_hash_first(const struct isakmp_sa *sa, struct packet *p, uint32_t id, struct view hash);
/* One notification of the ISAKMP SA, so protected; SPI: the cookies. */
void isakmp_send_notify(struct isakmp_sa *sa, uint16_t type, struct view data,
	struct isakmp_step *s);
/* In the clear, to who has no SA with us. */
void isakmp_send_clear_notify(struct isakmp_step *s, uint64_t cky_i, uint64_t cky_r, uint16_t type);
void isakmp_again(struct isakmp_sa *sa, struct isakmp_flight *f, struct isakmp_step *s);
/* How long to wait the next time, when `interval` was not enough. */
btime isakmp_longer(const struct isakmp_sa *sa, btime interval);
/* False when it has been sent often enough. */
bool isakmp_repeat(struct isakmp_sa *sa, struct isakmp_flight *f, struct isakmp_step *s);
void isakmp_heard(struct isakmp_flight *f, struct view datagram);
bool isakmp_heard_before(const struct isakmp_flight *f, struct view datagram);
/* The cookies as the SPI of the ISAKMP SA. */
void isakmp_spi(const struct isakmp_sa *sa, uint8_t out[16]);

/* --- isakmp_main.c */
int isakmp_main_first(struct isakmp *isakmp, struct isakmp_step *s, struct reject *reject);
int isakmp_check_main(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject);
btime isakmp_jitter(struct isakmp_sa *sa, btime now, btime period);

/* --- isakmp_prove.c */
struct isakmp_seed isakmp_seed_of(const struct isakmp_sa *sa);
/* ID, CERT and HASH or SIG of this end. */
void isakmp_draft_proof(struct isakmp_sa *sa, struct isakmp_draft *d);
/* Sets s->connection and s->id, or s->words. */
void isakmp_find_proven(struct isakmp_sa *sa, struct isakmp_step *s);

/* --- isakmp_quick.c */
void isakmp_quick_begin(struct isakmp_sa *sa, const struct isakmp_flow *flow, uint32_t replaces,
	struct isakmp_step *s);
int isakmp_check_quick(struct isakmp_sa *sa, struct isakmp_quick *q, struct isakmp_step *s,
	struct reject *reject);
/* The peer refuses one of ours. */
void isakmp_quick_refused(struct isakmp_sa *sa, const struct isakmp_notification *n,
	struct isakmp_step *s);
void isakmp_drop_child(struct isakmp_sa *sa, struct isakmp_child *c, struct isakmp_step *s);

/* --- isakmp_flow.c */
struct ike_ts isakmp_host_ts(const struct endpoint *e);
bool isakmp_same_ts(const struct ike_ts *a, const struct ike_ts *b);
bool isakmp_same_flow(const struct isakmp_flow *a, const struct isakmp_flow *b);
/* Either end's of a DHCP SA. */
bool isakmp_flow_is_dhcp(const struct isakmp_flow *f);
/* The connection's own flow; false: it cannot be said in IKEv1. */
bool isakmp_flow_of(const struct isakmp_sa *sa, struct isakmp_flow *flow);
/* Whether the peer may have a Child SA for that. */
bool isakmp_flow_allowed(const struct isakmp_sa *sa, const struct isakmp_flow *f);
/* What a first message of quick mode asks for, seen from this end. */
int isakmp_read_flow(const struct isakmp_sa *sa, const struct packet *p, struct isakmp_flow *flow,
	struct reject *reject);

/* --- isakmp_info.c */
int isakmp_check_info(struct isakmp_sa *sa, struct isakmp_step *s, struct reject *reject);
void isakmp_probe(struct isakmp_sa *sa, struct isakmp_step *s);
/* Deletes a Child SA and says so. */
void isakmp_delete_child(struct isakmp_sa *sa, struct isakmp_child *c, struct isakmp_step *s);

/* --- isakmp_change.c */
int isakmp_change_begin(struct isakmp_sa *sa, const struct ike_event *event,
	struct isakmp_step *s);
void isakmp_change_info(struct isakmp_sa *sa, const struct isakmp_notification *n,
	struct isakmp_step *s);
void isakmp_change_due(struct isakmp_sa *sa, struct isakmp_step *s);
/* Our old address is over, §5.6 there. */
void isakmp_change_over(struct isakmp_sa *sa, struct isakmp_step *s);
/* Says so, before the deletion. */
void isakmp_change_expire(struct isakmp_sa *sa, struct isakmp_step *s);

/* --- actions and guards of the state machines, by the file they are in */
typedef int isakmp_action(void *context, const void *input);
typedef bool isakmp_guard(const void *context, const void *input);
isakmp_guard isakmp_peer_proved;
isakmp_action isakmp_tx_mm1, isakmp_answer_mm1, isakmp_take_mm2, isakmp_answer_mm3,
	isakmp_take_mm4, isakmp_answer_mm5, isakmp_take_mm6, isakmp_refuse_peer, isakmp_distrust,
	isakmp_be_refused, isakmp_fail, isakmp_forget;
isakmp_guard isakmp_says_error, isakmp_deletes_sa;
isakmp_action isakmp_take_info, isakmp_be_deleted, isakmp_tx_delete, isakmp_expire_life,
	isakmp_be_unreachable, isakmp_expire_alone;
isakmp_action isakmp_begin_quick, isakmp_tx_qm1, isakmp_answer_qm1, isakmp_take_qm2,
	isakmp_take_qm3, isakmp_quick_fail, isakmp_quick_lost;

/* Buries what is dead. */
void isakmp_finish(struct isakmp_sa *sa);

#endif
