// SPDX-License-Identifier: Apache-2.0
/* Certificates and EAP for the two engines of ike_world.h: files made once, ends made of them. */
#ifndef BATON_IKE_IKE_PROOF_WORLD_H
#define BATON_IKE_IKE_PROOF_WORLD_H

#include <stdio.h>

#include "ref/base/test_folder.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "ref/ike/ike_world.h"

static char proof_dir[TEST_PATH] = "ike-proof-test";
static char proof_rsa_dir[TEST_PATH] = "ike-proof-test";

/* Makes the files; call once. */
static inline void proof_begin(void)
{
	struct eap_credentials rsa = { .legacy = true };
	char error[256];

	if (!test_folder(proof_dir) || !test_folder(proof_rsa_dir) ||
		eap_make_credentials(proof_dir, NULL, error, sizeof(error)) < 0 ||
		eap_make_credentials(proof_rsa_dir, &rsa, error, sizeof(error)) < 0)
		abort();
}

/* Removes the files. */
static inline void proof_end(void)
{
	eap_remove_credentials(proof_dir);
	eap_remove_credentials(proof_rsa_dir);
}

/* DIR/NAMESUFFIX; returns `out`. */
static inline char *proof_path(char out[256], const char *dir, const char *name, const char *suffix)
{
	snprintf(out, 256, "%s/%s%s", dir, name, suffix);
	return out;
}

/* The certificate `name` of the folder, trusting `ca`; NULL: none of it. */
static inline struct ike_credentials *proof_credentials(const char *dir, const char *name,
	const char *ca, bool crl)
{
	char own[256], key[256], authority[256], list[256], error[256];
	struct ike_credentials_config config = {
		.ca_file = ca ? proof_path(authority, dir, ca, ".pem") : NULL,
		.certificate_file = name ? proof_path(own, dir, name, ".pem") : NULL,
		.key_file = name ? proof_path(key, dir, name, ".key") : NULL,
		.crl_file = crl ? proof_path(list, dir, "crl", ".pem") : NULL,
	};
	struct ike_credentials *c = ike_credentials_new(&config, error, sizeof(error));

	if (!c) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	return c;
}

/* a is mn@example with the client's certificate, b server.example with the server's; it is `today`, in
 * seconds since 1970. */
static inline void proof_certificates(struct world *w, struct ike_credentials *client,
	struct ike_credentials *server, int64_t today)
{
	ike_id_parse("mn@example", &w->a.connection.local_id);
	ike_id_parse("server.example", &w->a.connection.remote_id);
	w->b.connection.local_id = w->a.connection.remote_id;
	w->b.connection.remote_id = w->a.connection.local_id;
	w->a.connection.local_means = w->a.connection.remote_means = IKE_BY_CERTIFICATE;
	w->b.connection.local_means = w->b.connection.remote_means = IKE_BY_CERTIFICATE;
	w->a.connection.credentials = client;
	w->b.connection.credentials = server;
	w->a.config.epoch = w->b.config.epoch = today - (int64_t)(w->now / BTIME_S);
}

/* A server's end that has its answers from another one, and says EAP_WAITING until slow_end_answer. */
struct slow_end {
	struct eap_end end;
	struct eap_end *other;
};

/* Who was asked has answered: the end has what the other has come to. */
static inline void slow_end_answer(struct eap_end *end)
{
	struct eap_end *other = ((struct slow_end *)end)->other;

	end->status = other->status;
	end->output = other->output;
	end->has_key = other->has_key;
	end->failure = other->failure;
	memcpy(end->msk, other->msk, sizeof(end->msk));
}

/* The first request is its own. */
static inline enum eap_status slow_end_start(struct eap_end *end)
{
	struct eap_end *other = ((struct slow_end *)end)->other;

	other->ops->start(other);
	slow_end_answer(end);
	return end->status;
}

/* The packet goes to the other, whose answer is not told yet. */
static inline enum eap_status slow_end_input(struct eap_end *end, struct view packet,
	struct reject *reject)
{
	struct eap_end *other = ((struct slow_end *)end)->other;

	other->ops->input(other, packet, reject);
	return end->status = EAP_WAITING;
}

/* Both. */
static inline void slow_end_destroy(struct eap_end *end)
{
	eap_destroy(((struct slow_end *)end)->other);
	free(end);
}

/* `other` is its own from now on. */
static inline struct eap_end *slow_end_new(struct eap_end *other)
{
	static const struct eap_end_ops ops = { slow_end_start, slow_end_input, slow_end_destroy };
	struct slow_end *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->other = other;
	e->end.ops = &ops;
	return &e->end;
}

/* EAP-PSK with this key, or EAP-MD5 when that is asked for: a method without a key. */
struct proof_eap {
	struct random *random;
	uint8_t psk[EAP_PSK_SIZE];
	bool keyless, refuses;
	bool asks; /* the server waits for somebody else before each of its answers: */
	struct eap_end *slow; /* that end, */
	struct ike_sa *slow_sa; /* and whose it is */
	struct eap_tls_context *client, *server; /* EAP-TLS instead */
};

/* What the server knows of whoever it is; the context is a struct proof_eap. */
static inline bool proof_lookup(void *context, const char *identity, struct eap_user *user)
{
	const struct proof_eap *e = context;

	*user = (struct eap_user){ .has_psk = !e->keyless, .methods = { EAP_TYPE_PSK } };
	snprintf(user->identity, sizeof(user->identity), "%s", identity);
	memcpy(user->psk, e->psk, sizeof(user->psk));
	user->psk[0] ^= e->refuses; /* the server has another key */
	if (e->keyless) {
		user->methods[0] = EAP_TYPE_MD5;
		snprintf(user->password, sizeof(user->password), "secret");
	}
	if (e->server)
		user->methods[0] = EAP_TYPE_TLS;
	return true;
}

/* Makes either end of the conversation, for struct ike_connection; the context likewise. */
static inline struct eap_end *proof_eap_new(void *context, struct ike_sa *sa, bool server)
{
	struct proof_eap *e = context;
	struct eap_peer_config peer = { .identity = "mn@example",
		.psk = e->keyless ? NULL : e->psk,
		.password = e->keyless ? "secret" : NULL,
		.tls = e->client,
		.random = e->random };
	struct eap_server_config serving = { .lookup = proof_lookup,
		.lookup_context = e,
		.server_id = "server.example",
		.tls = e->server,
		.random = e->random };

	if (server && e->asks) {
		e->slow_sa = sa;
		return e->slow = slow_end_new(eap_server_new(&serving));
	}
	return server ? eap_server_new(&serving) : eap_peer_new(&peer);
}

/* Who was asked answers. What ike_event returned. */
static inline int proof_answer(struct world *w, struct proof_eap *e)
{
	struct ike_event event = { .kind = IKE_EVENT_EAP };

	slow_end_answer(e->slow);
	actions_clear(&w->actions);
	int result = ike_event(w->b.ike, e->slow_sa, &event, w->now, &w->actions);
	world_collect(w, &w->b);
	return result;
}

/* a proves itself by EAP, b by the shared key. */
static inline void proof_by_eap(struct world *w, struct proof_eap *e)
{
	e->random = &w->random;
	w->a.connection.local_means = w->b.connection.remote_means = IKE_BY_EAP;
	w->a.connection.eap = w->b.connection.eap = proof_eap_new;
	w->a.connection.eap_context = w->b.connection.eap_context = e;
}

#endif
