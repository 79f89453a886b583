// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/writer.h"
#include "ref/pana/pana_wire.h"
#include "testbed/vectors/check.h"
#include "testbed/vectors/verify.h"

static const struct vector_codec codecs[] = {
	{"pana", &pana_protocol, pana_decode, verify_pana_auth},
	{NULL, NULL, NULL, NULL},
};

const struct vector_codec *vector_codec(const char *protocol)
{
	for (const struct vector_codec *c = codecs; c->protocol; c++)
		if (strcmp(c->protocol, protocol) == 0)
			return c;
	return NULL;
}

struct finding finding_of(enum check_verdict verdict, const char *format, ...)
{
	struct finding f = {.verdict = verdict};
	va_list args;

	va_start(args, format);
	vsnprintf(f.text, sizeof(f.text), format, args);
	va_end(args);
	return f;
}

#define AGREES ((struct finding){.verdict = CHECK_AGREES})

static struct finding number_differs(const char *field, uint64_t expected, uint64_t actual)
{
	if (expected == actual)
		return AGREES;
	return finding_of(CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual %" PRIu64, field,
		expected, actual);
}

/* --- decode equals fields --------------------------------------------------------------------- */

/* The header as the vector has it, in the order of the protocol's rows. */
static void header_of(const struct vector *v, uint64_t out[6])
{
	const struct vector_header *h = &v->header;
	out[PANA_RESERVED] = h->reserved;
	out[PANA_LENGTH] = h->length;
	out[PANA_FLAGS] = h->flags;
	out[PANA_TYPE] = h->type;
	out[PANA_SESSION] = h->session;
	out[PANA_SEQUENCE] = h->sequence;
}

static struct finding compare_header(const struct packet *p, const struct vector *v)
{
	uint64_t expected[6];
	struct finding f = AGREES;

	header_of(v, expected);
	for (unsigned i = 0; i < 6 && f.verdict == CHECK_AGREES; i++)
		f = number_differs(p->protocol->header[i].name, expected[i], p->header[i]);
	return f;
}

/* Once a message is identified, its name. */
static struct finding compare_name(const struct packet *p, const struct vector *v)
{
	const char *expected = v->header.message ? v->header.message : "none";

	if (!v->has_header || strcmp(expected, p->message->name) == 0)
		return AGREES;
	return finding_of(
		CHECK_DIFFERS, "message: expected %s, actual %s", expected, p->message->name);
}

static struct finding compare_avp(const struct element_value *e, const struct vector_avp *avp)
{
	struct finding f = number_differs("AVP Code", avp->code, e->code);

	if (f.verdict == CHECK_AGREES)
		f = number_differs("AVP Flags", avp->flags, e->flags);
	if (f.verdict == CHECK_AGREES)
		f = number_differs("Vendor-Id", avp->has_vendor ? avp->vendor : 0, e->vendor);
	if (f.verdict == CHECK_AGREES)
		f = number_differs("AVP Length", avp->length, e->value.size);
	if (f.verdict != CHECK_AGREES)
		return f;
	if (!view_equal(e->value, avp->value))
		return finding_of(CHECK_DIFFERS, "value of AVP %u: the octets differ", avp->code);
	const char *name = e->element ? e->element->name : NULL;
	if (name && avp->name && strcmp(name, avp->name) != 0)
		return finding_of(CHECK_DIFFERS, "AVP %u: expected %s, actual %s", avp->code,
			avp->name, name);
	if (avp->name && !name)
		return finding_of(
			CHECK_DIFFERS, "AVP %u: expected %s, actual unknown", avp->code, avp->name);
	return AGREES;
}

static struct finding compare_fields(const struct packet *p, const struct vector *v)
{
	struct finding f = compare_header(p, v);

	if (f.verdict == CHECK_AGREES)
		f = number_differs("number of AVPs", v->avp_count, p->element_count);
	for (unsigned i = 0; i < p->element_count && f.verdict == CHECK_AGREES; i++)
		f = compare_avp(&p->elements[i], &v->avps[i]);
	return f;
}

