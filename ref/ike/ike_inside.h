// SPDX-License-Identifier: Apache-2.0
/* What the files of the IKE engine share. */
#ifndef BATON_IKE_IKE_INSIDE_H
#define BATON_IKE_IKE_INSIDE_H

#include "ref/base/random.h"
#include "ref/ike/ike.h"
#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_dh.h"
#include "ref/ike/ike_octets.h"

#define IKE_NONCE_SIZE 32
#define IKE_FRAGMENTS_MAX 32
#define IKE_COOKIE_SIZE 33
/* How long an SA that is over answers repeated requests. */
#define IKE_LINGER (90 * BTIME_S)

#define IKE_STATES(X)                                                                              \
	X(IDLE) X(INIT_SENT) X(AUTH_SENT) X(EAP_PEER) X(HALF_OPEN) X(EAP_SERVER)                  \
	X(EAP_WAITING) X(ASKING) X(ESTABLISHED) X(REPLACED) X(DELETING) X(CLOSED) X(DEAD)

#define IKE_EVENTS(X)                                                                              \
	X(START) X(RX_INIT_REQUEST) X(RX_INIT_RESPONSE) X(RX_AUTH_REQUEST) X(RX_AUTH_RESPONSE)     \
	X(RX_CREATE_REQUEST) X(RX_CREATE_RESPONSE) X(RX_INFO_REQUEST) X(RX_INFO_RESPONSE)          \
	X(RX_BAD_REQUEST) X(EAP) X(ADDRESS) X(TURN) X(RETRANSMIT_MAX) X(LIFETIME) X(HOLD)          \
	X(UNVERIFIED)

enum ike_state {
#define X(s) IKE_STATE_##s,
	IKE_STATES(X)
#undef X
};

enum ike_number {
#define X(e) IKE_EV_##e,
	IKE_EVENTS(X)
#undef X
};

/* What our one outstanding request is about; also bits of what waits for its turn. */
enum ike_task {
	TASK_NONE,
	TASK_INIT,
	TASK_AUTH,
	TASK_DELETE,
	TASK_ADDRESS,
	TASK_CHANGE,
	TASK_PATH,
	TASK_DELETE_CHILD,
	TASK_REKEY,
	TASK_REKEY_CHILD,
	TASK_CREATE_CHILD,
	TASK_PROBE,
};

/* The datagrams of one message, each after its length in two octets. */
struct ike_flight {
	struct ike_octets octets;
	uint32_t id;
};

struct ike_child {
	struct ike_child *next;
	struct ike_child_info info;
	bool want_rekey, want_delete;
	bool deleting;		/* our Delete is under way */
	uint8_t low_nonce[256];	/* the lower of the two nonces it was made with */
	size_t low_nonce_size;
	btime rekey_due;
};

/* What we must remember of a CREATE_CHILD_SA or first request until its answer. */
struct ike_offer {
	uint32_t spi;	   /* of the Child SA */
	uint64_t ike_spi;  /* of the new IKE SA */
	struct ike_dh_secret dh;
	uint8_t nonce[IKE_NONCE_SIZE];
	struct endpoint local, peer; /* where both ends were, and so are the selectors */
	struct ike_child *old;	 /* being rekeyed or deleted; NULL: gone meanwhile */
	struct ike_child *rival; /* made by the peer's rekeying of `old` at the same time */
};

struct ike_assembly {
	uint32_t id;
	uint16_t total, have;
	uint32_t first; /* type of the first payload */
	struct ike_octets parts[IKE_FRAGMENTS_MAX];
};

/* A change of our address that is to be, docs/address-change.md. */
struct ike_change {
	uint64_t of_spi;		  /* our SPI of the SA that migrates; 0: this one */
	uint32_t sequence;		  /* of the request that is out */
	struct endpoint from, to;	  /* of that request */
	struct endpoint next_to;	  /* where we are now; the request to come is about it */
	struct endpoint agreed;		  /* when `away`: the address that both know */
	bool away;			  /* the SA's own address is ahead of what is agreed */
	bool tunnelled;
	bool confirm;	 /* the request to come shows that we are where both know us, */
	bool confirming; /* the one that is out does, §5.3 */
	btime hold;
	struct ike_octets cookie;
	unsigned rounds;
};

