// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/writer.h"
#include "ref/pana/pana_wire.h"
#include "testbed/vectors/replay.h"

#define SESSION_AT 8 /* RFC 5191 §6.2 */
#define SEQUENCE_AT 12

/* A conversation with the PAA from one source port. */
struct talk {
	struct tap *tap;
	const struct replay_options *options;
	int lane;
	uint8_t received[TAP_DATAGRAM_MAX];
	uint8_t last[TAP_DATAGRAM_MAX]; /* the last request: seen again, it is a retransmission */
	size_t last_size;
	struct packet packet; /* decoded from `received` */
	char name[32];	      /* "PAR[S]" */
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

/* "PAR[SE]". I depends on the PAA's configuration and not on what it was sent. */
static void name_packet(const struct packet *p, char out[32])
{
	static const struct {
		unsigned flag;
		char letter;
	} letters[] = {{PANA_S, 'S'}, {PANA_C, 'C'}, {PANA_A, 'A'}, {PANA_P, 'P'}, {PANA_E, 'E'}};
	char inside[8] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (pana_flags(p) & letters[i].flag)
			inside[n++] = letters[i].letter;
	snprintf(out, 32, "%s%s%s%s", p->message ? p->message->name : "?", n ? "[" : "", inside,
		n ? "]" : "");
}

/*
 * The next message that is not a retransmission of the last request: true, with packet and name
 * filled. What does not decode is named "garbage".
 */
static bool listen_until(struct talk *t, btime deadline)
{
	int size;

	while ((size = tap_receive(t->tap, t->lane, deadline, t->received)) >= 0) {
		struct view datagram = VIEW(t->received, (size_t)size);
		if (t->last_size && view_equal(datagram, VIEW(t->last, t->last_size)))
			continue;
		memcpy(t->last, t->received, (size_t)size);
		t->last_size = (size_t)size;
		if (pana_decode(datagram, &t->packet, NULL) == 0)
			name_packet(&t->packet, t->name);
		else
			snprintf(t->name, sizeof(t->name), "garbage");
		return true;
	}
	return false;
}

/* --- preamble --------------------------------------------------------------------------------- */

static int send_packet(struct talk *t, const struct packet *p)
{
	uint8_t buffer[512];
	struct writer w = writer_of(buffer, sizeof(buffer));

	wire_encode(p, &w);
	return tap_send(t->tap, t->lane, writer_view(&w));
}

/* PCI, and the initial request that answers it. */
static bool start_session(struct talk *t, bool preauth)
{
	struct packet pci = packet_named(&pana_protocol, "PCI");

	if (preauth)
		pci.header[PANA_FLAGS] |= PANA_E;
	return send_packet(t, &pci) == 0 && listen_until(t, tap_now() + t->options->answer) &&
	       strcmp(t->name, preauth ? "PAR[SE]" : "PAR[S]") == 0;
}

static bool offered(const struct packet *par, uint32_t code, uint32_t number)
{
	const struct element_value *e;

	for (unsigned i = 0; (e = packet_find_nth(par, 0, code, i)); i++) {
		struct reader r = reader_of(e->value);
		if (read_u32(&r) == number)
			return true;
	}
	return false;
}

static bool offers_all(const struct packet *par, uint32_t code, const struct vector_numbers *want)
{
	for (size_t i = 0; i < want->count; i++)
		if (!offered(par, code, want->list[i]))
			return false;
	return want->count > 0 || !packet_find(par, 0, code);
}

/* What an answer presumes of the initial request; NULL when the living one fits. */
static const char *misfit(const struct packet *par, const struct vector *v)
{
	bool eap = false;

	for (size_t i = 0; i < v->avp_count; i++)
		eap |= !v->avps[i].has_vendor && v->avps[i].code == PANA_AVP_EAP_PAYLOAD;
	if (v->result == VECTOR_INVALID)
		return NULL;
	if (!v->place.has_offers)
		return "the vector does not say what the PAA is to have offered";
	if (!offers_all(par, PANA_AVP_PRF_ALGORITHM, &v->place.prf) ||
		!offers_all(par, PANA_AVP_INTEGRITY_ALGORITHM, &v->place.integrity))
		return "this PAA offers other algorithms than the vector answers";
	if (eap && !packet_find(par, 0, PANA_AVP_EAP_PAYLOAD))
		return "this PAA has no EAP message in its initial request";
	return NULL;
}

static void add_number(struct packet *p, uint32_t code, uint8_t octets[4], uint32_t number)
{
	struct writer w = writer_of(octets, 4);

	write_u32(&w, number);
	packet_add(p, 0, code, VIEW(octets, 4));
}

/* The initial answer that takes the mandatory algorithms, and the request that follows it. */
static bool complete_start(struct talk *t)
{
	struct packet pan = packet_named(&pana_protocol, "PAN");
	uint8_t prf[4], integrity[4];

	pan.header[PANA_FLAGS] = PANA_S | (pana_flags(&t->packet) & PANA_E);
	pan.header[PANA_SESSION] = t->packet.header[PANA_SESSION];
	pan.header[PANA_SEQUENCE] = t->packet.header[PANA_SEQUENCE];
	if (offered(&t->packet, PANA_AVP_PRF_ALGORITHM, PANA_PRF_HMAC_SHA1))
		add_number(&pan, PANA_AVP_PRF_ALGORITHM, prf, PANA_PRF_HMAC_SHA1);
	if (offered(&t->packet, PANA_AVP_INTEGRITY_ALGORITHM, PANA_AUTH_HMAC_SHA1_160))
		add_number(&pan, PANA_AVP_INTEGRITY_ALGORITHM, integrity, PANA_AUTH_HMAC_SHA1_160);
	return send_packet(t, &pan) == 0 && listen_until(t, tap_now() + t->options->answer) &&
	       strncmp(t->name, "PAR", 3) == 0;
}

/* --- moving a vector onto a living session ---------------------------------------------------- */

static uint32_t number_at(struct view octets, size_t at)
{
	struct reader r = reader_of(octets);

	read_view(&r, at);
	return read_u32(&r);
}

/* Zero stays zero; what equals the expected becomes the living value; the rest keeps its distance.
 */
static void move_numbers(
	const struct vector *v, const struct packet *live, uint8_t *octets, size_t size)
{
	struct writer w = writer_of(octets, size);
	uint32_t session = number_at(v->octets, SESSION_AT);
	uint32_t sequence = number_at(v->octets, SEQUENCE_AT);
	bool request = v->octets.data[4] & PANA_R >> 8;

	w.used = size;
	if (session)
		write_uint_at(&w, SESSION_AT,
			session ^ v->place.session ^ (uint32_t)live->header[PANA_SESSION], 4);
	/* The PaC picks the number of its own first request (RFC 5191 §5.2). */
	if (sequence && !request)
		write_uint_at(&w, SEQUENCE_AT,
			sequence - v->place.sequence + (uint32_t)live->header[PANA_SEQUENCE], 4);
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

/* Whether it still answers: silence of the dead proves nothing. */
static bool alive(struct tap *tap, const struct replay_options *options)
{
	struct talk *t = calloc(1, sizeof(*t));
	bool good;

	if (!t)
		abort();
	*t = (struct talk){.tap = tap, .options = options, .lane = tap_lane(tap)};
	good = t->lane >= 0 && start_session(t, false);
	tap_lane_close(tap, t->lane);
	free(t);
	return good;
}

static struct replay_result judge(struct talk *t, const struct vector *v)
{
	char expected[128];
	bool silence = allows(v, "silence");
	bool heard =
		listen_until(t, tap_now() + (silence ? t->options->quiet : t->options->answer));
	const char *observed = heard ? t->name : "silence";

	list_reactions(v, expected, sizeof(expected));
	if (!allows(v, observed))
		return result_of(REPLAY_FAIL, observed, "expected %s, actual %s (%s)", expected,
			observed,
			v->result == VECTOR_INVALID	 ? v->rule.clause
			: v->result == VECTOR_ACCEPTABLE ? v->tolerance_clause
							 : "valid");
	if (!heard && !alive(t->tap, t->options)) {
		struct replay_result r = result_of(REPLAY_FAIL, observed,
			"silent as expected, but a PCI after it is not answered either");
		r.dead = true;
		return r;
	}
	return result_of(REPLAY_PASS, observed, "%s", "");
}

/* Why a vector cannot be replayed at a PAA; NULL when it can. */
static const char *unfit(const struct vector *v)
{
	if (!v->to_paa)
		return "for a PaC";
	if (v->place.needs == NEEDS_FRESH)
		return NULL;
	if (v->has_auth)
		return "needs a live session with keys";
	if (v->place.needs == NEEDS_STARTED)
		return NULL;
	if (v->place.needs == NEEDS_AUTHENTICATING)
		return v->result == VECTOR_INVALID ? NULL : "needs a live EAP conversation";
	return "needs a live session";
}

static struct replay_result converse(struct talk *t, const struct vector *v, struct view octets)
{
	uint8_t *copy = malloc(octets.size + 1);
	struct replay_result r;

	if (!copy)
		abort();
	if (octets.size)
		memcpy(copy, octets.data, octets.size);
	if (v->place.needs != NEEDS_FRESH) {
		if (!start_session(t, v->place.preauth)) {
			r = result_of(REPLAY_INCONCLUSIVE, t->name, "no initial request to a PCI%s",
				v->place.preauth ? " with E" : "");
			goto out;
		}
		const char *why = misfit(&t->packet, v);
		if (why) {
			r = result_of(REPLAY_SKIPPED, "", "%s", why);
			goto out;
		}
		if (v->place.needs == NEEDS_AUTHENTICATING && !complete_start(t)) {
			r = result_of(REPLAY_INCONCLUSIVE, t->name,
				"no request after the initial exchange");
			goto out;
		}
		if (octets.size >= PANA_HEADER_SIZE && v->place.has_session)
			move_numbers(v, &t->packet, copy, octets.size);
	}
	if (tap_send(t->tap, t->lane, VIEW(copy, octets.size)) < 0)
		r = result_of(REPLAY_INCONCLUSIVE, "", "%s", tap_error(t->tap));
	else
		r = judge(t, v);
out:
	free(copy);
	return r;
}

struct replay_result replay_one(struct tap *tap, const struct replay_options *options,
	const struct vector *v, struct view octets)
{
	const char *why = unfit(v);

	if (why)
		return result_of(REPLAY_SKIPPED, "", "%s", why);
	struct talk *t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->tap = tap;
	t->options = options;
	t->lane = tap_lane(tap);
	struct replay_result r =
		t->lane < 0 ? result_of(REPLAY_INCONCLUSIVE, "", "no source port is free")
			    : converse(t, v, octets);
	tap_lane_close(tap, t->lane);
	free(t);
	return r;
}

int replay_ready(struct tap *tap, btime patience)
{
	const struct replay_options options = {.answer = 200 * BTIME_MS};
	btime end = tap_now() + patience;

	while (tap_now() < end)
		if (alive(tap, &options))
			return 0;
	return -1;
}
