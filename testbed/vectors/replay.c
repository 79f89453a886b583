// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "ref/pana/pana_wire.h"
#include "testbed/vectors/replay.h"

#define SESSION_AT 8 /* RFC 5191 §6.2 */
#define SEQUENCE_AT 12
#define POLL (200 * BTIME_MS)

/* One vector on its way. */
struct replay {
	const struct replay_options *options;
	const struct vector *vector;
	struct talk *talk;
	struct live live;
	bool has_live;
	uint8_t *octets; /* a copy, to be moved onto the living session */
	size_t size;
};

__attribute__((format(printf, 3, 4))) static struct replay_result result_of(
	enum replay_verdict verdict, const char *observed, const char *format, ...)
{
	struct replay_result r = {.verdict = verdict};
	va_list args;

	snprintf(r.observed, sizeof(r.observed), "%s", observed);
	va_start(args, format);
	vsnprintf(r.why, sizeof(r.why), format, args);
	va_end(args);
	return r;
}

#define GO_ON ((struct replay_result){.verdict = REPLAY_PASS})

static struct replay_result skipped(const char *why)
{
	return result_of(REPLAY_SKIPPED, "", "%s", why);
}

/* --- what can be replayed --------------------------------------------------------------------- */

/* Why a vector cannot be replayed at a PAA; NULL when it can. */
static const char *unfit(const struct vector *v, bool has_user)
{
	bool invalid = v->result == VECTOR_INVALID;

	if (!v->to_server)
		return "for a PaC";
	switch (v->place.needs) {
	case NEEDS_FRESH:
		return NULL;
	case NEEDS_STARTED:
		return v->has_auth ? "needs keys before there are any" : NULL;
	case NEEDS_AUTHENTICATING:
		if (v->has_auth)
			return "needs a session in its last exchange";
		return invalid ? NULL : "needs a certain EAP conversation";
	case NEEDS_OPEN:
		if (v->has_inside && !invalid)
			return "needs a session that encrypts AVPs";
		if (!has_user)
			return "needs a session in the access phase; --identity and --psk give one";
		if (v->group->association_count == 0)
			return "needs a session without keys";
		if (!invalid && v->has_fields && !(vector_number(v, "flags") & PANA_R))
			return "answers a request that this PAA has not made";
		return NULL;
	case NEEDS_REAUTHENTICATING:
		if (!has_user)
			return "needs a session in the access phase; --identity and --psk give one";
		return invalid ? NULL : "needs a certain EAP conversation";
	case NEEDS_TERMINATING:
		return "needs a PAA that ends a session";
	}
	return NULL;
}

static bool offers_all(const struct talk *t, uint32_t code, const struct vector_numbers *want)
{
	for (size_t i = 0; i < want->count; i++)
		if (!talk_offers(t, code, want->list[i]))
			return false;
	return want->count > 0 || !packet_find(&t->packet, 0, code);
}

/* What an answer presumes of the initial request; NULL when the living one fits. */
static const char *misfit(const struct talk *t, const struct vector *v)
{
	bool eap = false, encryption = false;

	for (size_t i = 0; i < v->element_count; i++) {
		const struct vector_element *e = &v->elements[i];
		eap |= !e->has_vendor && e->code == PANA_AVP_EAP_PAYLOAD;
		encryption |= !e->has_vendor && e->code == PANA_AVP_ENCRYPTION_ALGORITHM;
	}
	if (v->result == VECTOR_INVALID)
		return NULL;
	if (!v->has_fields || vector_number(v, "type") == PANA_CLIENT_INITIATION)
		return NULL;
	if (!v->place.has_offers)
		return "the vector does not say what the PAA is to have offered";
	if (!offers_all(t, PANA_AVP_PRF_ALGORITHM, &v->place.prf) ||
		!offers_all(t, PANA_AVP_INTEGRITY_ALGORITHM, &v->place.integrity))
		return "this PAA offers other algorithms than the vector answers";
	if (encryption && !packet_find(&t->packet, 0, PANA_AVP_ENCRYPTION_ALGORITHM))
		return "this PAA offers no algorithm to encrypt AVPs with";
	if (eap && !packet_find(&t->packet, 0, PANA_AVP_EAP_PAYLOAD))
		return "this PAA has no EAP message in its initial request";
	return NULL;
}

/* --- bringing the session about --------------------------------------------------------------- */