struct ike_sa {
	struct ike_any any;
	struct ike *ike;
	const struct ike_connection *connection;
	int state;
	bool initiator;	       /* original initiator of this IKE SA */
	bool leader;	       /* of the first of a line of rekeyed ones: who may move, RFC 4555 */
	bool counted_half_open, buried;
	bool told; /* that it is over, or that another goes on in its place */
	bool peer_fragments, mobike, nat_here, nat_there;
	bool peer_changes; /* both know address change */
	bool expired;	   /* the Delete to come says so */
	struct ike_change change;
	uint32_t changes_made, changes_seen; /* the last sequence number of either end */
	struct endpoint change_from, change_to; /* of our last change, asked for or made */
	struct endpoint first_local, first_peer; /* where the first of a line of rekeyed ones began */
	btime change_budget;
	struct endpoint peer_agreed; /* when `peer_away`: where both know it */
	bool peer_away; /* `peer` is where it is said to be, §5.7 there */
	bool change_unverified; /* it wants to be shown that we are where we say */
	bool unverified; /* the peer has not shown that it is where it says, §5.3 there */
	uint64_t spi_i, spi_r;
	struct endpoint local, peer;
	struct ike_id peer_id;
	struct ike_suite suite;
	struct ike_keys keys;
	bool keyed;
	uint64_t iv;
	struct ike_offer offer;
	uint16_t group; /* of the KE that is or was sent */
	bool group_retried;
	uint16_t child_group; /* that the peer wants for Child SAs; 0: not said */
	struct ike_octets nonce_i, nonce_r, init_request, init_response, cookie;
	unsigned peer_hashes;	       /* bits of enum ike_hash that the peer announced */
	struct eap_end *eap;	       /* while EAP runs */
	bool eap_stuck;		       /* it took no notice of what it was given */
	struct ike_octets first_auth;  /* responder: the payloads of the first IKE_AUTH request, */
	uint32_t first_auth_type;      /* whose answer waits: for EAP, for the owner's address */
	uint8_t address[4]; /* internal, given to us or by us */
	bool has_address;

	uint32_t send_id, receive_id; /* of the next request */
	enum ike_task task;
	uint32_t wanted; /* bits 1 << enum ike_task */
	struct ike_flight request, response;
	unsigned tries;
	btime interval;
	uint8_t cookie2[16];
	struct ike_assembly assembly;
	struct ike_child *children;

	btime retransmit_due, lifetime_due, rekey_due, heard;
	btime began; /* a half-open responder */
	btime hold_due; /* when our old address is over, docs/address-change.md §5.6 */
	btime verify_due; /* when `unverified` has lasted too long */
	struct ike_sa *next_by_spi, *next_by_initiator, *previous, *next, *next_dead;
	uint64_t host; /* a half-open responder's peer, as it counts for the limit */
	struct ike_sa *next_by_host, *older, *newer; /* of those that are half-open */
	size_t heap_at;
	btime heap_due;
};

struct ike {
	struct ike_config config;
	uint32_t *hits;
	uint32_t rejected[REJECT_COUNT];
	struct ike_sa **by_spi, **by_initiator, **by_host, **heap, *first, *dead;
	struct ike_sa *oldest, *newest; /* of those that are half-open */
	size_t buckets, heap_size, heap_room;
	unsigned count, half_open;
	uint8_t cookie_secret[2][32]; /* the present one and the one before */
	uint8_t cookie_version;
	btime cookie_due; /* when the next secret is drawn */
	uint32_t pool_next;
	btime path_budget;
};

