// SPDX-License-Identifier: Apache-2.0
/*
 * What a method is to the state machines of peer and server: a row of functions (RFC 4137 §4.4 and
 * §5.4 name them m.init, m.process, m.buildReq). For the files of this folder only.
 *
 * A method's state is its own allocation; the end calls `finish` once for every `begin`. When a
 * method succeeds it has put its keys, Session-Id and what it knows of the peer's identity into
 * the end.
 */
#ifndef BATON_EAP_EAP_METHOD_H
#define BATON_EAP_EAP_METHOD_H

#include <stdlib.h>

#include "ref/base/fsm.h"
#include "ref/eap/eap.h"
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"

/* What a packet did to a method. For a peer it stands for methodState and decision of RFC 4137
 * §4.2, for a server for isDone and the decision of its policy. */
enum eap_step {
	EAP_STEP_DISCARD,     /* not taken; nothing has changed, `reject` says why */
	EAP_STEP_CONTINUE,    /* goes on */
	EAP_STEP_MAY_SUCCEED, /* peer: goes on, but the server may also have seen enough */
	EAP_STEP_ACCEPTED,    /* peer: over; success or failure is the server's to say */
	EAP_STEP_DONE,	      /* over, and well: the other end has proved itself */
	EAP_STEP_FAILED,      /* over; a peer sends what was written, if anything */
};

/* What a method may use. Exactly one of `peer` and `server` is set. */
struct eap_method_context {
	struct eap_end *end;
	const struct eap_peer_config *peer;
	const struct eap_server_config *server;
	struct random *random;
	size_t room; /* octets of Type-Data that fit into a packet */
};

struct eap_peer_method {
	enum eap_type type;
	bool keyed;
	/* Whether the configuration has this method's secret. */
	bool (*possible)(const struct eap_peer_config *config);
	void *(*begin)(const struct eap_method_context *context);
	/* Takes a request and writes the Type-Data of the response. */
	enum eap_step (*process)(const struct eap_method_context *context, void *state,
		const struct eap_packet *request, struct writer *out, struct reject *reject);
	void (*finish)(void *state);
};

struct eap_server_method {
	enum eap_type type;
	bool keyed;
	/* NULL when this user cannot be authenticated by it. */
	void *(*begin)(const struct eap_method_context *context);
	/* Writes the Type-Data of the next request, which will have `identifier`. */
	void (*request)(const struct eap_method_context *context, void *state, uint8_t identifier,
		struct writer *out);
	enum eap_step (*process)(const struct eap_method_context *context, void *state,
		const struct eap_packet *response, struct reject *reject);
	void (*finish)(void *state);
};

/* Takes another reference (eap_tls_context_free gives it back); NULL stays NULL. */
struct eap_tls_context *eap_tls_context_hold(struct eap_tls_context *context);

/* A peer's: forgets the sessions that it could resume. */
void eap_tls_context_forget(struct eap_tls_context *context);

extern const struct eap_peer_method eap_md5_peer, eap_psk_peer, eap_tls_peer;
extern const struct eap_server_method eap_md5_server, eap_psk_server, eap_tls_server;

/* The method of that type, or NULL. */
const struct eap_peer_method *eap_peer_method(uint32_t type);
const struct eap_server_method *eap_server_method(uint32_t type);

/* Zeroed memory; out of memory ends the process. */
static inline void *eap_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);
	if (!p)
		abort();
	return p;
}

/* Puts `packet` into the end's output, in memory of its own, in place of what was there. */
void eap_output(struct eap_end *end, const struct eap_packet *packet);
void eap_output_clear(struct eap_end *end);

/* Copies the keys of a method that succeeded into the end. */
void eap_export(struct eap_end *end, const uint8_t msk[EAP_MSK_SIZE],
	const uint8_t emsk[EAP_MSK_SIZE], struct view session_id);

/* Wipes keys, results and output: the end as it was before its first packet. */
void eap_end_reset(struct eap_end *end);

/* Copies up to EAP_IDENTITY_MAX octets to a terminated text; false when there are more of them or
 * one is zero. */
bool eap_identity_copy(struct view from, char to[EAP_IDENTITY_MAX + 1]);

#endif