static struct replay_result begin_only(struct replay *r)
{
	struct talk *t = r->talk;
	uint8_t buffer[256];
	struct writer w = writer_of(buffer, sizeof(buffer));

	if (!talk_start(t, r->vector->place.preauth)) {
		if (r->vector->place.preauth && strcmp(t->name, "PAR[S]") == 0)
			return skipped("this PAA does not pre-authenticate");
		return result_of(REPLAY_INCONCLUSIVE, t->name, "no initial request to a PCI");
	}
	const char *why = misfit(t, r->vector);
	if (why)
		return skipped(why);
	if (r->vector->place.needs == NEEDS_STARTED)
		return GO_ON;
	talk_initial_answer(t, &w);
	if (talk_send(t, writer_view(&w)) == 0 && talk_hear(t) && strncmp(t->name, "PAR", 3) == 0)
		return GO_ON;
	return result_of(REPLAY_INCONCLUSIVE, t->name, "no request after the initial exchange");
}

static struct replay_result open_fully(struct replay *r)
{
	const struct vector *v = r->vector;
	char why[200] = "";

	if (live_open(&r->live, r->talk, &r->options->user, v->place.preauth, why, sizeof(why)) <
		0) {
		if (v->place.preauth && strcmp(r->talk->name, "PAR[S]") == 0)
			return skipped("this PAA does not pre-authenticate");
		return result_of(REPLAY_INCONCLUSIVE, r->talk->name, "no session: %s", why);
	}
	r->has_live = true;
	if (!r->live.sa.live)
		return result_of(REPLAY_INCONCLUSIVE, "", "the session has no keys");
	if (v->has_auth && v->auth_valid &&
		v->group->associations[v->association].integrity != r->live.sa.integrity)
		return skipped("the session has another integrity algorithm");
	if (v->place.needs == NEEDS_REAUTHENTICATING &&
		live_reauthenticate(&r->live, why, sizeof(why)) < 0)
		return result_of(REPLAY_INCONCLUSIVE, r->talk->name, "%s", why);
	return GO_ON;
}

/* --- moving a vector onto a living session ---------------------------------------------------- */

static uint32_t number_at(const struct replay *r, size_t at)
{
	struct reader reader = reader_of(VIEW(r->octets, r->size));

	read_view(&reader, at);
	return read_u32(&reader);
}

static void set_number(struct replay *r, size_t at, uint32_t value)
{
	struct writer w = writer_of(r->octets, r->size);

	w.used = r->size;
	write_uint_at(&w, at, value, 4);
}

/* Zero stays zero; what equals the expected becomes the living value; the rest keeps its distance.
 */
static uint32_t moved(uint32_t value, uint32_t expected, uint32_t living)
{
	return value || !expected ? value - expected + living : 0;
}

/* Where the value of the first AUTH AVP begins; 0 when there is none. */
static size_t auth_at(const struct vector *v)
{
	size_t at = PANA_HEADER_SIZE;

	for (size_t i = 0; i < v->element_count; i++) {
		const struct vector_element *a = &v->elements[i];
		at += a->has_vendor ? 12 : 8;
		if (a->code == PANA_AVP_AUTH && !a->has_vendor)
			return at;
		at += (a->length + 3u) & ~3u;
	}
	return 0;
}

static void move(struct replay *r)
{
	const struct vector *v = r->vector;
	const struct live *l = &r->live;
	const struct packet *heard = &r->talk->packet;

	if (r->size < PANA_HEADER_SIZE || !v->place.has_session)
		return;
	bool request = r->octets[4] & PANA_R >> 8;
	uint32_t session = r->has_live ? l->session : (uint32_t)heard->header[PANA_SESSION];
	uint32_t sequence = request ? l->pac_next : l->paa_next;
	if (!r->has_live)
		sequence = (uint32_t)heard->header[PANA_SEQUENCE];
	if (number_at(r, SESSION_AT))
		set_number(r, SESSION_AT, number_at(r, SESSION_AT) ^ v->place.session ^ session);
	/* The PaC picks the number of its own first request (RFC 5191 §5.2). */
	if (r->has_live || !request)
		set_number(r, SEQUENCE_AT,
			moved(number_at(r, SEQUENCE_AT), v->place.sequence, sequence));
	size_t at = auth_at(v);
	if (r->has_live && v->has_auth && v->auth_valid && at)
		pana_auth_value(l->sa.integrity,
			VIEW(l->sa.auth_key, pana_auth_key_size(l->sa.integrity)),
			VIEW(r->octets, r->size), at, r->octets + at);
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool allows(const struct vector *v, const char *observed)
{
	for (size_t i = 0; i < v->reaction_count; i++) {
		const char *r = v->reactions[i];
		size_t n = strcspn(r, " "); /* the first message decides */
		if (strlen(observed) == n && strncmp(r, observed, n) == 0)
			return true;
	}
	return false;
}

static void list_reactions(const struct vector *v, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < v->reaction_count && used < size; i++)
		used += (size_t)snprintf(
			out + used, size - used, "%s%s", i ? " or " : "", v->reactions[i]);
}