/* --- encode equals octets --------------------------------------------------------------------- */

static bool has_reserved(const struct vector *v)
{
	bool set = v->header.reserved != 0;
	for (size_t i = 0; i < v->avp_count; i++)
		set |= v->avps[i].reserved != 0;
	return set;
}

/* From the vector's fields alone: nothing that decoding produced. */
static struct finding compare_encoding(const struct vector_codec *codec, const struct vector *v)
{
	uint8_t buffer[8192];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct packet p = packet_of(codec->wire);

	if (v->avp_count > WIRE_ELEMENTS_MAX)
		return AGREES;
	header_of(v, p.header);
	for (size_t i = 0; i < v->avp_count; i++) {
		const struct vector_avp *avp = &v->avps[i];
		packet_add(&p, avp->has_vendor ? avp->vendor : 0, avp->code, avp->value);
		p.elements[i].flags = avp->flags;
	}
	wire_encode(&p, &w);
	if (w.failed)
		return finding_of(CHECK_DIFFERS, "encoding: the fields do not fit %zu octets",
			sizeof(buffer));
	struct view got = writer_view(&w);
	if (view_equal(got, v->octets))
		return AGREES;
	size_t at = 0;
	while (at < got.size && at < v->octets.size && got.data[at] == v->octets.data[at])
		at++;
	return finding_of(CHECK_DIFFERS,
		"encoding: expected %zu octets, actual %zu; the first difference is at octet %zu",
		v->octets.size, got.size, at);
}

/* --- rejection -------------------------------------------------------------------------------- */

static struct finding judge_rejection(const struct vector *v, const struct reject *r)
{
	char text[256];
	const struct vector_rule *rule = &v->rule;

	reject_text(r, text, sizeof(text));
	switch (v->result) {
	case VECTOR_VALID:
		return finding_of(CHECK_DIFFERS, "expected taken, actual rejected: %s", text);
	case VECTOR_ACCEPTABLE:
		if (v->must_accept)
			return finding_of(CHECK_DIFFERS, "expected taken (%s), actual rejected: %s",
				v->tolerance_clause, text);
		return AGREES;
	case VECTOR_INVALID:
		break;
	}
	if (r->reason != rule->reason && rule->also >> r->reason & 1)
		return AGREES;
	if (r->reason != rule->reason)
		return finding_of(CHECK_DIFFERS, "reason: expected %s (%s), actual %s",
			reject_name(rule->reason), rule->clause, text);
	if (rule->field && r->field && strcmp(rule->field, r->field) != 0)
		return finding_of(CHECK_DIFFERS, "field: expected %s (%s), actual %s", rule->field,
			rule->clause, text);
	return AGREES;
}

/* An AUTH that does not verify: for the reason that the vector states. */
static struct finding judge_rejection_of_auth(const struct vector *v, const struct reject *r)
{
	if (v->auth_valid)
		return finding_of(
			CHECK_DIFFERS, "AUTH: expected good, actual %s", reject_name(r->reason));
	if (v->rule.layer == LAYER_AUTH && r->reason != v->rule.reason)
		return finding_of(CHECK_DIFFERS, "AUTH: expected %s, actual %s",
			reject_name(v->rule.reason), reject_name(r->reason));
	return AGREES;
}

static struct finding judge_auth(
	const struct vector_codec *codec, const struct vector *v, const struct packet *p)
{
	char why[256] = "";
	struct reject reject = {0};
	bool unknown;

	if (!v->has_auth)
		return AGREES;
	const struct vector_association *a = &v->group->associations[v->association];
	int good = codec->verify(a, v->octets, p, &reject, &unknown, why, sizeof(why));
	if (good < 0)
		return finding_of(unknown ? CHECK_OUTSIDE : CHECK_DIFFERS, "AUTH: %s", why);
	if (good && !v->auth_valid)
		return finding_of(
			CHECK_DIFFERS, "AUTH: expected bad (%s), actual good", v->rule.text);
	return good ? AGREES : judge_rejection_of_auth(v, &reject);
}

