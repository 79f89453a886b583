// SPDX-License-Identifier: Apache-2.0
/*
 * Sessions that can be resumed (RFC 5216 §2.1.2, RFC 9190 §2.1.3). For this folder only.
 *
 * A peer's context keeps some. A conversation takes one out, the newest, and what it ends with goes
 * in again: the new session, or with TLS 1.2 the resumed one. So a ticket of TLS 1.3 is used once
 * (RFC 8446 §C.4), and a session that did not lead to success is not offered again. With a
 * `session_file` they outlive the process, and programs of one node share them; it is read before
 * each conversation and written after each change. A server's tickets hold all; for clients that take none
 * it keeps sessions in memory.
 */
#ifndef BATON_EAP_EAP_TLS_SESSIONS_H
#define BATON_EAP_EAP_TLS_SESSIONS_H

#include "ref/eap/eap_tls_channel.h"

/* Settings of a new context, with tickets and sessions as `config` wants. 0, or -1 with a sentence
 * in `error`: the file cannot be used. */
int tls_sessions_configure(struct eap_tls_context *context, const struct eap_tls_config *config,
	char *error, size_t size);

/* A session to offer, now the caller's; NULL when there is none. */
SSL_SESSION *tls_session_take(struct eap_tls_context *context);

/* Gives one back, or a new one: the reference goes to the context. */
void tls_session_put(struct eap_tls_context *context, SSL_SESSION *session);

/* A server: false when a session was resumed whose certificate is not valid any more. */
bool tls_session_stands(struct tls_channel *channel);

/* For the end of the context: releases memory, leaves the file. */
void tls_sessions_release(struct eap_tls_context *context);

#endif
