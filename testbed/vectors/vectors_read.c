// SPDX-License-Identifier: Apache-2.0
/* One file of vectors from JSON. A reading stops at the first thing wrong. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/members.h"

#define FORMAT "baton-vectors-1"

/* --- the parts of a vector -------------------------------------------------------------------- */

static bool read_reason(struct source *s, const char *word, enum reject_reason *out)
{
	*out = reject_by_name(word);
	if (*out != REJECT_COUNT && *out != REJECT_NONE)
		return true;
	return source_wrong(s, "'%s' is no reason to reject; ref/base/reject.h lists them", word);
}

static bool read_rule(struct source *s, json_t *object, struct vector_rule *rule)
{
	static const char *const layers[] = {"decode", "message", "session", "auth", NULL};
	const char *layer = "", *reason = "";
	json_t *also = NULL;
	uint32_t offset = 0;
	int index;
	const struct member rows[] = {
		{"layer", MEMBER_TEXT, true, &layer, NULL},
		{"reason", MEMBER_TEXT, true, &reason, NULL},
		{"clause", MEMBER_TEXT, true, &rule->clause, NULL},
		{"text", MEMBER_TEXT, true, &rule->text, NULL},
		{"field", MEMBER_TEXT, false, &rule->field, NULL},
		{"offset", MEMBER_U32, false, &offset, &rule->has_offset},
		{"also", MEMBER_ARRAY, false, &also, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "the rule", rows) ||
		!source_choice(s, "the layer of the rule", layer, layers, &index))
		return false;
	rule->layer = (enum vector_layer)index;
	rule->offset = offset;
	if (!read_reason(s, reason, &rule->reason))
		return false;
	for (size_t i = 0; i < json_array_size(also); i++) {
		const char *word = json_string_value(json_array_get(also, i));
		enum reject_reason other;
		if (!read_reason(s, word ? word : "", &other))
			return false;
		rule->also |= UINT64_C(1) << other;
	}
	return true;
}

static bool read_tolerance(struct source *s, json_t *object, struct vector *v)
{
	static const char *const levels[] = {"may", "must", NULL};
	const char *level = "";
	int index;
	const struct member rows[] = {
		{"level", MEMBER_TEXT, true, &level, NULL},
		{"clause", MEMBER_TEXT, true, &v->tolerance_clause, NULL},
		{"text", MEMBER_TEXT, true, &v->tolerance_text, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "the tolerance", rows) ||
		!source_choice(s, "the level of the tolerance", level, levels, &index))
		return false;
	v->must_accept = index == 1;
	return true;
}

static bool read_numbers(struct source *s, json_t *array, struct vector_numbers *out)
{
	size_t most = sizeof(out->list) / sizeof(out->list[0]);

	out->count = json_array_size(array);
	if (out->count > most)
		return source_wrong(
			s, "%zu algorithms offered; at most %zu are kept", out->count, most);
	for (size_t i = 0; i < out->count; i++)
		if (!source_number(json_array_get(array, i), UINT32_MAX, &out->list[i]))
			return source_wrong(s, "an algorithm is not a number; it would be %s",
				"a number from 0 to 4294967295");
	return true;
}

static bool read_place(struct source *s, json_t *object, struct vector_place *place)
{
	static const char *const needs[] = {"fresh", "started", "authenticating", "open",
		"reauthenticating", "terminating", NULL};
	const char *word = "";
	json_t *offers = NULL, *prf = NULL, *integrity = NULL;
	bool has_sequence = false;
	int index;
	const struct member rows[] = {
		{"needs", MEMBER_TEXT, true, &word, NULL},
		{"session", MEMBER_U32, false, &place->session, &place->has_session},
		{"sequence", MEMBER_U32, false, &place->sequence, &has_sequence},
		{"preauth", MEMBER_BOOLEAN, false, &place->preauth, NULL},
		{"offers", MEMBER_OBJECT, false, &offers, &place->has_offers},
		{NULL, 0, 0, NULL, NULL},
	};
	const struct member offer_rows[] = {
		{"prf", MEMBER_ARRAY, true, &prf, NULL},
		{"integrity", MEMBER_ARRAY, true, &integrity, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "the state", rows) ||
		!source_choice(s, "what the state needs", word, needs, &index))
		return false;
	place->needs = (enum vector_needs)index;
	if (place->has_session != has_sequence)
		return source_wrong(s,
			"the state has one of session and sequence; it would have both "
			"or neither");
	if (!offers)
		return true;
	return source_members(s, offers, "the offer", offer_rows) &&
	       read_numbers(s, prf, &place->prf) && read_numbers(s, integrity, &place->integrity);
}

