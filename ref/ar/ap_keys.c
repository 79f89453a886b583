// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ref/ar/ap_keys.h"
#include "ref/base/crypto.h"
#include "ref/node/ap_key.h"
#include "ref/pana/pana_mpa.h"

#define AGAIN (100 * BTIME_MS) /* before the first repetition; doubled each time */
#define ATTEMPTS 5
#define JOBS_MAX 1024 /* requests under way */
#define STATIONS_MAX 4 /* of one session */

/* One access point's part of a job. */
struct part {
	const struct ap_settings *ap;
	uint64_t sequence;
	uint8_t wire[AP_KEY_MESSAGE_MAX];
	size_t size;
	bool answered, installed;
};

/* One request under way. */
struct job {
	struct job *next;
	struct ap_keys *keys;
	uint32_t session, lifetime;
	uint16_t request_id;
	struct timer *timer;
	unsigned attempts;
	struct part parts[MPA_APS_MAX];
};

/*
 * A station's address belongs to the identity that first had keys installed for it, while any session
 * of that identity which did so lives: nobody else puts a key of his own in its place.
 */
struct claim {
	struct claim *next;
	uint8_t station[6];
	uint32_t session;
	char *identity;
};

struct ap_keys {
	struct ar *ar;
	const struct ap_settings *list;
	unsigned count, jobs_count;
	struct ap_key_channel channels[MPA_APS_MAX];
	struct udp *udp[2]; /* IPv4, IPv6 */
	uint64_t sequence;
	struct job *jobs;
	struct claim *claims;
};

static void job_free(struct job *job)
{
	struct ap_keys *k = job->keys;

	for (struct job **at = &k->jobs; *at; at = &(*at)->next)
		if (*at == job) {
			*at = job->next;
			break;
		}
	k->jobs_count--;
	timer_free(job->timer);
	wipe(job, sizeof(*job));
	free(job);
}

/* --- answers to the client -------------------------------------------------------------------- */

static void refuse(struct ap_keys *k, uint32_t session, uint16_t request_id, enum mpa_status code,
	const char *detail)
{
	struct mpa_handover_status status = { .request_id = request_id, .code = code };
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;

	snprintf(status.detail, sizeof(status.detail), "%s", detail);
	element = mpa_encode_handover_status(&status, storage);
	agent_notify(k->ar, session, &element, 1);
	log_event(k->ar->node->log, "ap_keys_refused", "{s:I,s:s}", "session", (json_int_t)session,
		"reason", detail);
}

/* All have answered, or patience is over. */
static void finish(struct job *job)
{
	struct ap_keys *k = job->keys;
	struct mpa_ap_keys answer = { .request_id = job->request_id, .lifetime = job->lifetime };
	uint32_t session = job->session;
	uint8_t storage[MPA_VALUE_MAX];

	for (unsigned i = 0; i < k->count; i++) {
		struct mpa_ap *ap = &answer.aps[answer.count];
		if (!job->parts[i].installed)
			continue;
		memcpy(ap->bssid, k->list[i].bssid, 6);
		ap->address = k->list[i].address;
		answer.count++;
	}
	job_free(job);
	if (!answer.count) {
		refuse(k, session, answer.request_id, MPA_TIMED_OUT,
			"no access point has taken its key");
		return;
	}
	struct element_value element = mpa_encode_ap_keys(&answer, storage);
	agent_notify(k->ar, session, &element, 1);
	log_event(k->ar->node->log, "ap_keys_installed", "{s:I,s:i,s:i}", "session",
		(json_int_t)session, "access_points", (int)answer.count, "of", (int)k->count);
}

/* --- access points ---------------------------------------------------------------------------- */

static void send_unanswered(struct job *job)
{
	struct ap_keys *k = job->keys;

	for (unsigned i = 0; i < k->count; i++) {
		const struct part *p = &job->parts[i];
		if (!p->answered)
			udp_send(k->udp[p->ap->address.family != AF_INET], NULL, &p->ap->address,
				VIEW(p->wire, p->size));
	}
	timer_set(job->timer, loop_now() + (AGAIN << job->attempts));
	job->attempts++;
}

static void timer_due(void *context)
{
	struct job *job = context;

	if (job->attempts < ATTEMPTS)
		send_unanswered(job);
	else
		finish(job);
}

static bool is_finished(const struct job *job)
{
	for (unsigned i = 0; i < job->keys->count; i++)
		if (!job->parts[i].answered)
			return false;
	return true;
}

static void take_answer(struct ap_keys *k, unsigned index, const struct ap_key_message *m)
{
	for (struct job *job = k->jobs; job; job = job->next) {
		struct part *p = &job->parts[index];
		if (p->sequence != m->sequence || p->answered)
			continue;
		p->answered = true;
		p->installed = m->type == AP_KEY_INSTALLED;
		if (is_finished(job))
			finish(job);
		return;
	}
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct ap_keys *k = context;
	struct ap_key_message m;

	for (unsigned i = 0; i < k->count; i++)
		if (endpoint_equal(&d->peer, &k->list[i].address) &&
			ap_key_open(&k->channels[i], d->data, &m, NULL) == 0 &&
			m.type != AP_KEY_INSTALL) {
			take_answer(k, i, &m);
			return;
		}
}