static const char *clause_of(const struct vector *v)
{
	switch (v->result) {
	case VECTOR_INVALID:
		return v->rule.clause;
	case VECTOR_ACCEPTABLE:
		return v->tolerance_clause;
	case VECTOR_VALID:
		break;
	}
	return "valid";
}

/* Whether it still answers: silence of the dead proves nothing. */
static bool alive(struct tap *tap, btime answer)
{
	struct talk *t = talk_open(tap, answer);
	bool good = t->lane >= 0 && talk_start(t, false);

	talk_close(t);
	return good;
}

static struct replay_result judge_silence(struct replay *r)
{
	struct replay_result out = GO_ON;

	snprintf(out.observed, sizeof(out.observed), "silence");
	if (!alive(r->talk->tap, r->options->answer)) {
		out = result_of(REPLAY_FAIL, "silence",
			"silent as expected, but a PCI after it is not answered either");
		out.dead = true;
	} else if (r->vector->place.needs == NEEDS_OPEN && !live_ping(&r->live)) {
		out = result_of(REPLAY_FAIL, "silence",
			"silent as expected, but the session does not answer a ping after it (%s)",
			clause_of(r->vector));
	}
	return out;
}

static struct replay_result judge(struct replay *r)
{
	const struct vector *v = r->vector;
	char expected[128];
	btime patience = allows(v, "silence") ? r->options->quiet : r->options->answer;
	bool heard = talk_listen(r->talk, tap_now() + patience);
	const char *observed = heard ? r->talk->name : "silence";

	list_reactions(v, expected, sizeof(expected));
	if (!allows(v, observed))
		return result_of(REPLAY_FAIL, observed, "expected %s, actual %s (%s)", expected,
			observed, clause_of(v));
	return heard ? result_of(REPLAY_PASS, observed, "%s", "") : judge_silence(r);
}

static struct replay_result converse(struct replay *r)
{
	struct replay_result out = GO_ON;

	switch (r->vector->place.needs) {
	case NEEDS_FRESH:
		break;
	case NEEDS_STARTED:
	case NEEDS_AUTHENTICATING:
		out = begin_only(r);
		break;
	case NEEDS_OPEN:
	case NEEDS_REAUTHENTICATING:
	case NEEDS_TERMINATING:
		out = open_fully(r);
		break;
	}
	if (out.verdict != REPLAY_PASS)
		return out;
	if (r->vector->place.needs != NEEDS_FRESH)
		move(r);
	if (talk_send(r->talk, VIEW(r->octets, r->size)) < 0)
		return result_of(REPLAY_INCONCLUSIVE, "", "%s", tap_error(r->talk->tap));
	return judge(r);
}

struct replay_result replay_one(struct tap *tap, const struct replay_options *options,
	const struct vector *v, struct view octets)
{
	const char *why = unfit(v, options->user.identity != NULL);

	if (why)
		return skipped(why);
	struct replay r = {.options = options, .vector = v, .size = octets.size};
	r.octets = malloc(octets.size + 1);
	if (!r.octets)
		abort();
	if (octets.size)
		memcpy(r.octets, octets.data, octets.size);
	r.talk = talk_open(tap, options->answer);
	struct replay_result out = r.talk->lane < 0
					   ? result_of(REPLAY_INCONCLUSIVE, "", "no source port")
					   : converse(&r);
	if (r.has_live)
		live_close(&r.live);
	talk_close(r.talk);
	free(r.octets);
	return out;
}

int replay_ready(struct tap *tap, btime patience)
{
	btime end = tap_now() + patience;

	while (tap_now() < end)
		if (alive(tap, POLL))
			return 0;
	return -1;
}
