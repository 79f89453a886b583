// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "testbed/vectors/codec.h"

struct finding finding_of(enum check_verdict verdict, const char *format, ...)
{
	struct finding f = {.verdict = verdict};
	va_list args;

	va_start(args, format);
	vsnprintf(f.text, sizeof(f.text), format, args);
	va_end(args);
	return f;
}

struct finding finding_none(void)
{
	return (struct finding){.verdict = CHECK_AGREES};
}

#define AGREES finding_none()

static struct finding number_differs(const char *field, uint64_t expected, uint64_t actual)
{
	if (expected == actual)
		return AGREES;
	return finding_of(CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual %" PRIu64, field,
		expected, actual);
}

/* --- decode equals fields --------------------------------------------------------------------- */

static struct finding compare_field(const struct vector_field *want, const struct vector_field *got)
{
	if (want->is_octets != got->is_octets)
		return finding_of(CHECK_DIFFERS, "%s: a number on one side, octets on the other",
			want->name);
	if (!want->is_octets)
		return number_differs(want->name, want->number, got->number);
	if (view_equal(want->octets, got->octets))
		return AGREES;
	return finding_of(CHECK_DIFFERS, "%s: expected %zu octets, actual %zu, or others",
		want->name, want->octets.size, got->octets.size);
}

static struct finding compare_element(const struct protocol *p, const struct element_value *e,
	const struct vector_element *want)
{
	size_t head = p->format.length_of_whole
			      ? p->format.code_width + p->format.flags_width +
					p->format.length_width + 0u
			      : 0;
	struct finding f = number_differs("code", want->code, e->code);

	if (f.verdict == CHECK_AGREES)
		f = number_differs("flags of an element", want->flags, e->flags);
	if (f.verdict == CHECK_AGREES)
		f = number_differs("vendor", want->has_vendor ? want->vendor : 0, e->vendor);
	if (f.verdict == CHECK_AGREES)
		f = number_differs("length of an element", want->length, e->value.size + head);
	if (f.verdict != CHECK_AGREES)
		return f;
	if (!view_equal(e->value, want->value))
		return finding_of(
			CHECK_DIFFERS, "value of element %u: the octets differ", want->code);
	const char *name = e->element ? e->element->name : NULL;
	if (name && want->name && strcmp(name, want->name) != 0)
		return finding_of(CHECK_DIFFERS, "element %u: expected %s, actual %s", want->code,
			want->name, name);
	if (want->name && !name)
		return finding_of(CHECK_DIFFERS, "element %u: expected %s, actual unknown",
			want->code, want->name);
	return AGREES;
}

/* Every field that was decoded is one of the vector's, and the other way round. */
static struct finding compare_fields(const struct vector *v, const struct decoded *d)
{
	struct finding f = AGREES;

	for (size_t i = 0; i < d->field_count && f.verdict == CHECK_AGREES; i++) {
		const struct vector_field *want = vector_field(v, d->fields[i].name);
		f = want ? compare_field(want, &d->fields[i])
			 : finding_of(CHECK_DIFFERS, "%s: not among the vector's fields",
				   d->fields[i].name);
	}
	if (f.verdict == CHECK_AGREES)
		f = number_differs("number of fields", v->field_count, d->field_count);
	if (f.verdict != CHECK_AGREES || !d->has_elements)
		return f;
	f = number_differs("number of elements", v->element_count, d->packet.element_count);
	for (unsigned i = 0; i < d->packet.element_count && f.verdict == CHECK_AGREES; i++)
		f = compare_element(
			d->packet.protocol, &d->packet.elements[i], &v->elements[i]);
	return f;
}

static struct finding compare_name(const struct vector *v, const struct decoded *d)
{
	const char *expected = v->message ? v->message : "none";

	if (!v->has_fields || !d->message || strcmp(expected, d->message) == 0)
		return AGREES;
	return finding_of(CHECK_DIFFERS, "message: expected %s, actual %s", expected, d->message);
}

/* --- encode equals octets --------------------------------------------------------------------- */

/* From the vector's fields alone: nothing that decoding produced. */
static struct finding compare_encoding(const struct vector_codec *codec, const struct vector *v)
{
	uint8_t buffer[8192];
	struct writer w = writer_of(buffer, sizeof(buffer));

	if (!codec->encode(codec, v, &w))
		return AGREES;
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

struct finding judge_rejection(const struct vector *v, const struct reject *r)
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

/* What decoding alone cannot reject; AUTH has been judged when there is one. */
struct finding judge_taken(const struct vector *v)
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

/* --- all of it -------------------------------------------------------------------------------- */

/* What needs neither state nor keys; *taken: nothing was rejected. */
static struct finding check_octets(const struct vector_codec *codec, const struct vector *v,
	struct decoded *d, bool *taken)
{
	struct reject parse = {0}, reject = {0};
	struct finding f = AGREES;

	bool boundaries = codec->parse(codec, v->octets, d, &parse) == 0;
	*taken = false;
	if (boundaries && !v->has_fields)
		return judge_taken(v);
	if (boundaries)
		f = compare_fields(v, d);
	if (f.verdict == CHECK_AGREES && v->has_fields && v->result != VECTOR_ACCEPTABLE)
		f = compare_encoding(codec, v);
	if (f.verdict != CHECK_AGREES)
		return f;
	if (codec->check(codec, v->octets, d, &reject) < 0)
		return judge_rejection(v, &reject);
	*taken = true;
	return compare_name(v, d);
}

struct finding check_with_codec(const struct vector_codec *codec, const struct vector *v)
{
	struct decoded d = {0};
	bool taken;
	struct finding f = check_octets(codec, v, &d, &taken);

	if (f.verdict == CHECK_AGREES && taken && codec->verify)
		f = codec->verify(v, &d);
	if (f.verdict == CHECK_AGREES && codec->play && (codec->plays_server || !v->to_server))
		return codec->play(v);
	return f.verdict == CHECK_AGREES && taken ? judge_taken(v) : f;
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
