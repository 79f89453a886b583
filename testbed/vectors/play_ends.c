// SPDX-License-Identifier: Apache-2.0
/* EAP ends whose secrets and random numbers are those of a group of vectors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "testbed/vectors/play.h"

#define NUMBER_SIZE 16 /* of an MD5 challenge, RAND_S and RAND_P */

static bool is_method(const struct vector_eap *e, enum eap_type type)
{
	return eap_type_by_name(e->method) == type;
}

/* The number that an end draws for a conversation; empty where it draws none. */
static struct view number_of(const struct play_eap *play, const struct vector_eap *e)
{
	if (is_method(e, EAP_TYPE_MD5))
		return play->server ? e->challenge : VIEW_EMPTY;
	return play->server ? e->rand_s : e->rand_p;
}

/*
 * A server draws one octet, which its first Identifier follows, and a number as it begins each
 * method; a peer draws a number. All else is zero.
 */
static void fill(struct random *self, void *to, size_t size)
{
	struct play_eap *play = (struct play_eap *)self;
	uint8_t before = (uint8_t)(play->identifier - 1);

	memset(to, 0, size);
	if (size == 1)
		memcpy(to, &before, 1);
	while (size == NUMBER_SIZE && play->drawn < play->group->eap_count) {
		struct view number = number_of(play, &play->group->eap[play->drawn++]);
		if (number.size != NUMBER_SIZE)
			continue;
		memcpy(to, number.data, NUMBER_SIZE);
		return;
	}
}

static bool add_user(struct play_eap *play)
{
	const struct vector_group *g = play->group;
	struct eap_user user = {0};

	if (g->eap_count == 0)
		return true;
	snprintf(user.identity, sizeof(user.identity), "%s", g->eap[0].id_p);
	for (size_t i = 0; i < g->eap_count && i < EAP_METHODS_MAX; i++) {
		const struct vector_eap *e = &g->eap[i];
		user.methods[i] = eap_type_by_name(e->method);
		if (e->password)
			snprintf(user.password, sizeof(user.password), "%s", e->password);
		if (e->psk.size == sizeof(user.psk)) {
			memcpy(user.psk, e->psk.data, sizeof(user.psk));
			user.has_psk = true;
		}
	}
	return eap_users_add(play->users, &user) == 0;
}

/* Certificates of one use: what is in them is of no interest, that there are some is. */
static int make_tls(struct play_eap *play, char *why, size_t size)
{
	struct eap_tls_config config = eap_tls_config_default(play->server);
	char folder[] = "/tmp/baton-vectors-XXXXXX", ca[64], certificate[64], key[64];

	if (!mkdtemp(folder)) {
		snprintf(why, size, "%s: %m", folder);
		return -1;
	}
	snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	snprintf(certificate, sizeof(certificate), "%s/%s.pem", folder,
		play->server ? "server" : "client");
	snprintf(key, sizeof(key), "%s/%s.key", folder, play->server ? "server" : "client");
	config.ca_file = ca;
	config.certificate_file = certificate;
	config.key_file = key;
	if (eap_make_credentials(folder, &(struct eap_credentials){0}, why, size) == 0)
		play->tls = eap_tls_context_new(&config, why, size);
	eap_remove_credentials(folder);
	return play->tls ? 0 : -1;
}

int play_eap_begin(struct play_eap *play, const struct vector_group *group, uint8_t identifier,
	bool server, char *why, size_t size)
{
	bool tls = false;

	*play = (struct play_eap){.random = {.fill = fill},
		.group = group,
		.identifier = identifier,
		.server = server,
		.users = eap_users_new()};
	if (!add_user(play)) {
		snprintf(why, size, "the group's first conversation has no identity");
		return -1;
	}
	for (size_t i = 0; i < group->eap_count; i++)
		tls |= is_method(&group->eap[i], EAP_TYPE_TLS);
	return tls ? make_tls(play, why, size) : 0;
}

void play_eap_end(struct play_eap *play)
{
	eap_tls_context_free(play->tls);
	eap_users_free(play->users);
}

static struct eap_end *new_server(struct play_eap *play)
{
	const struct vector_group *g = play->group;

	return eap_server_new(&(struct eap_server_config){
		.lookup = eap_users_find,
		.lookup_context = play->users,
		.server_id = g->eap_count ? g->eap[0].id_s : "server",
		.tls = play->tls,
		.random = &play->random,
	});
}

static struct eap_end *new_peer(struct play_eap *play)
{
	const struct vector_group *g = play->group;
	struct eap_peer_config config = {
		.identity = g->eap_count ? g->eap[0].id_p : "peer",
		.password = g->eap_count ? NULL : "password",
		.tls = play->tls,
		.random = &play->random,
	};

	for (size_t i = 0; i < g->eap_count && i < EAP_METHODS_MAX; i++) {
		const struct vector_eap *e = &g->eap[i];
		config.methods[i] = eap_type_by_name(e->method);
		if (e->password)
			config.password = e->password;
		if (e->psk.size == EAP_PSK_SIZE)
			config.psk = e->psk.data;
	}
	return eap_peer_new(&config);
}

struct eap_end *play_eap_new(struct play_eap *play)
{
	return play->server ? new_server(play) : new_peer(play);
}
