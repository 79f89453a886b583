// SPDX-License-Identifier: Apache-2.0
/* Certificates and EAP of the connections, from the configuration. */
#include <stdlib.h>

#include "ref/eap/eap_server.h"
#include "ref/iked/iked.h"
#include "ref/node/aaa.h"
#include "ref/radius/radius_client.h"

struct proof {
	struct ike_credentials *credentials;
	struct eap_tls_context *client, *server;
	struct eap_users *users;
	struct aaa *aaa; /* NULL: we are the server */
	const struct iked_eap *eap;
	const char *server_id;
	struct random *random;
};

static struct eap_end *new_end(void *context, struct ike_sa *sa, bool server)
{
	const struct proof *p = context;
	struct eap_peer_config peer = { .identity = p->eap->identity,
		.psk = p->eap->psk.size ? p->eap->psk.data : NULL,
		.tls = p->client,
		.refuse_keyless = true,
		.random = p->random };
	struct eap_server_config serving = { .lookup = eap_users_find,
		.lookup_context = p->users,
		.server_id = p->server_id,
		.tls = p->server,
		.random = p->random };

	if (server && p->aaa)
		return aaa_eap_new(p->aaa, sa, ike_sa_peer(sa));
	return server ? eap_server_new(&serving) : eap_peer_new(&peer);
}

/* A RADIUS server has answered. */
static void eap_ready(void *context, struct eap_end *end)
{
	struct iked *d = context;
	struct ike_event event = { .kind = IKE_EVENT_EAP };
	struct actions actions;

	actions_clear(&actions);
	ike_event(d->ike, radius_eap_owner(end), &event, loop_now(), &actions);
	iked_take(d, &actions);
}

void proofs_flush(struct iked *d)
{
	for (size_t i = 0; d->proofs && i < d->settings->connections.count; i++)
		aaa_flush(d->proofs[i].aaa);
}

static int make_eap(struct iked *d, const struct iked_connection *from, struct proof *p)
{
	struct eap_user user = { .has_psk = from->eap->psk.size != 0 };
	unsigned n = 0;

	p->eap = from->eap;
	p->server_id = from->local_id;
	p->random = &d->node->random;
	if (from->eap->tls && from->local_auth == IKE_BY_EAP)
		p->client = tls_settings_context(d->node, from->eap->tls, false);
	if (from->eap->tls && from->remote_auth == IKE_BY_EAP)
		p->server = tls_settings_context(d->node, from->eap->tls, true);
	if (from->eap->tls && !p->client && !p->server)
		return -1;
	if (from->eap->radius) {
		p->aaa = aaa_new(&(struct aaa_config){ d->node, from->eap->radius, d, eap_ready });
		return p->aaa ? 0 : -1;
	}
	if (from->eap->tls)
		user.methods[n++] = EAP_TYPE_TLS;
	if (user.has_psk) {
		user.methods[n++] = EAP_TYPE_PSK;
		memcpy(user.psk, from->eap->psk.data, sizeof(user.psk));
	}
	snprintf(user.identity, sizeof(user.identity), "%s", from->eap->identity);
	p->users = eap_users_new();
	eap_users_add(p->users, &user);
	return 0;
}

struct ike_credentials *iked_credentials(const struct iked_certificates *from, char *error,
	size_t size)
{
	struct ike_credentials_config config = { from->ca, from->certificate, from->key,
		from->crl };

	return ike_credentials_new(&config, error, size);
}

static int make_certificates(struct iked *d, const struct iked_certificates *from, struct proof *p)
{
	char error[256];

	p->credentials = iked_credentials(from, error, sizeof(error));
	if (!p->credentials)
		log_error(d->node->log, "%s", error);
	return p->credentials ? 0 : -1;
}

int proofs_make(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;
	size_t count = d->settings->connections.count;

	d->proofs = host_alloc(count * sizeof(*d->proofs));
	for (size_t i = 0; i < count; i++) {
		struct proof *p = &d->proofs[i];
		if (list[i].certificates && make_certificates(d, list[i].certificates, p) < 0)
			return -1;
		d->connections[i].credentials = p->credentials;
		if (!list[i].eap)
			continue;
		if (make_eap(d, &list[i], p) < 0)
			return -1;
		d->connections[i].eap = new_end;
		d->connections[i].eap_context = p;
	}
	return 0;
}

void proofs_free(struct iked *d)
{
	for (size_t i = 0; d->proofs && i < d->settings->connections.count; i++) {
		ike_credentials_free(d->proofs[i].credentials);
		eap_tls_context_free(d->proofs[i].client);
		eap_tls_context_free(d->proofs[i].server);
		eap_users_free(d->proofs[i].users);
		aaa_free(d->proofs[i].aaa);
	}
	free(d->proofs);
}