/* One message or event on its way through the engine. */
struct ike_step {
	btime now;
	struct actions *actions;
	struct endpoint local, from;
	struct endpoint via; /* how the answer goes there; family 0: as always */
	struct view datagram;
	const struct packet *packet; /* in the clear: the payloads to work on */
	uint32_t id;		     /* of a request that is to be answered */
	uint16_t error;		     /* notification for RX_BAD_REQUEST and refusals */
	uint8_t error_data;	     /* payload type of UNSUPPORTED_CRITICAL_PAYLOAD */
	uint16_t error_group;	     /* group of INVALID_KE_PAYLOAD */
	struct ike_draft *draft; /* scratch */
	const struct ike_connection *proven; /* IKE_AUTH: what the peer's proof fits; NULL: none */
	struct ike_id proven_id;
	const char *unproven; /* what was wrong with it, in words; or NULL */
	const struct ike_internal *internal; /* that the owner gives; NULL: none */
};

/* A responder whose owner is looking for what the answer to a request needs. */
static inline bool ike_looking(const struct ike_sa *sa)
{
	return sa->state == IKE_STATE_EAP_WAITING || sa->state == IKE_STATE_ASKING;
}

/* A responder that has not answered the last of IKE_AUTH yet. */
static inline bool ike_unproven(const struct ike_sa *sa)
{
	return sa->state >= IKE_STATE_HALF_OPEN && sa->state < IKE_STATE_ESTABLISHED;
}

extern const struct fsm ike_machine;
/* Takes one step. 0, or -1 when no row fits. */
int ike_step(struct ike_sa *sa, enum ike_number event, struct ike_step *step);

/* --- ike_store.c */
void ike_store_init(struct ike *ike);
/* A new SA with a random SPI of its own; not yet found by initiator's SPI. */
struct ike_sa *ike_sa_new(struct ike *ike, const struct ike_connection *c, bool initiator);
/* The responder's SA for such an IKE_SA_INIT, or NULL. */
struct ike_sa *ike_find_init(const struct ike *ike, uint64_t spi_i, const struct endpoint *from);
void ike_store_init_request(struct ike_sa *sa);
/* Half-open SAs with peers at that address, whatever the port. */
unsigned ike_half_open_at(const struct ike *ike, const struct endpoint *from);
struct ike_sa *ike_find(const struct ike *ike, uint64_t own_spi);
/* Gives an initiator's SA the SPI that was offered for it. */
void ike_rename(struct ike_sa *sa, uint64_t spi_i);
/* Its due time has changed. */
void ike_touch(struct ike_sa *sa);
/* Off all lists; freed by ike_reap at the start of the next call. */
void ike_bury(struct ike_sa *sa);
void ike_reap(struct ike *ike);
void ike_not_half_open(struct ike_sa *sa);
void ike_sa_destroy(struct ike_sa *sa);

/* The SPI by which messages to us name the SA. */
static inline uint64_t ike_own_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

/* --- ike_send.c */
struct action *ike_tell(struct ike_sa *sa, struct ike_step *s, enum ike_report report,
	const char *words);
/* Seals `draft` as our next request, sends it, and repeats it until it is answered. */
void ike_send_request(struct ike_sa *sa, enum ike_exchange exchange, enum ike_task task,
	struct ike_draft *draft, struct ike_step *s);
/* Seals `draft` as the answer to request `s->id`, sends and keeps it. */
void ike_send_response(struct ike_sa *sa, enum ike_exchange exchange, struct ike_draft *draft,
	struct ike_step *s);
/* The last answer once more, to a request that has come again. */
void ike_send_again(struct ike_sa *sa, struct ike_step *s);
void ike_draft_error(struct ike_draft *d, uint16_t type, const struct ike_step *s);
/* The answer is one notification. */
void ike_send_error(struct ike_sa *sa, enum ike_exchange exchange, uint16_t type,
	struct ike_step *s);
/* A message in the clear: `draft` with this header, into `out` of IKE_MESSAGE_MAX. */
struct view ike_clear(uint64_t spi_i, uint64_t spi_r, enum ike_exchange exchange, uint8_t flags,
	struct ike_draft *draft, uint8_t *out);
void ike_keep_request(struct ike_sa *sa, struct view datagram, enum ike_task task,
	struct ike_step *s);
/* Sends a kept message once more, from and to the SA's present addresses. */
void ike_send_flight(struct ike_sa *sa, const struct ike_flight *flight, struct ike_step *s);
void ike_answered(struct ike_sa *sa);
void ike_repeat(struct ike_sa *sa, struct ike_step *s);