/* --- stations --------------------------------------------------------------------------------- */

static void release(struct ap_keys *k, uint32_t session)
{
	for (struct claim **at = &k->claims; *at;) {
		struct claim *claim = *at;
		if (claim->session != session) {
			at = &claim->next;
			continue;
		}
		*at = claim->next;
		free(claim->identity);
		free(claim);
	}
}

/* False when the address is somebody else's, or the session has too many. */
static bool claim(struct ap_keys *k, const struct paa_session *s, const uint8_t station[6])
{
	const char *identity = paa_session_identity(s);
	unsigned own = 0;
	bool mine = false;

	for (const struct claim *c = k->claims; c; c = c->next) {
		own += c->session == paa_session_id(s);
		if (memcmp(c->station, station, 6) != 0)
			continue;
		if (strcmp(c->identity, identity) != 0)
			return false;
		mine |= c->session == paa_session_id(s);
	}
	if (mine || own >= STATIONS_MAX)
		return mine;
	struct claim *c = host_alloc(sizeof(*c));
	memcpy(c->station, station, 6);
	c->session = paa_session_id(s);
	c->identity = strdup(identity);
	if (!c->identity)
		abort();
	c->next = k->claims;
	k->claims = c;
	return true;
}

/* --- requests --------------------------------------------------------------------------------- */

static void begin(struct ap_keys *k, const struct paa_session *s,
	const struct mpa_ap_key_request *request)
{
	struct job *job = host_alloc(sizeof(*job));

	job->keys = k;
	job->session = paa_session_id(s);
	job->request_id = request->request_id;
	job->lifetime = paa_session_lifetime(s);
	for (unsigned i = 0; i < k->count; i++) {
		struct part *p = &job->parts[i];
		struct ap_key_message m = { .type = AP_KEY_INSTALL,
			.sequence = ++k->sequence,
			.lifetime = job->lifetime };
		memcpy(m.station, request->mac, 6);
		paa_session_ap_key(s, k->list[i].bssid, m.pmk);
		p->ap = &k->list[i];
		p->sequence = m.sequence;
		p->size = ap_key_seal(&k->channels[i], &m, p->wire);
		wipe(&m, sizeof(m));
	}
	job->timer = timer_new(k->ar->node->loop, timer_due, job);
	job->next = k->jobs;
	k->jobs = job;
	k->jobs_count++;
	send_unanswered(job);
}

static void take_request(struct ap_keys *k, uint32_t session, struct view value)
{
	const struct paa_session *s = paa_find(k->ar->paa, session);
	struct mpa_ap_key_request request;

	if (!s || mpa_decode_ap_key_request(value, &request) < 0)
		return;
	if (!paa_session_keys(s))
		refuse(k, session, request.request_id, MPA_REFUSED, "the session has no keys");
	else if (!claim(k, s, request.mac))
		refuse(k, session, request.request_id, MPA_REFUSED,
			"this station belongs to somebody else, or is one too many");
	else if (k->jobs_count >= JOBS_MAX)
		refuse(k, session, request.request_id, MPA_NO_RESOURCES, "too many requests");
	else
		begin(k, s, &request);
}

void ap_keys_notified(struct ap_keys *k, uint32_t session, struct view message)
{
	struct packet p;

	if (!k || pana_decode(message, &p, NULL) < 0)
		return;
	for (unsigned i = 0; i < p.element_count; i++)
		if (p.elements[i].vendor == PANA_VENDOR &&
			p.elements[i].code == PANA_MPA_AP_KEY_REQUEST)
			take_request(k, session, p.elements[i].value);
}

void ap_keys_forget(struct ap_keys *k, uint32_t session)
{
	struct job *job = k ? k->jobs : NULL, *next;

	for (; job; job = next) {
		next = job->next;
		if (job->session == session)
			job_free(job);
	}
	if (k)
		release(k, session);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Above every number of an earlier run, so that access points take the first one. */
static uint64_t first_sequence(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct ap_keys *ap_keys_new(struct ar *ar, const struct config_list *list)
{
	struct ap_keys *k = host_alloc(sizeof(*k));

	k->ar = ar;
	k->list = list->items;
	k->count = (unsigned)list->count;
	k->sequence = first_sequence();
	for (unsigned i = 0; i < k->count; i++) {
		const struct ap_settings *ap = &k->list[i];
		struct endpoint any = { .family = ap->address.family };
		struct udp **udp = &k->udp[any.family != AF_INET];

		ap_key_channel(&k->channels[i], VIEW(ap->secret.data, ap->secret.size), ap->bssid);
		if (!*udp)
			*udp = udp_open(ar->node->loop, &any, NULL, receive, k);
		if (!*udp) {
			log_error(ar->node->log, "a socket for access points: %s", strerror(errno));
			ap_keys_free(k);
			return NULL;
		}
	}
	return k;
}

void ap_keys_free(struct ap_keys *k)
{
	if (!k)
		return;
	while (k->jobs)
		job_free(k->jobs);
	while (k->claims)
		release(k, k->claims->session);
	udp_close(k->udp[0]);
	udp_close(k->udp[1]);
	wipe(k, sizeof(*k));
	free(k);
}
