// SPDX-License-Identifier: Apache-2.0
/*
 * RADIUS: the reference client with an EAP conversation passed through it. Its requests get the
 * Identifier and the Request Authenticator of the exchange that a vector answers; the answers
 * depend on nothing else of them.
 */
#include <stdio.h>
#include <string.h>

#include "ref/radius/radius_client.h"
#include "testbed/vectors/play.h"

#define REQUESTS_MAX 16 /* Identifiers are taken in turn from 0 */

struct stage {
	struct random random; /* first */
	struct view request;
	struct radius_client *client;
	struct endpoint server;
	struct actions actions;
};

static void fill(struct random *self, void *to, size_t size)
{
	const struct stage *stage = (const struct stage *)self;

	memset(to, 0, size);
	if (size == RADIUS_AUTHENTICATOR_SIZE)
		memcpy(to, stage->request.data + RADIUS_AUTHENTICATOR_AT, size);
}

static void ready(void *context, struct eap_end *end)
{
	(void)context, (void)end;
}

static void stage_begin(struct stage *stage, const struct vector *v)
{
	struct view secret = v->group->secret;
	struct radius_client_config config = {.server_count = 1,
		.ports = 1,
		.nas_identifier = "nas",
		.random = &stage->random,
		.ready = ready};

	*stage = (struct stage){.random = {.fill = fill},
		.request = v->group->exchanges[v->place.exchange].request};
	endpoint_parse("198.51.100.5:1812", 0, &stage->server);
	config.servers[0].endpoint = stage->server;
	config.servers[0].secret_size =
		secret.size < RADIUS_SECRET_MAX ? secret.size : RADIUS_SECRET_MAX;
	memcpy(config.servers[0].secret, secret.data, config.servers[0].secret_size);
	stage->client = radius_client_new(&config);
}

/* A conversation whose Access-Request goes out; Identifiers follow each other. */
static struct eap_end *ask(struct stage *stage)
{
	struct eap_end *end = radius_eap_new(stage->client, &(struct radius_session){0});
	uint8_t response[] = {2, 0, 0, 6, 1, 'a'};

	end->ops->start(end);
	response[1] = end->output.data[1];
	end->ops->input(end, VIEW_OF(response), NULL);
	actions_clear(&stage->actions);
	radius_client_flush(stage->client, 0, &stage->actions);
	return end;
}

static void take_status(struct played *played, const struct eap_end *end)
{
	switch (end->status) {
	case EAP_WAITING:
		break;
	case EAP_OUTPUT:
		played_add(played, "challenge", NULL, end->output);
		break;
	case EAP_SUCCESS:
		played_add(played, "accept", NULL, end->output);
		break;
	case EAP_FAILURE:
		played_add(played, "reject", NULL, end->output);
		break;
	}
}

/* The MSK is made of both keys, and only of two of 32 octets; what is passed on was sent. */
static struct finding compare_end(const struct vector *v, const struct eap_end *end)
{
	bool both = v->recv_key.size == EAP_MSK_SIZE / 2 && v->send_key.size == EAP_MSK_SIZE / 2;

	if (end->status == EAP_OUTPUT && (end->output.size > v->eap.size ||
			memcmp(end->output.data, v->eap.data, end->output.size) != 0))
		return finding_of(CHECK_DIFFERS, "what is passed on is not the EAP packet");
	if (!v->has_keys || end->status != EAP_SUCCESS)
		return finding_none();
	if (end->has_key != both)
		return finding_of(CHECK_DIFFERS, "MSK: expected %s, actual %s",
			both ? "one" : "none", end->has_key ? "one" : "none");
	if (both && (memcmp(end->msk, v->recv_key.data, EAP_MSK_SIZE / 2) != 0 ||
			    memcmp(end->msk + EAP_MSK_SIZE / 2, v->send_key.data,
				    EAP_MSK_SIZE / 2) != 0))
		return finding_of(CHECK_DIFFERS, "MSK: it is not Recv-Key and Send-Key");
	return finding_none();
}

struct finding play_radius(const struct vector *v)
{
	struct played played = {0};
	struct eap_end *end = NULL;
	struct stage stage;

	if (!v->place.has_exchange)
		return finding_of(CHECK_DIFFERS, "the state does not say which request it is for");
	uint8_t identifier = v->group->exchanges[v->place.exchange].request.data[1];
	if (identifier >= REQUESTS_MAX)
		return finding_of(CHECK_OUTSIDE, "the request's Identifier is above %d",
			REQUESTS_MAX - 1);
	stage_begin(&stage, v);
	/* Those before it are given up, so that only one waits. */
	for (unsigned i = 0; i <= identifier; i++) {
		eap_destroy(end);
		end = ask(&stage);
	}
	radius_client_input(stage.client, 0, &stage.server, v->octets, 0, &played.reject);
	take_status(&played, end);
	struct finding f = played_compare(v, &played);
	if (f.verdict == CHECK_AGREES)
		f = compare_end(v, end);
	eap_destroy(end);
	radius_client_free(stage.client);
	return f;
}