/* --- ike_init.c */
int ike_tx_init(void *context, const void *input);
int ike_init_input(struct ike *ike, struct ike_step *s, struct reject *reject);
/* UNSUPPORTED_CRITICAL_PAYLOAD in the clear, §2.5. */
void ike_answer_critical(struct ike_step *s, uint8_t payload);
int ike_check_init_response(struct ike_sa *sa, struct ike_step *s, struct reject *reject);
void ike_nat_notify(const struct ike_sa *sa, struct ike_draft *d);
/* The same for a message that goes from and to there. */
void ike_nat_notify_at(const struct ike_sa *sa, struct ike_draft *d, const struct endpoint *local,
	const struct endpoint *peer);
/* A new secret of cookies when it is time. */
void ike_turn_cookie_secret(struct ike *ike, btime now);
void ike_nat_detect(struct ike_sa *sa, const struct ike_step *s);

/* --- ike_prove.c */
/* Whether this end can prove itself to that peer on the connection. */
bool ike_can_prove(const struct ike_sa *sa, const struct ike_connection *c);
/* CERT payloads and AUTH of this end. */
void ike_draft_proof(struct ike_sa *sa, struct ike_draft *d);
void ike_draft_requests(const struct ike_connection *c, struct ike_draft *d);
/* Responder: `s->proven` is the connection whose peer has proven itself, or asks for EAP. */
bool ike_find_proven(const struct ike_sa *sa, struct ike_step *s, bool eap);
/* Initiator: the responder's identity and AUTH. */
bool ike_responder_proved(const struct ike_sa *sa, struct ike_step *s);
/* AUTH under the key that EAP made, §2.16. */
void ike_draft_eap_proof(struct ike_sa *sa, struct ike_draft *d);
bool ike_eap_proof_good(const struct ike_sa *sa, const struct packet *p);

/* --- ike_eap.c */
/* Gives the EAP packet of a message to our end, before the state machine takes its step. */
void ike_eap_input(struct ike_sa *sa, const struct packet *p);
void ike_eap_end(struct ike_sa *sa);
/* Payloads of a decoded message as they were, to be decoded again when its answer is made. */
void ike_keep_first(struct ike_sa *sa, const struct packet *p);
/* The first request of IKE_AUTH, which has been kept. False: there is none. */
bool ike_first_request(const struct ike_sa *sa, struct packet *out);

/* --- ike_auth.c */
/* The answer to the first request is complete: the SA is up. */
void ike_accept_peer(struct ike_sa *sa, struct ike_step *s, const struct packet *first);
void ike_refuse_peer(struct ike_sa *sa, struct ike_step *s, const char *words);

/* --- ike_internal.c */
/* The question of an initiator that wants an address; nothing of one that does not. */
void ike_draft_ask(const struct ike_connection *c, struct ike_draft *d);
/* The address in an answer, if one was asked for. */
void ike_take_address(struct ike_sa *sa, struct ike_step *s);
/* The answer to who asks. False when there is no address, §3.15.4. */
bool ike_draft_address(struct ike_sa *sa, struct ike_step *s, const struct packet *first);

/* --- ike_change.c */
int ike_change_begin(struct ike_sa *sa, const struct ike_event *event, struct ike_step *s);
void ike_change_leave(struct ike_sa *sa);
void ike_change_repeat(struct ike_sa *sa);
void ike_change_asked(struct ike_sa *sa, struct ike_step *s);
void ike_change_answered(struct ike_sa *sa, struct ike_step *s);
void ike_draft_expired(const struct ike_sa *sa, struct ike_draft *d);
bool ike_says_expired(const struct packet *packet);

/* --- ike_path.c: docs/reply-path.md */
/* What a request in the clear says of the way of its answer, into s->via. 0 or -1. */
int ike_path_read(struct ike *ike, struct ike_step *s, const struct packet *payloads,
	struct reject *reject);
