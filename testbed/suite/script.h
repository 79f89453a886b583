// SPDX-License-Identifier: Apache-2.0
/*
 * One test at work: its lines taken one by one against an implementation that runs. The network,
 * the link and the implementation are the caller's; what comes back is an outcome with its reason
 * and its evidence.
 */
#ifndef TESTBED_SUITE_SCRIPT_H
#define TESTBED_SUITE_SCRIPT_H

#include "testbed/adapter/sut.h"
#include "testbed/report/result.h"
#include "testbed/suite/compose.h"
#include "testbed/suite/ladder.h"
#include "testbed/suite/link.h"
#include "testbed/suite/match.h"

#define SESSIONS_MAX 8
#define ARMED_MAX 16
#define HISTORY_MAX 64
#define QUEUE_MAX 2048
#define HELD_MAX 64

struct outcome {
	enum verdict verdict;
	char reason[600];
	unsigned line; /* of the suite that decided; 0: none */
	char expected[400], received[400];
	struct differences differs;
};

/* A message of the sut that no line has asked for yet. */
struct incoming {
	struct datagram datagram;
	struct heard heard;
	bool again;    /* the same octets came before */
	bool repeated; /* ... as the last message, or the last that waits for an answer */
	bool opened;   /* what hid it has been taken off, if that was possible */
	struct rung *rung;
};

/* One conversation of the tester with the sut. */
struct session {
	const char *name;
	struct peer *peer;
	int socket;
	struct endpoint remote;
	bool remote_known; /* learnt from a message of the sut */
	struct incoming *queue[QUEUE_MAX];
	unsigned queue_first, queue_count;
	struct view history[HISTORY_MAX]; /* of the sut, to know a message sent again */
	unsigned history_count;
	struct view heard, heard_request; /* the last message, the last that waits for an answer */
	btime last_event;
	struct view last_sent; /* the tester's last message, its datagrams one after the other */
	size_t last_sizes[WRAPPED_MAX];
	unsigned last_count;
	struct view last_request; /* of the tester's, to be repeated by auto */
	btime last_request_at;
};

/* drop, delay, duplicate, reorder, alter: waiting for their message. */
struct armed {
	const struct step *step;
	unsigned left;
};

/* A datagram of the tester that is not out yet. */
struct held {
	btime due; /* BTIME_NEVER: goes after the next one */
	struct session *session;
	struct view octets;
	struct rung *rung;
};

struct script {
	const struct suite *suite;
	const struct test *test;
	const struct role *role;
	struct link *link;
	struct sut *sut;
	struct arena *arena;
	struct endpoint remote[2]; /* the sut's addresses with its port */
	int listening;		   /* socket at the protocol's port */
	double patience;	   /* factor on every time limit */
	struct random random;
	/* Makes the tester's EAP end for a session. */
	struct eap_end *(*eap_new)(void *context);
	const char *(*setting)(void *context, const char *name);
	void (*key_log)(void *context, const char *line);
	const char *credentials; /* as struct peer_config has them */
	int64_t epoch;
	/* Before each line (baton run --step); may be NULL. */
	void (*before)(void *context, const struct step *step);
	void *context;

	btime started; /* of the test, for the ladder */

	/* The rest is the script's own; zero at the start. */
	struct session *sessions[SESSIONS_MAX];
	unsigned session_count;
	struct session *now; /* the session that lines are about */
	struct variables variables;
	struct armed armed[ARMED_MAX];
	unsigned armed_count;
	struct held held[HELD_MAX];
	unsigned held_count;
	struct ladder ladder;
	struct composed *composed;
	const struct step *step;
	bool preamble;
	bool watching_stopped; /* the program ended, as it may */
	struct outcome outcome;
	unsigned counters[400]; /* of repeat blocks, by index of the step */
};

/* Opens the socket of the first session, so that the sut may start. 0, or -1 with the outcome. */
int script_open(struct script *s);

/* Runs all lines; s->outcome tells. The sut must be ready, `sut` set. */
void script_run(struct script *s);

/* Releases peers. The outcome and the ladder stay, in the arena and in the struct. */
void script_close(struct script *s);

/* --- between the parts ---------------------------------------------------------------------- */

/* Ends the test: the verdict, the sentence. Returns -1. A failure in the preamble becomes
 * inconclusive, one of a statement that is not a must a deviation. */
int script_end(struct script *s, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A scaled time limit. */
btime script_patience(const struct script *s, btime t);

/* Turns to the session of that name, made if it is new. */
int session_turn(struct script *s, const char *name);
/* Makes, or ends, the connection of the present session. */
int session_connect(struct script *s);
int session_close(struct script *s);
/* A new socket for the present session. */
int session_rebind(struct script *s, enum use_kind use);

/* Whether the sender of the message waits for an answer: every request, and what begins. */
bool waits_for_answer(const struct role *role, const struct packet *packet);

/* Sends a message of the pattern, or forges one, through what is armed. */
int script_transmit(struct script *s, const struct pattern *pattern, bool forge);
/* Octets of a session on their way, now; `rung` (may be NULL) gets the time. */
void script_put(struct script *s, struct session *session, struct view octets, struct rung *rung);
/* Sends the present session's last message once more, as it was. */
int script_send_again(struct script *s);
/* Sends what is due of what was held back; when the next is due. */
btime script_flush(struct script *s);

/*
 * Takes what arrives into the queues until `deadline`; `one`: until the present session has a
 * message. 1: it has one, 0: the time is over, -1: the test is.
 */
int script_pump(struct script *s, btime deadline, bool one);

/* The next message of the present session, waited for until `deadline`: 1 with *out, 0, -1. */
int script_hear(struct script *s, btime deadline, struct incoming **out);
/* Puts it back as the first. */
void script_unhear(struct script *s, struct incoming *in);

/* The steps that wait. 0, or -1 when the test is over, its verdict given. */
int script_expect(struct script *s, const struct step *step);
int script_closed(struct script *s, const struct step *step);
int script_silence(struct script *s, const struct step *step);
int script_auto(struct script *s, const struct step *step);

#endif