static bool read_header(struct source *s, json_t *object, struct vector_header *h)
{
	const struct member rows[] = {
		{"message", MEMBER_TEXT_OR_NULL, true, &h->message, NULL},
		{"reserved", MEMBER_U16, true, &h->reserved, NULL},
		{"length", MEMBER_U16, true, &h->length, NULL},
		{"flags", MEMBER_U16, true, &h->flags, NULL},
		{"letters", MEMBER_TEXT, true, NULL, NULL},
		{"type", MEMBER_U16, true, &h->type, NULL},
		{"session", MEMBER_U32, true, &h->session, NULL},
		{"sequence", MEMBER_U32, true, &h->sequence, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	return source_members(s, object, "the header", rows);
}

static bool read_avps(struct source *s, json_t *array, struct vector *v)
{
	size_t count = json_array_size(array);
	struct vector_avp *avps = source_keep(s, count, sizeof(*avps));

	v->avps = avps;
	v->avp_count = count;
	for (size_t i = 0; i < count; i++) {
		struct vector_avp *avp = &avps[i];
		const struct member rows[] = {
			{"code", MEMBER_U16, true, &avp->code, NULL},
			{"name", MEMBER_TEXT_OR_NULL, true, &avp->name, NULL},
			{"flags", MEMBER_U16, true, &avp->flags, NULL},
			{"length", MEMBER_U16, true, &avp->length, NULL},
			{"reserved", MEMBER_U16, true, &avp->reserved, NULL},
			{"vendor", MEMBER_U32, false, &avp->vendor, &avp->has_vendor},
			{"value", MEMBER_HEX, true, &avp->value, NULL},
			{"number", MEMBER_U32, false, NULL, NULL},
			{NULL, 0, 0, NULL, NULL},
		};
		if (!source_members(s, json_array_get(array, i), "an AVP", rows))
			return false;
		if (avp->value.size != avp->length)
			return source_wrong(s,
				"AVP %zu has %zu octets and length %u; they would agree", i,
				avp->value.size, avp->length);
	}
	return true;
}

static bool read_reactions(struct source *s, json_t *array, struct vector *v)
{
	size_t count = json_array_size(array);
	const char **reactions = source_keep(s, count, sizeof(*reactions));

	for (size_t i = 0; i < count; i++) {
		reactions[i] = json_string_value(json_array_get(array, i));
		if (!reactions[i])
			return source_wrong(s,
				"a reaction is not a string; it would be 'silence' or "
				"messages such as 'PAN PAR'");
	}
	if (count == 0)
		return source_wrong(s, "no reaction; it would be at least 'silence'");
	v->reactions = reactions;
	v->reaction_count = count;
	return true;
}

static bool read_auth(struct source *s, json_t *object, struct vector *v)
{
	uint32_t index = 0;
	const struct member rows[] = {
		{"association", MEMBER_U32, true, &index, NULL},
		{"valid", MEMBER_BOOLEAN, true, &v->auth_valid, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "auth", rows))
		return false;
	if (index >= v->group->association_count)
		return source_wrong(s, "association %u of %zu; they count from 0", index,
			v->group->association_count);
	v->association = index;
	v->has_auth = true;
	return true;
}

/* What each result must have beside it. */
static bool check_result(struct source *s, const struct vector *v, bool rule, bool tolerance)
{
	if (rule != (v->result == VECTOR_INVALID))
		return source_wrong(s,
			"'%s' is %s and %s a rule; an invalid vector has one, others none", v->id,
			vector_result_word(v->result), rule ? "has" : "lacks");
	if (tolerance != (v->result == VECTOR_ACCEPTABLE))
		return source_wrong(s,
			"'%s' is %s and %s a tolerance; an acceptable vector has one, "
			"others none",
			v->id, vector_result_word(v->result), tolerance ? "has" : "lacks");
	bool boundaries = !rule || v->rule.layer != LAYER_DECODE;
	if (boundaries != v->has_header)
		return source_wrong(s,
			"'%s' %s decoded fields; only octets without boundaries have none", v->id,
			v->has_header ? "has" : "lacks");
	return true;
}

static bool read_vector(struct source *s, json_t *object, struct vector *v)
{
	static const char *const results[] = {"valid", "acceptable", "invalid", NULL};
	static const char *const directions[] = {"paa->pac", "pac->paa", NULL};
	const char *result = "", *direction = "";
	json_t *rule = NULL, *tolerance = NULL, *state = NULL, *reaction = NULL, *auth = NULL,
	       *header = NULL, *avps = NULL;
	int index;
	const struct member rows[] = {
		{"id", MEMBER_TEXT, true, &v->id, NULL},
		{"comment", MEMBER_TEXT, true, &v->comment, NULL},
		{"direction", MEMBER_TEXT, true, &direction, NULL},
		{"bytes", MEMBER_HEX, true, &v->octets, NULL},
		{"result", MEMBER_TEXT, true, &result, NULL},
		{"rule", MEMBER_OBJECT, false, &rule, NULL},
		{"tolerance", MEMBER_OBJECT, false, &tolerance, NULL},
		{"state", MEMBER_OBJECT, true, &state, NULL},
		{"reaction", MEMBER_ARRAY, true, &reaction, NULL},
		{"auth", MEMBER_OBJECT, false, &auth, NULL},
		{"header", MEMBER_OBJECT, false, &header, &v->has_header},
		{"avps", MEMBER_ARRAY, false, &avps, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	const char *id = json_string_value(json_object_get(object, "id"));
	if (id)
		source_line(s, "id", id);
	v->line = s->line;
	if (!source_members(s, object, "a vector", rows) ||
		!source_choice(s, "the result", result, results, &index))
		return false;
	v->result = (enum vector_result)index;
	if (!source_choice(s, "the direction", direction, directions, &index))
		return false;
	v->to_paa = index == 1;
	if (!header != !avps)
		return source_wrong(s, "one of header and avps; both belong together");
	return (!rule || read_rule(s, rule, &v->rule)) &&
	       (!tolerance || read_tolerance(s, tolerance, v)) && read_place(s, state, &v->place) &&
	       read_reactions(s, reaction, v) && (!auth || read_auth(s, auth, v)) &&
	       (!header || read_header(s, header, &v->header)) &&
	       (!avps || read_avps(s, avps, v)) && check_result(s, v, rule, tolerance);
}

/* --- groups and the file ---------------------------------------------------------------------- */

static bool read_association(struct source *s, json_t *object, struct vector_association *a)
{
	const struct member rows[] = {
		{"key_id", MEMBER_U32, true, &a->key_id, NULL},
		{"msk", MEMBER_HEX, true, &a->msk, NULL},
		{"prf", MEMBER_U32, true, &a->prf, NULL},
		{"integrity", MEMBER_U32, true, &a->integrity, NULL},
		{"i_par", MEMBER_HEX, true, &a->i_par, NULL},
		{"i_pan", MEMBER_HEX, true, &a->i_pan, NULL},
		{"pac_nonce", MEMBER_HEX, true, &a->pac_nonce, NULL},
		{"paa_nonce", MEMBER_HEX, true, &a->paa_nonce, NULL},
		{"auth_key", MEMBER_HEX, true, &a->auth_key, NULL},
		{"encryption", MEMBER_U32, false, NULL, NULL},
		{"pac_encr_key", MEMBER_HEX, false, NULL, NULL},
		{"paa_encr_key", MEMBER_HEX, false, NULL, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	return source_members(s, object, "an association", rows);
}

static bool read_eap(struct source *s, json_t *object, struct vector_eap *e)
{
	const struct member rows[] = {
		{"method", MEMBER_TEXT, true, &e->method, NULL},
		{"id_s", MEMBER_TEXT, true, &e->id_s, NULL},
		{"id_p", MEMBER_TEXT, true, &e->id_p, NULL},
		{"password", MEMBER_TEXT, false, &e->password, NULL},
		{"psk", MEMBER_HEX, false, &e->psk, NULL},
		{"rand_s", MEMBER_HEX, false, &e->rand_s, NULL},
		{"rand_p", MEMBER_HEX, false, &e->rand_p, NULL},
		{"msk", MEMBER_HEX, false, &e->msk, NULL},
		{"emsk", MEMBER_HEX, false, &e->emsk, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "an EAP conversation", rows))
		return false;
	bool psk = e->psk.size == 16 && e->rand_s.size == 16 && e->rand_p.size == 16 &&
		   e->msk.size == 64 && e->emsk.size == 64;
	if (strcmp(e->method, "EAP-PSK") == 0 && !psk)
		return source_wrong(s, "EAP-PSK without all its values; it would have psk, rand_s "
				       "and rand_p of 16 octets, msk and emsk of 64");
	return true;
}

static bool read_keys(struct source *s, json_t *object, struct vector_group *group)
{
	json_t *associations = NULL, *eap = NULL;
	const struct member rows[] = {
		{"eap", MEMBER_ARRAY, true, &eap, NULL},
		{"associations", MEMBER_ARRAY, true, &associations, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "keys", rows))
		return false;
	size_t count = json_array_size(associations), talks = json_array_size(eap);
	struct vector_association *list = source_keep(s, count, sizeof(*list));
	struct vector_eap *conversations = source_keep(s, talks, sizeof(*conversations));
	for (size_t i = 0; i < count; i++)
		if (!read_association(s, json_array_get(associations, i), &list[i]))
			return false;
	for (size_t i = 0; i < talks; i++)
		if (!read_eap(s, json_array_get(eap, i), &conversations[i]))
			return false;
	group->associations = list;
	group->association_count = count;
	group->eap = conversations;
	group->eap_count = talks;
	return true;
}

static bool read_group(struct source *s, json_t *object, struct vector_group *group)
{
	json_t *keys = NULL, *cases = NULL;
	const struct member rows[] = {
		{"name", MEMBER_TEXT, true, &group->name, NULL},
		{"title", MEMBER_TEXT, true, &group->title, NULL},
		{"keys", MEMBER_OBJECT, true, &keys, NULL},
		{"cases", MEMBER_ARRAY, true, &cases, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	const char *name = json_string_value(json_object_get(object, "name"));
	if (name)
		source_line(s, "name", name);
	group->file = s->file;
	if (!source_members(s, object, "a group", rows) || !read_keys(s, keys, group))
		return false;
	size_t count = json_array_size(cases);
	struct vector *list = source_keep(s, count, sizeof(*list));
	group->vectors = list;
	for (size_t i = 0; i < count; i++) {
		list[i].group = group;
		if (!read_vector(s, json_array_get(cases, i), &list[i]))
			return false;
	}
	group->count = count;
	s->file->count += count;
	return true;
}

static void set_capture(struct source *s, const char *name)
{
	const char *slash = strrchr(s->file->path, '/');
	int folder = slash ? (int)(slash - s->file->path + 1) : 0;

	if (asprintf(&s->file->capture, "%.*s%s", folder, s->file->path, name) < 0)
		abort();
}

static bool read_file(struct source *s, json_t *root)
{
	struct vectors *f = s->file;
	const char *format = "", *capture = "";
	json_t *groups = NULL;
	uint32_t count = 0;
	const struct member rows[] = {
		{"format", MEMBER_TEXT, true, &format, NULL},
		{"protocol", MEMBER_TEXT, true, &f->protocol, NULL},
		{"title", MEMBER_TEXT, true, &f->title, NULL},
		{"specifications", MEMBER_ARRAY, true, NULL, NULL},
		{"generator", MEMBER_TEXT, true, NULL, NULL},
		{"capture", MEMBER_TEXT, true, &capture, NULL},
		{"count", MEMBER_U32, true, &count, NULL},
		{"groups", MEMBER_ARRAY, true, &groups, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, root, "the file", rows))
		return false;
	if (strcmp(format, FORMAT) != 0)
		return source_wrong(
			s, "the format is '%s'; this version reads '" FORMAT "'", format);
	set_capture(s, capture);
	f->group_count = json_array_size(groups);
	f->groups = source_keep(s, f->group_count, sizeof(*f->groups));
	for (size_t i = 0; i < f->group_count; i++)
		if (!read_group(s, json_array_get(groups, i), &f->groups[i]))
			return false;
	if (count != f->count)
		return source_wrong(s,
			"count is %" PRIu32 " and there are %zu vectors; was the file cut?", count,
			f->count);
	return true;
}

static char *text_of(const char *path, char *error, size_t size)
{
	FILE *stream = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!stream) {
		snprintf(error, size, "%s: %m; name a file of vectors", path);
		return NULL;
	}
	ssize_t n = getdelim(&text, &room, '\0', stream);
	bool failed = ferror(stream);
	fclose(stream);
	if (n > 0 && !failed)
		return text;
	free(text);
	snprintf(error, size, "%s: %s; it would be a JSON object", path,
		failed ? "cannot be read" : "empty");
	return NULL;
}

struct vectors *vectors_read(const char *path, char *error, size_t size)
{
	json_error_t syntax;
	char *text = text_of(path, error, size);

	if (!text)
		return NULL;
	struct vectors *file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path)))
		abort();
	struct source s = {.file = file, .from = text, .line = 1, .error = error, .size = size};
	file->root = json_loads(text, JSON_REJECT_DUPLICATES, &syntax);
	bool good = false;
	if (file->root)
		good = read_file(&s, file->root);
	else
		snprintf(
			error, size, "%s:%d: %s; it would be JSON", path, syntax.line, syntax.text);
	free(text);
	if (good)
		return file;
	vectors_free(file);
	return NULL;
}