/* The same of what was inside a protected one. */
int ike_path_take(struct ike_sa *sa, struct ike_step *s, const struct packet *inside,
	struct reject *reject);
/* One answer too many to a way that nobody has verified. */
bool ike_path_too_often(struct ike *ike, btime now);
/* REPLY_PATH, if our connection has one; as the first payload. */
void ike_path_draft(const struct ike_sa *sa, struct ike_draft *d);
void ike_path_draft_first(const struct ike_sa *sa, struct ike_draft *d);
/* Sends an answer, the way that was asked for. */
void ike_answer_to(struct ike_step *s, const struct endpoint *peer, struct view datagram);

/* --- ike_child.c */
uint32_t ike_new_spi(struct ike_sa *sa);
/* The selectors of that side; where they are its address, the one that both ends know. */
void ike_policy(const struct ike_sa *sa, bool remote, struct ike_ts_list *out);
void ike_draft_child(struct ike_sa *sa, struct ike_draft *d, bool dh);
/* The answer's SA, TS; 0 and a Child SA, or the notification type of the refusal. */
uint16_t ike_accept_child(struct ike_sa *sa, struct ike_step *s, struct ike_draft *answer,
	bool first, struct ike_child *old, struct ike_child **made);
/* The peer's answer to our offer: a Child SA, or NULL. */
struct ike_child *ike_complete_child(struct ike_sa *sa, struct ike_step *s, bool first,
	struct ike_child *old);
struct ike_child *ike_child_by_in(struct ike_sa *sa, uint32_t spi);
struct ike_child *ike_child_by_out(struct ike_sa *sa, uint32_t spi);
void ike_drop_child(struct ike_sa *sa, struct ike_child *child, struct ike_step *s);
void ike_drop_children(struct ike_sa *sa, struct ike_step *s);

/* --- actions and guards of the state machine, by the file they are in */
typedef int ike_action(void *context, const void *input);
typedef bool ike_guard(const void *context, const void *input);
ike_guard ike_peer_proved, ike_is_error, ike_asks_again;
ike_guard ike_begins_eap, ike_asks_for_eap, ike_eap_goes_on, ike_eap_waits, ike_eap_has_answer,
	ike_eap_proved;
ike_action ike_start_eap, ike_answer_eap, ike_begin_eap, ike_tx_eap, ike_answer_eap_auth,
	ike_refuse_eap, ike_hold_request;
/* --- ike_internal.c */
ike_guard ike_proved_asks_owner, ike_eap_proved_asks_owner;
ike_action ike_ask_owner, ike_eap_ask_owner, ike_answer_asked;
ike_action ike_tx_auth, ike_answer_auth, ike_refuse_auth, ike_refuse_bad, ike_be_authenticated,
	ike_be_refused, ike_distrust;
/* --- ike_change.c */
ike_guard ike_change_unanswered;
ike_action ike_tx_change, ike_expire, ike_expire_alone, ike_disbelieve;
/* --- ike_create.c */
ike_guard ike_rekeys_ike, ike_rekey_possible, ike_rekeys_child, ike_busy, ike_rekey_answered;
ike_action ike_answer_rekey, ike_refuse_rekey, ike_answer_rekey_child, ike_answer_create_child,
	ike_put_off, ike_tx_rekey, ike_tx_rekey_child, ike_tx_create_child, ike_take_rekey,
	ike_take_created;
/* --- ike_info.c */
ike_guard ike_deletes_ike;
ike_action ike_tx_delete, ike_tx_delete_child, ike_tx_address, ike_tx_path, ike_tx_probe,
	ike_answer_info, ike_answer_delete, ike_info_answered;

/* After a step: the next request if it is our turn, then the timers; buries what is dead. */
void ike_finish(struct ike_sa *sa, struct ike_step *s);
struct ike_child *ike_child_wanted(const struct ike_sa *sa, bool rekey);

/* Times that a new SA begins to count. */
void ike_begin_life(struct ike_sa *sa, btime now);
/* A little earlier, by chance, so that both ends seldom rekey at once, RFC 7296 §2.8. */
btime ike_jitter(struct ike_sa *sa, btime now, btime period);

#endif
