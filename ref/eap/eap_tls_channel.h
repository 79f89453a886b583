// SPDX-License-Identifier: Apache-2.0
/*
 * TLS records in EAP-TLS packets (RFC 5216 §2.1.5 and §3): cutting into fragments, putting
 * together, acknowledging. For this folder only.
 *
 * Type-Data is Flags (L, M, S), with L the TLS Message Length in 4 octets, and TLS data. One side
 * sends a message in fragments while the other answers each but the last with an empty packet.
 */
#ifndef BATON_EAP_EAP_TLS_CHANNEL_H
#define BATON_EAP_EAP_TLS_CHANNEL_H

#include <openssl/ssl.h>

#include "ref/base/reject.h"
#include "ref/base/view.h"
#include "ref/base/writer.h"
#include "ref/eap/eap_method.h"

#define EAP_TLS_FLAG_L 0x80
#define EAP_TLS_FLAG_M 0x40
#define EAP_TLS_FLAG_S 0x20
#define EAP_TLS_SESSIONS_MAX 8
#define EAP_TLS_MESSAGE_MAX 65536 /* RFC 5216 §2.1.5 on denial of service by reassembly */

struct eap_tls_context {
	SSL_CTX *ssl;
	unsigned references;
	bool server, match_identity, without_indication;
	void (*key_log)(void *context, const char *line);
	void *key_log_context;
	/* Of a peer (eap_tls_sessions.h): to resume, the newest last. */
	SSL_SESSION *sessions[EAP_TLS_SESSIONS_MAX];
	unsigned session_count;
	uint8_t session_context[32]; /* what sessions of this configuration are marked with */
	char *session_file;	     /* or NULL */
	void (*warn)(void *context, const char *sentence);
	void *warn_context;
};

struct tls_channel {
	struct eap_tls_context *context;
	SSL *ssl;
	BIO *rx, *tx;	      /* of `ssl`: what it will read, what it has written */
	bool sending;	      /* some of a message has been sent, not yet all */
	bool receiving;	      /* some of a message has come, not yet all */
	size_t total, have;   /* of the message that is coming */
	SSL_SESSION *offered; /* of a peer; the context's again once all has ended well */
	SSL_SESSION *session; /* a new one, likewise */
};

enum tls_received {
	TLS_DISCARDED, /* not taken, nothing changed */
	TLS_START,     /* S */
	TLS_EMPTY,     /* an empty packet, with nothing left to send */
	TLS_ACK,       /* the other acknowledges a fragment: send the next */
	TLS_FRAGMENT,  /* one fragment of several: acknowledge it */
	TLS_MESSAGE,   /* a whole message is in `rx` */
};

/* Type-Data of one packet, as it is on the wire. */
struct tls_frame {
	uint8_t flags;	 /* reserved bits too */
	uint32_t length; /* TLS Message Length; 0 without EAP_TLS_FLAG_L */
	struct view data;
};

/* Reads it (RFC 5216 §3.1, §3.2). 0, or -1 with `*reject` filled. */
int tls_frame_decode(struct view type_data, struct tls_frame *frame, struct reject *reject);

/* Takes the Type-Data of one packet. TLS data goes to `rx`; tls_advance when all is there. */
enum tls_received tls_receive(struct tls_channel *channel, struct view data,
	struct reject *reject);

/* Octets that wait to be sent. */
size_t tls_pending(const struct tls_channel *channel);

/* Writes Type-Data of at most `room` octets: the next fragment, or an empty packet. */
void tls_send(struct tls_channel *channel, size_t room, struct writer *out);

enum tls_progress {
	TLS_WANTS_MORE, /* the handshake goes on */
	TLS_FINISHED,	/* the handshake is over */
	TLS_COMMITTED,	/* over, and the octet 0x00 has come (RFC 9190 §2.5) */
	TLS_BROKEN,	/* lost; an alert may wait in `tx` */
};

/* Lets TLS work on what is in `rx`. */
enum tls_progress tls_advance(struct tls_channel *channel);

/* NULL when OpenSSL cannot. */
struct tls_channel *tls_channel_new(struct eap_tls_context *context);
void tls_channel_free(struct tls_channel *channel);

/* RFC 5216 §2.3, RFC 9190 §2.3: MSK, EMSK and Session-Id into the end. False if TLS refuses. */
bool tls_export_keys(struct tls_channel *channel, struct eap_end *end);

/* Why TLS_BROKEN, in static words. */
const char *tls_failure(const struct tls_channel *channel);

/* Whether it is TLS 1.3; meaningful once the handshake has agreed on a version. */
bool tls_is_1_3(const struct tls_channel *channel);

/* Whether an earlier session was resumed (RFC 5216 §2.1.2). */
bool tls_is_resumed(const struct tls_channel *channel);

/* A peer: keeps the session to resume it next time. */
void tls_keep_session(struct tls_channel *channel);

#endif