/* EAP-PSK messages of sessions that say how they came about. */
static struct finding judge_eap(const struct vector *v)
{
	char why[256] = "";

	for (size_t i = 0; v->group->eap_count && i < v->avp_count; i++)
		if (v->avps[i].code == PANA_AVP_EAP_PAYLOAD && !v->avps[i].has_vendor &&
			verify_eap_psk(v->group, v->avps[i].value, why, sizeof(why)) < 0)
			return finding_of(CHECK_DIFFERS, "%s", why);
	return AGREES;
}

/* What decoding alone cannot reject; AUTH has been judged when there is one. */
static struct finding judge_taken(const struct vector *v)
{
	if (v->result != VECTOR_INVALID)
		return AGREES;
	switch (v->rule.layer) {
	case LAYER_DECODE:
	case LAYER_MESSAGE:
		return finding_of(CHECK_DIFFERS, "expected rejected: %s, %s (%s), actual taken",
			reject_name(v->rule.reason), v->rule.text, v->rule.clause);
	case LAYER_SESSION:
		return finding_of(CHECK_OUTSIDE, "only a session can see it: %s (%s)", v->rule.text,
			v->rule.clause);
	case LAYER_AUTH:
		break;
	}
	return AGREES;
}

struct finding check_with_codec(const struct vector_codec *codec, const struct vector *v)
{
	struct packet p;
	struct reject parse = {0}, reject = {0};
	struct finding f = AGREES;

	bool boundaries = wire_parse(codec->wire, v->octets, &p, &parse) == 0;
	if (boundaries && !v->has_header)
		return judge_taken(v);
	if (v->has_header && boundaries)
		f = compare_fields(&p, v);
	/* Reserved fields are ignored, so they cannot come back when encoding. */
	if (f.verdict == CHECK_AGREES && v->has_header && !has_reserved(v) &&
		v->result != VECTOR_ACCEPTABLE)
		f = compare_encoding(codec, v);
	if (f.verdict != CHECK_AGREES)
		return f;
	if (codec->decode(v->octets, &p, &reject) < 0)
		return judge_rejection(v, &reject);
	f = compare_name(&p, v);
	if (f.verdict == CHECK_AGREES)
		f = judge_auth(codec, v, &p);
	if (f.verdict == CHECK_AGREES)
		f = judge_eap(v);
	return f.verdict == CHECK_AGREES ? judge_taken(v) : f;
}

void check_tell(struct check_summary *summary, const struct vector *v, const struct finding *f,
	bool verbose, FILE *out)
{
	static const char *const words[] = {"agrees", "explained", "outside", "differs"};

	summary->agrees += f->verdict == CHECK_AGREES;
	summary->explained += f->verdict == CHECK_EXPLAINED;
	summary->outside += f->verdict == CHECK_OUTSIDE;
	summary->differs += f->verdict == CHECK_DIFFERS;
	if (f->verdict == CHECK_DIFFERS)
		fprintf(out, "%s:%u: ", v->group->file->path, v->line);
	if (f->verdict == CHECK_DIFFERS || verbose)
		fprintf(out, "%s %s%s%s\n", v->id, words[f->verdict], *f->text ? ": " : "",
			f->text);
}

struct run {
	const struct vector_codec *codec;
	struct check_summary summary;
	bool verbose;
	FILE *out;
};

static int check_one(void *context, const struct vector *v)
{
	struct run *run = context;
	struct finding f = check_with_codec(run->codec, v);

	check_tell(&run->summary, v, &f, run->verbose, run->out);
	return 0;
}

struct check_summary check_set_with_codec(
	const struct vector_codec *codec, const struct vector_set *set, bool verbose, FILE *out)
{
	struct run run = {.codec = codec, .verbose = verbose, .out = out};

	vector_set_each(set, check_one, &run);
	return run.summary;
}
